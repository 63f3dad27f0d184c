"""What people ask in a chat, against the articles of the demo's help centre at the settings a new bot has."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assistant.hearing import hear, terms_of
from assistant.models import Bot
from assistant.rules import Answer, HandOver, Hours, State, decide
from assistant.saying import answer_text
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
    ("Do you deliver to Poland?", "en", DELIVERY),
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
    ("Чи доставляєте ви до Польщі?", "uk", DELIVERY),
    ("Ви відправляєте в Польщу?", "uk", DELIVERY),
    ("Чи можна оплатити при отриманні?", "uk", PAY),
]
PASSAGES = [
    ("Do you ship to Poland?", "en", "Country: Austria, Poland, Netherlands; Working days: 2–3; Carrier: DHL, InPost"),
    ("Do you deliver to Norway?", "en", "Country: Norway, Sweden, Finland; Working days: 3–5; Carrier: PostNord"),
    ("Can I return underwear?", "en", "What cannot come back\nUnderwear whose seal is broken\n"),
    ("How can I return boots?", "en", "1. Open the order in your account and choose Return.\n2. Tick what comes back"),
    ("Can I pay with PayPal?", "en", "Ways to pay\nPayPal, Apple Pay, Google Pay: charged at once.\n"),
    ("How can I pay?", "en", "charged when the parcel leaves.\n• PayPal, Apple Pay, Google Pay: charged at once.\n"),
    ("When do I get my money back?", "en", "We give the money back the way you paid it, at the latest 14 days after"),
    ("How long does delivery take?", "en", "\nTwo to four working days within the EU and Ukraine, up to eight to"),
    ("Чи доставляєте ви до Польщі?", "uk", "Країна: Австрія, Польща, Нідерланди; Робочі дні: 2–3; Перевізник: DHL, InPost"),
    ("Ви відправляєте в Норвегію?", "uk", "Країна: Норвегія, Швеція, Фінляндія; Робочі дні: 3–5; Перевізник: PostNord"),
    ("Чи можна повернути білизну?", "uk", "Що не можна повернути\nБілизну з порушеною пломбою\n"),
    ("Скільки триває доставка?", "uk", "\nДва–чотири робочі дні в межах ЄС та України, до восьми – на острови.\n"),
]  # fmt: skip
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


def test_the_passage_that_answers_is_what_is_said() -> None:
    fill_help_centre(make_house().adam, timezone.now())
    wrong = []
    for text, language, said in PASSAGES:
        heard = hear(text, language=language, files=False, address="")
        with CaptureQueriesContext(connection) as queries:
            answer = answer_text(heard.articles[:1], language)
        if said not in answer or len(queries) != 1 or "/articles/" not in answer.splitlines()[-1]:
            wrong.append((text, answer))
    assert wrong == []


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
