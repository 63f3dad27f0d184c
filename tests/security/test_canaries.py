"""Threat 39: two teams, each with a word of its own in everything it has. No answer of any address tells it to the
other: not the lists, not the counts, not the search, not the notifications, not the files."""

from __future__ import annotations

from urllib.parse import quote

from django.test import Client

from tests.api.client import Api
from tests.api.test_access import READS
from tests.security.routes import OWN, VISITS, Visit
from tests.security.world import Corner, World, signed_in


def spelled(word: str) -> list[bytes]:
    """The word as any answer might carry it."""
    return [word.encode(), word.upper().encode(), word[::-1].encode(), word.capitalize().encode()]


def without_question(content: bytes, visit: Visit, asked_about: Corner) -> bytes:
    """The page without what was asked, as it stands in the field and, an address nobody here has had, in the offer to
    write there. A customer who was found would hold the word besides."""
    question = visit.query.get("q", "").format(word=asked_about.word)
    for shown in (f'value="{question}"', f"?to={quote(question)}", f"Write to {question}<"):
        content = content.replace(shown.encode(), b"")
    return content


def sides(world: World) -> list[tuple[str, Corner, Corner]]:
    ours, theirs = world.support, world.returns
    return [(who, ours, theirs) for who in ("manager", "agent", "light", "viewer", "contractor")] + [
        (who, theirs, ours) for who in ("outside manager", "outsider", "outside light", "outside viewer", "contractor")
    ]


def test_no_page_tells_the_other_teams_word(world: World) -> None:
    wrong = []
    for who, own, other in sides(world):
        client = signed_in(world.people[who])
        for visit in VISITS + OWN:
            for corner in (own, other):  # asked about one's own things, and straight about theirs
                if visit.form is not None and corner is own:
                    continue
                answer = visit(client, corner)
                content = answer.getvalue()  # type: ignore[attr-defined]
                # What was asked stands in the search field again; nothing but the question may hold the word.
                asked = visit.name == "search" and corner is other
                if visit.name == "begin":
                    content = without_question(content, visit, other)
                if not asked and any(word in content for word in spelled(other.word)):
                    wrong.append(f"{who}: {visit.id} {visit.query}")
    assert not wrong


def test_a_search_for_the_other_teams_word_finds_nothing(world: World) -> None:
    for who, _own, other in sides(world):
        client = signed_in(world.people[who])
        page = client.get("/search/", {"q": other.word}).content.decode()
        assert f'id="row-{other.ids["ticket"]}"' not in page
        assert f"About {other.word}" not in page
        for q in (other.word, str(other.ids["ticket"]), f"{other.word}@customer.example"):
            assert client.get("/search/quick/", {"q": q}).json() == {"tickets": [], "people": []}


def test_the_own_word_is_found_everywhere_it_should_be(world: World) -> None:
    """Or the tests above could pass on empty pages."""
    client, word = signed_in(world.house.olena), world.support.word
    shown = ["/inbox/open/", "/inbox/open/rows/", "/search/?q=" + word, f"/tickets/{world.support.ids['ticket']}/pane/", "/channels/", "/demo/mailbox/"]  # fmt: skip
    for path in shown:
        assert word in client.get(path).content.decode(), path


def test_counts_are_of_what_one_may_see(world: World) -> None:
    def counts(client: Client) -> dict[str, int]:
        return client.get("/inbox/counts/").json()

    before = counts(signed_in(world.house.mallory))
    from tests.people import open_ticket

    for _ in range(3):
        open_ticket(world.support.channel)
    assert counts(signed_in(world.house.mallory)) == before
    assert counts(signed_in(world.house.olena)) != before


def test_no_answer_of_the_api_tells_it(world: World) -> None:
    wrong = []
    for who, own, other in sides(world):
        api = Api.of(world.people[who], ("read",))
        for route in READS:
            for corner in (own, other):
                ids = {**corner.ids, "attachment": corner.ids["file"]}
                path, _, query = route.path.format(**ids).partition("?")
                answer = api.send("GET", f"/api/v1/{path}", query=dict(p.split("=") for p in query.split("&") if p))
                if any(word in answer.raw for word in spelled(other.word)):
                    wrong.append(f"{who}: {route.id} {path}")
    assert not wrong


def test_words_of_both_are_the_admins(world: World) -> None:
    page = signed_in(world.house.adam).get("/inbox/open/").content.decode()
    assert world.support.word in page and world.returns.word in page
