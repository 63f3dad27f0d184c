"""What people ask in a chat, against the articles of the demo's help centre at the settings a new bot has."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assistant.hearing import hear, terms_of
from assistant.models import Bot
from assistant.rules import Answer, HandOver, Hours, State, decide
from knowledge.demo import fill_help_centre
from knowledge.matching import answering, slips_between
from knowledge.models import Article
from tests.assistant.house import open_shelf
from tests.people import make_house

pytestmark = pytest.mark.django_db
RETURNS, DELIVERY, PAY = (
    "2-returns/01-send-something-back",
    "1-delivery/01-how-long-delivery-takes",
    "3-payment/01-ways-to-pay",
)
SIZES, MONEY, TRACK = (
    "4-sizes-and-care/01-find-your-size",
    "2-returns/03-when-the-money-arrives",
    "1-delivery/02-track-your-parcel",
)
ANSWERED = [
    ("How can I return boots?", "en", RETURNS),
    ("Can I return my boots?", "en", RETURNS),
    ("How can I retrun boots?", "en", RETURNS),
    ("how do i return my boots", "en", RETURNS),
    ("I would like to return a jacket", "en", RETURNS),
    ("Do you ship to Poland?", "en", DELIVERY),
    ("How long does delivery take?", "en", DELIVERY),
    ("How long does dilevery take?", "en", DELIVERY),
    ("Which size of boots do I need?", "en", SIZES),
    ("How can I pay?", "en", PAY),
    ("When do I get my money back?", "en", MONEY),
    ("Where is my tracking number?", "en", TRACK),
    ("Як повернути черевики?", "uk", RETURNS),
    ("Чи можна повернути мої черевики?", "uk", RETURNS),
    ("Як повренути черевики?", "uk", RETURNS),
    ("Хочу повернути куртку", "uk", RETURNS),
    ("Скільки триває доставка?", "uk", DELIVERY),
    ("Доставка до Польщі скільки триває?", "uk", DELIVERY),
]
LEFT = [
    ("Do you ship to Brazil?", "en"),
    ("Do you ship to Canada?", "en"),
    ("Can I pay with Bitcoin?", "en"),
    ("Do you have a discount for students?", "en"),
    ("Is there a loyalty programme?", "en"),
    ("Do you sell kayaks?", "en"),
    ("Are your boots vegan?", "en"),
    ("Чи є знижка для військових?", "uk"),
    ("Ви доставляєте до Бразилії?", "uk"),
    ("Чи продаєте ви байдарки?", "uk"),
]


def wrongly_read() -> list[tuple[object, ...]]:
    house = make_house()
    fill_help_centre(house.adam, timezone.now())
    terms, names = (
        terms_of(Bot(languages=["en", "uk"], when="always")),
        dict(Article.objects.values_list("pk", "imported_as")),
    )
    wrong: list[tuple[object, ...]] = []
    for text, language, name in [*ANSWERED, *((text, language, "") for text, language in LEFT)]:
        heard = hear(text, language=language, files=False, address="")
        decided = decide(heard.said, State(), terms, Hours())
        first = names[decided.articles[0]] if isinstance(decided, Answer) else ""
        shares = [(names[one.id], round(one.share, 2)) for one in heard.articles[:3]]
        if first != name or not isinstance(decided, Answer | HandOver):
            wrong.append((text, first, shares))
    return wrong


def test_what_is_answered_and_what_is_left_to_people() -> None:
    assert wrongly_read() == []


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [
        ("retrun", "return", 1),
        ("return", "return", 0),
        ("", "abc", 3),
        ("brazil", "brand", 3),
        ("dilevery", "delivery", 2),
    ],
)
def test_slips(one: str, other: str, slips: int) -> None:
    assert slips_between(one, other) == slips == slips_between(other, one)


def test_nothing_typed_breaks_it_and_it_costs_four_queries_at_most() -> None:
    open_shelf()
    for text in (
        "?!",
        "%",
        "\\",
        "\0",
        "'",
        "o'neil's \"boots",
        "'; -- boots",
        "a|b&c!d:*",
        "_",
        "x" * 500,
        "-boots",
        "{}",
    ):
        answering(text, language="en", default="en", limit=3)
    for text, most in (("return boots", 2), ("retrun boots", 4), ("return kayaks", 3), ("?", 0)):
        with CaptureQueriesContext(connection) as queries:
            answering(text, language="en", default="en", limit=3)
        assert len(queries) <= most, text
