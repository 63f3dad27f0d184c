"""Writing: what each action changes and records, who may, and that nothing is lost between two tabs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from events.models import Event
from knowledge.errors import InvalidInput, KnowledgeError, NotFound, StaleText
from knowledge.models import Article, ArticleState, ArticleTranslation, Audience, Category, HelpCentre
from knowledge.overview import versions_of
from knowledge.search import find
from knowledge.shelves import move_article, move_category, remove_category, save_category, save_centre
from knowledge.writing import (
    archive,
    change_article,
    create_article,
    discard_draft,
    publish,
    restore,
    save_draft,
    take_back,
    unpublish,
)
from people.models import Agent, Role
from people.permissions import PermissionDenied
from tests.knowledge.shelf import open_centre, shelf
from tests.people import House, make_agent, make_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def marta(house: House) -> Agent:
    return make_agent("Marta", role=Role.MANAGER, team=house.support)


def told(article_id: int) -> list[str]:
    rows = Event.objects.filter(stream_type="article", stream_id=article_id).order_by("sequence")
    return list(rows.values_list("kind", flat=True))


def text(article_id: int, language: str = "en") -> ArticleTranslation:
    return ArticleTranslation.objects.get(article=article_id, language=language)


def tables() -> dict[str, str]:
    """A digest of every table of the help centre and of the events about it."""
    with connection.cursor() as cursor:
        names = [name for name in connection.introspection.table_names(cursor) if name.startswith("knowledge_")]
        found = {}
        for name in [*names, "events_event"]:
            cursor.execute(f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{name}" t')
            found[name] = cursor.fetchone()[0]
    return found


@pytest.fixture
def article(marta: Agent) -> Article:
    return create_article(
        by=marta, category_id=shelf().pk, language="en", title="Where is it?", body="<p>On its way.</p>"
    )


def test_an_article_from_the_first_word_to_the_reader(article: Article, marta: Agent) -> None:
    assert (article.state, text(article.pk).published_at) == (ArticleState.DRAFT, None)
    assert find("way", language="en") == ()
    save_draft(article.pk, "en", by=marta, expected=1, title="Where is my parcel?", body="<p>On its way.</p>")
    row = publish(article.pk, "en", by=marta, expected=2)
    assert (row.title, row.body, row.slug, row.draft_at) == (
        "Where is my parcel?",
        "<p>On its way.</p>",
        "where-is-my-parcel",
        None,
    )
    assert find("parcel", language="en")[0].id == article.pk
    assert told(article.pk) == ["article.created", "article.edited", "article.edited", "article.published"]
    assert [(one.number, one.kind) for one in row.revisions.all()] == [(3, "published"), (2, "saved"), (1, "saved")]


def test_editing_what_is_published_changes_nothing_for_readers(article: Article, marta: Agent) -> None:
    publish(article.pk, "en", by=marta, expected=1)
    save_draft(article.pk, "en", by=marta, expected=2, title="Something else", body="<p>Secret.</p>")
    row = text(article.pk)
    assert (row.title, row.body, row.draft_title) == ("Where is it?", "<p>On its way.</p>", "Something else")
    assert find("secret", language="en") == () and find("way", language="en")
    discard_draft(article.pk, "en", by=marta, expected=3)
    assert (text(article.pk).draft_at, text(article.pk).draft_title) == (None, "")


def test_a_tab_that_is_behind_is_told_and_nothing_is_lost(article: Article, marta: Agent, house: House) -> None:
    save_draft(article.pk, "en", by=house.olena, expected=1, title="Hers", body="<p>Hers</p>")
    with pytest.raises(StaleText) as caught:
        save_draft(article.pk, "en", by=marta, expected=1, title="Mine", body="<p>Mine</p>")
    assert (caught.value.revision, caught.value.by) == (2, "Olena")
    for action in (publish, discard_draft):
        if action is publish:
            with pytest.raises(StaleText):
                publish(article.pk, "en", by=marta, expected=1)
    assert text(article.pk).draft_title == "Hers"
    # The same words twice, as a click sent again brings them, are one save.
    save_draft(article.pk, "en", by=house.olena, expected=1, title="Hers", body="<p>Hers</p>")
    assert text(article.pk).revision == 2


def test_again_changes_nothing(article: Article, marta: Agent) -> None:
    publish(article.pk, "en", by=marta, expected=1)
    before = tables()
    publish(article.pk, "en", by=marta, expected=1)
    take_back(article.pk, by=marta)
    change_article(article.pk, by=marta, category_id=article.category_id, audience=Audience.PUBLIC, keywords="")
    discard_draft(article.pk, "en", by=marta, expected=2)
    assert tables() == before
    archive(article.pk, by=marta)
    before = tables()
    archive(article.pk, by=marta)
    assert tables() == before


def test_unpublishing_archiving_and_back(article: Article, marta: Agent) -> None:
    publish(article.pk, "en", by=marta, expected=1)
    archive(article.pk, by=marta)
    assert find("way", language="en") == ()
    take_back(article.pk, by=marta)
    assert Article.objects.get().state == ArticleState.PUBLISHED and find("way", language="en")
    unpublish(article.pk, "en", by=marta)
    row = text(article.pk)
    assert (row.published_at, row.draft_title, Article.objects.get().state) == (None, "Where is it?", "draft")
    assert told(article.pk)[-3:] == ["article.archived", "article.taken_back", "article.unpublished"]


def test_an_older_text_becomes_the_draft_again(article: Article, marta: Agent) -> None:
    save_draft(article.pk, "en", by=marta, expected=1, title="Second", body="<p>Second</p>")
    row = restore(article.pk, "en", 1, by=marta, expected=2)
    assert (row.draft_title, row.revision) == ("Where is it?", 3)
    with pytest.raises(NotFound):
        restore(article.pk, "en", 99, by=marta, expected=3)


def test_addresses_stay_each_others(marta: Agent) -> None:
    place = shelf()
    one, two = (create_article(by=marta, category_id=place.pk, language="en", title="Same") for _ in range(2))
    assert publish(one.pk, "en", by=marta, expected=1).slug == "same"
    assert publish(two.pk, "en", by=marta, expected=1).slug == f"same-{two.pk}"
    three = create_article(by=marta, category_id=one.category_id, language="en", title="Same")
    four = create_article(by=marta, category_id=one.category_id, language="en", title=f"Same {three.pk}")
    assert publish(four.pk, "en", by=marta, expected=1).slug == f"same-{three.pk}"
    assert publish(three.pk, "en", by=marta, expected=1).slug == f"same-{three.pk}-2"
    save_draft(one.pk, "en", by=marta, expected=2, title="Other")
    row = publish(one.pk, "en", by=marta, expected=3)
    assert row.slug == "other" and list(row.old_slugs.values_list("slug", flat=True)) == ["same"]
    # Back to its first title: the address is its own again, and leads on from the one between.
    save_draft(one.pk, "en", by=marta, expected=4, title="Same")
    row = publish(one.pk, "en", by=marta, expected=5)
    assert row.slug == "same" and list(row.old_slugs.values_list("slug", flat=True)) == ["other"]


def test_order_by_hand(marta: Agent) -> None:
    first, second = (save_category(None, by=marta, names={"en": name}) for name in ("One", "Two"))
    move_category(second.pk, by=marta, up=True)
    move_category(second.pk, by=marta, up=True)
    assert [row.slug for row in Category.objects.all()] == ["two", "one"]
    rows = [create_article(by=marta, category_id=first.pk, language="en", title=title) for title in "abc"]
    move_article(rows[0].pk, by=marta, up=False)
    assert list(first.articles.values_list("pk", flat=True)) == [rows[1].pk, rows[0].pk, rows[2].pk]
    with pytest.raises(InvalidInput):
        remove_category(first.pk, by=marta)
    remove_category(second.pk, by=marta)
    assert [row.slug for row in Category.objects.all()] == ["one"]


def save_settings(by: Agent, **said: Any) -> None:
    save_centre(by=by, **({"languages": ["en"], "default_language": "en"} | said))


MANAGING: list[Callable[[int, Agent], object]] = [
    lambda id, by: publish(id, "en", by=by, expected=3),
    lambda id, by: unpublish(id, "en", by=by),
    lambda id, by: archive(id, by=by),
    lambda id, by: change_article(id, by=by, category_id=1, audience="agents", keywords="x"),
    lambda id, by: move_article(id, by=by, up=True),
    lambda id, by: save_category(None, by=by, names={"en": "X"}),
    lambda id, by: move_category(1, by=by, up=True),
    lambda id, by: remove_category(1, by=by),
    lambda id, by: save_settings(by, colour="#ff0000"),
]
WRITING: list[Callable[[int, Agent], object]] = [
    lambda id, by: save_draft(id, "en", by=by, expected=3, title="X"),
    lambda id, by: restore(id, "en", 1, by=by, expected=3),
    lambda id, by: discard_draft(id, "en", by=by, expected=3),
    lambda id, by: create_article(by=by, category_id=1, language="en", title="X"),
]


@pytest.mark.parametrize("action", range(len(MANAGING) + len(WRITING)))
@pytest.mark.parametrize("role", [Role.VIEWER, Role.LIGHT, Role.CONTRACTOR, Role.AGENT])
def test_who_may_not_changes_nothing(article: Article, marta: Agent, house: House, action: int, role: str) -> None:
    """Agents suggest drafts; only leads change what readers see; the others do neither."""
    publish(article.pk, "en", by=marta, expected=1)
    save_draft(article.pk, "en", by=marta, expected=2, title="Draft")
    if role == Role.AGENT and action >= len(MANAGING):
        return
    by, before = make_agent("Outsider", role=role), tables()
    with pytest.raises(PermissionDenied):
        (MANAGING + WRITING)[action](article.pk, by)
    assert tables() == before


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"title": "  "}, "title"), ({"title": "x" * 201}, "title"), ({"summary": "x" * 301}, "summary"),
        ({"body": "x" * 400_001}, "body"), ({"language": "xx"}, "language"), ({"category_id": 10**9}, "category"),
        ({"audience": "everyone"}, "audience"), ({"keywords": "x" * 501}, "keywords"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said(article: Article, marta: Agent, said: dict[str, Any], field: str) -> None:
    before = tables()
    values = {"category_id": article.category_id, "language": "en", "title": "Fine"} | said
    with pytest.raises(InvalidInput) as caught:
        create_article(by=marta, **values)
    assert caught.value.field == field and tables() == before


def test_there_is_no_such_article(marta: Agent) -> None:
    for action in WRITING[:3] + MANAGING[:3]:
        with pytest.raises(KnowledgeError):
            action(10**9, marta)


def _changed(article: Article, language: str, body: str, *, by: Agent, minor: bool = False) -> None:
    row = article.translations.filter(language=language).first()
    saved = save_draft(article.pk, language, by=by, expected=row.revision if row else 0, title="One", body=body)
    publish(article.pk, language, by=by, expected=saved.revision, minor=minor)


def _states(article: Article) -> list[tuple[str, str]]:
    versions = versions_of(list(article.translations.all()), HelpCentre.load())
    return [(one.language, one.state) for one in versions]


def test_a_translation_is_outdated_once_another_text_of_the_main_language_is_published(
    article: Article, marta: Agent
) -> None:
    open_centre()
    _changed(article, "uk", "<p>Раз</p>", by=marta)
    _changed(article, "en", "<p>One</p>", by=marta)  # readers of it had none before
    assert _states(article) == [("en", "published"), ("uk", "published")]
    _changed(article, "en", "<p>Onne</p>", by=marta, minor=True)
    publish(article.pk, "en", by=marta, expected=text(article.pk).revision)
    assert _states(article) == [("en", "published"), ("uk", "published")]
    _changed(article, "en", "<p>Two</p>", by=marta)  # seconds later
    assert _states(article) == [("en", "published"), ("uk", "outdated")]
    _changed(article, "en", "<p>Two.</p>", by=marta, minor=True)
    assert _states(article)[1] == ("uk", "outdated")
    _changed(article, "uk", "<p>Раз!</p>", by=marta, minor=True)
    assert _states(article)[1] == ("uk", "outdated")  # a small change is no new translation
    _changed(article, "uk", "<p>Два</p>", by=marta)
    assert _states(article)[1] == ("uk", "published")


def test_what_was_translated_from_the_draft_is_not_outdated_by_its_publication(article: Article, marta: Agent) -> None:
    open_centre()
    _changed(article, "en", "<p>One</p>", by=marta)
    saved = save_draft(article.pk, "en", by=marta, expected=text(article.pk).revision, title="One", body="<p>Two</p>")
    _changed(article, "uk", "<p>Два</p>", by=marta)
    publish(article.pk, "en", by=marta, expected=saved.revision)
    assert _states(article) == [("en", "published"), ("uk", "published")]


def test_taking_off_and_publishing_the_same_outdates_nothing(article: Article, marta: Agent) -> None:
    open_centre()
    for language, body in (("en", "<p>One</p>"), ("uk", "<p>Раз</p>")):
        _changed(article, language, body, by=marta)
    unpublish(article.pk, "en", by=marta)
    publish(article.pk, "en", by=marta, expected=text(article.pk).revision)
    assert _states(article) == [("en", "published"), ("uk", "published")]


def test_a_translation_published_as_it_is_is_right_again(article: Article, marta: Agent) -> None:
    open_centre()
    for language, body in (("en", "<p>One</p>"), ("uk", "<p>Раз</p>"), ("en", "<p>One, too</p>")):
        _changed(article, language, body, by=marta)
    assert _states(article)[1] == ("uk", "outdated")
    translated = article.translations.get(language="uk")
    before = Event.objects.count()
    for _again in range(2):
        publish(article.pk, "uk", by=marta, expected=translated.revision)
    assert _states(article)[1] == ("uk", "published") and Event.objects.count() == before + 1
