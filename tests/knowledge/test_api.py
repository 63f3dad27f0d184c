"""Articles by API: who reads what, who writes, stale texts, and nothing for outsiders."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge.models import Article, ArticleTranslation
from people.models import Agent, Role
from people.tokens import create_token
from tests.api.client import Api
from tests.knowledge.shelf import article, open_centre, shelf
from tests.knowledge.test_writing import tables
from tests.people import House, make_agent, make_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    open_centre()
    return make_house()


@pytest.fixture
def parcel(house: House) -> Article:
    return article(shelf(), en=("Where is my parcel?", "<p>Two days.</p>"))


def api(agent: Agent, *scopes: str) -> Api:
    return Api(create_token(agent, "x", scopes or ("articles:read", "articles:write"), 30)[0])


def test_from_a_draft_to_the_reader(house: House, parcel: Article) -> None:
    marta = api(make_agent("Marta", role=Role.MANAGER))
    made = marta.post(
        "articles/",
        {"category": parcel.category_id, "language": "en", "title": "Gift cards", "body": "<p>x</p><script>y</script>"},
    )
    assert made.status == 201 and made.body["state"] == "draft"
    id, text = made.body["id"], made.body["texts"][0]
    assert (text["draft"]["body"], text["revision"], text["address"]) == ("<p>x</p>", 1, "")
    saved = marta.send(
        "PUT", f"articles/{id}/en/", body={"title": "Gift cards", "body": "<p>z</p>", "expected_revision": 1}
    )
    assert saved.body["texts"][0]["revision"] == 2
    stale = marta.send("PUT", f"articles/{id}/en/", body={"title": "Other", "expected_revision": 1})
    assert (stale.status, stale.code, stale.body["revision"]) == (409, "stale", 2)
    out = marta.send("PUT", f"articles/{id}/en/publication/", body={"expected_revision": 2})
    assert (out.body["state"], out.body["texts"][0]["address"]) == ("published", "/help/en/articles/gift-cards/")
    assert marta.patch(f"articles/{id}/", {"audience": "agents", "state": "archived"}).body["state"] == "archived"
    assert marta.send("DELETE", f"articles/{id}/en/publication/").body["texts"][0]["published_at"] is None
    assert marta.send("PUT", f"articles/{id}/xx/", body={"title": "Other", "expected_revision": 0}).status == 400


def test_who_only_reads_sees_no_draft(house: House, parcel: Article) -> None:
    draft = api(house.olena).post("articles/", {"category": parcel.category_id, "language": "en", "title": "Draft"})
    vera = api(house.vera, "articles:read")
    listed = vera.get("articles/").body["results"]
    assert [row["id"] for row in listed] == [parcel.pk] and listed[0]["texts"][0]["draft"] is None
    assert vera.get(f"articles/{draft.body['id']}/").status == 404
    drafts = api(house.olena).get("articles/", state="draft")
    assert drafts.status == 200, drafts.body
    assert [row["id"] for row in drafts.body["results"]] == [draft.body["id"]]
    assert [row["slug"] for row in vera.get("articles/categories/").body["results"]] == ["delivery"]


def test_pages_go_on_where_the_last_ended(house: House, parcel: Article) -> None:
    for number in range(3):
        article(parcel.category, en=(f"More {number}", "<p>x</p>"))
    first = api(house.vera, "read").get("articles/", limit=3)
    assert len(first.body["results"]) == 3 and "cursor=" in first.body["next"]


WRITES: list[tuple[str, str, Any]] = [
    ("post", "articles/", {"category": 1, "language": "en", "title": "X"}),
    ("put", "articles/{id}/en/", {"title": "X", "expected_revision": 1}),
    ("put", "articles/{id}/en/publication/", {"expected_revision": 1}),
    ("delete", "articles/{id}/en/publication/", None),
    ("patch", "articles/{id}/", {"audience": "agents"}),
    ("patch", "articles/{id}/", {"state": "archived"}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_who_may_not_changes_nothing(house: House, parcel: Article, method: str, path: str, body: Any) -> None:
    address = path.format(id=parcel.pk)
    callers = [
        api(house.vera),
        api(make_agent("Marta", role=Role.MANAGER), "articles:read"),
        api(house.adam, "tickets:write"),
    ]
    if "publication" in path or method == "patch":
        callers.append(api(house.olena))
    before = tables()
    for caller in callers:
        assert caller.send(method.upper(), address, body=body).status == 403
    assert tables() == before
    assert ArticleTranslation.objects.get().title == "Where is my parcel?"
