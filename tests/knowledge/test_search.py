"""The one search of articles: what finds what, in both languages, mistyped or asked as a question."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from knowledge.models import Article, ArticleState, Audience
from knowledge.search import Found, find
from tests.knowledge.shelf import article, open_centre, shelf

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelves() -> dict[str, Article]:
    open_centre()
    one = shelf()
    return {
        "delivery": article(
            one,
            en=("How long delivery takes", "<p>Parcels arrive in two to four working days. A courier calls first.</p>"),
            uk=("Скільки триває доставка", "<p>Посилки прибувають за два-чотири робочі дні. Кур'єр телефонує.</p>"),
        ),
        "return": article(
            one,
            keywords="refund exchange обмін",
            en=("Send something back", "<p>You have 30 days to return a dress or shoes. Refunds take five days.</p>"),
            uk=("Як повернути товар", "<p>На повернення сукні чи взуття є 30 днів. Гроші надходять за п'ять днів.</p>"),
        ),
        "sizes": article(
            one,
            en=("Find your size", "<p>Measure your chest and waist. Parcels with two sizes cost nothing more.</p>"),
            uk=("Як обрати розмір", "<p>Виміряйте груди й талію. Таблиця розмірів є біля кожної сукні.</p>"),
        ),
        "gift": article(one, en=("Gift cards", "<p>A gift card is valid for two years.</p>")),
        "inside": article(
            one, audience=Audience.AGENTS, en=("Refunds by hand", "<p>When the till refuses a refund, call Marta.</p>")
        ),
    }


def names(shelves: dict[str, Article], found: tuple[Found, ...]) -> list[str]:
    known = {row.pk: name for name, row in shelves.items()}
    return [known[one.id] for one in found]


@pytest.mark.parametrize(
    ("asked", "language", "first"),
    [
        ("delivery", "en", "delivery"),
        ("deliveries", "en", "delivery"),
        ("deliv", "en", "delivery"),
        ("how long does delivery take?", "en", "delivery"),
        ("when will the courier arrive", "en", "delivery"),
        ("refund", "en", "return"),
        ("I want to return my dress, how do I do that?", "en", "return"),
        ("dilevery", "en", "delivery"),
        ("delivry", "en", "delivery"),
        ("refnud", "en", "return"),
        ("gift crads", "en", "gift"),
        ("dilevery yesterday", "en", "delivery"),
        ("retrun shoes", "en", "return"),
        ("DÉLIVERY", "en", "delivery"),
        ("доставку", "uk", "delivery"),
        ("доставки скільки", "uk", "delivery"),
        ("кур’єром", "uk", "delivery"),
        ("як мені повернути сукню?", "uk", "return"),
        ("повернення", "uk", "return"),
        ("розмірів", "uk", "sizes"),
        ("розмр", "uk", "sizes"),
        ("дотсавка", "uk", "delivery"),
        ("повренути", "uk", "return"),
        ("обмін", "uk", "return"),
        ("gift", "uk", "gift"),
    ],
)
def test_what_comes_first(shelves: dict[str, Article], asked: str, language: str, first: str) -> None:
    assert names(shelves, find(asked, language=language))[:1] == [first]


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "   ",
        "?!",
        "zebra",
        "zebra rhinoceros",
        "striped zebra yesterday",
        "'",
        '"',
        "%",
        "\\",
        "\0",
        "a" * 5000,
        "-delivery",
        "& | !",
        "запоріжжя",
    ],
)
def test_what_finds_nothing_breaks_nothing(shelves: dict[str, Article], asked: str) -> None:
    assert find(asked, language="en") == ()


def test_the_title_counts_more_than_the_text(shelves: dict[str, Article]) -> None:
    assert names(shelves, find("size", language="en")) == ["sizes"]
    other = article(shelves["gift"].category, en=("Wrapping", "<p>Every size of gift card fits: size size size.</p>"))
    assert [one.id for one in find("size", language="en")] == [shelves["sizes"].pk, other.pk]


def test_what_is_missing_in_a_language_is_shown_in_the_default_one_and_marked(shelves: dict[str, Article]) -> None:
    (found,) = find("gift card", language="uk")
    assert (found.language, found.fallback, found.address) == ("en", True, "/help/en/articles/gift-cards/")
    (found,) = find("gift card", language="en")
    assert (found.language, found.fallback) == ("en", False)
    assert find("gift card", language="xx")[0].language == "en"


def test_one_article_is_found_once_and_in_the_language_asked_for(shelves: dict[str, Article]) -> None:
    assert [one.language for one in find("30", language="uk")] == ["uk"]
    # The English text is not searched for who reads Ukrainian and has a Ukrainian one.
    assert find("dress", language="uk") == ()


def test_only_agents_find_what_is_theirs(shelves: dict[str, Article]) -> None:
    assert names(shelves, find("refund", language="en")) == ["return"]
    found = find("refund", language="en", audience=Audience.AGENTS)
    assert names(shelves, found) == ["inside", "return"]
    assert found[0].agents_only
    assert found[0].address == f"/knowledge/articles/{shelves['inside'].pk}/en/read/"


@pytest.mark.parametrize("state", [ArticleState.DRAFT, ArticleState.ARCHIVED])
def test_what_is_not_published_is_not_found(shelves: dict[str, Article], state: ArticleState) -> None:
    Article.objects.filter(pk=shelves["gift"].pk).update(state=state)
    assert find("gift", language="en", audience=Audience.AGENTS) == ()


def test_a_language_that_was_taken_off_is_not_found(shelves: dict[str, Article]) -> None:
    shelves["gift"].translations.update(published_at=None)
    assert find("gift", language="en") == ()


def test_what_was_asked_for_is_marked(shelves: dict[str, Article]) -> None:
    (found,) = find("courier", language="en")
    assert ("courier", True) in found.excerpt
    assert found.share == 1
    (found,) = find("gifts", language="en")
    assert found.marked_title == (("Gift", True), (" cards", False))
    assert find("dilevery", language="en")[0].share == 0


def test_it_is_one_query(shelves: dict[str, Article]) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        find("how do I return my shoes", language="uk", limit=3)
    assert len(queries) == 1


def test_a_limit_is_kept(shelves: dict[str, Article]) -> None:
    assert len(find("two", language="en", limit=2)) == 2
    assert len(find("two", language="en", limit=0)) == 1


def test_words_come_in_through_values_only(shelves: dict[str, Article]) -> None:
    """What a tsquery could be made of: quotes, operators, weights."""
    for asked in ("delivery':*", "deliv' | 'x", "delivery:A", "!delivery", "delivery <-> takes", "%(any)s", "{}"):
        find(asked, language="en")
    assert names(shelves, find("delivery & takes", language="en"))[0] == "delivery"
