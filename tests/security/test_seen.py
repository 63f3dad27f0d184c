"""Threats 50 and 54: nothing of a ticket is shown to anybody without an entry that says so."""

from __future__ import annotations

from events.models import AuditEntry
from tests.api.client import Api
from tests.api.test_access import READS
from tests.security.routes import OWN, VISITS
from tests.security.test_url_walk import body, taken_back
from tests.security.world import World, signed_in
from tickets.models import Message

# The demo's own mailbox is never there in production.
DEMO = {"demo_mail", "demo_thread"}
# Small pictures of files, drawn beside messages that were shown by a page that is noted.
PICTURES = {"file_thumb", "file_inline", "attached_mail_picture"}


def test_every_page_with_words_of_a_message_leaves_an_entry(world: World) -> None:
    """The word is put into each message's text alone, so that lists with subjects do not count."""
    corner, word = world.support, "zeisig4471"
    Message.objects.update(text=word, html=f"<p>{word}</p>")
    client, silent, shown = signed_in(world.house.olena), [], 0
    for visit in VISITS + OWN:
        if visit.form is not None or not visit.foreign or visit.name in PICTURES | DEMO:
            continue
        with taken_back():
            before = AuditEntry.objects.count()
            page = visit(client, corner)
            if page.status_code == 200 and word.encode() in body(page):
                shown += 1
                if AuditEntry.objects.count() == before:
                    silent.append(visit.id)
    assert not silent
    assert shown >= 8


def test_files_and_sources_leave_an_entry_each_time_one_is_taken(world: World) -> None:
    client, ids = signed_in(world.house.olena), world.support.ids
    for path in (
        f"/files/{ids['file']}/",
        f"/files/{ids['mail']}/mail/top-0/file/",
        f"/messages/{ids['message']}/source/",
    ):
        before = AuditEntry.objects.count()
        assert client.get(path).status_code == 200
        assert AuditEntry.objects.count() == before + 1, path
    kinds = AuditEntry.objects.exclude(kind="signed_in").order_by("pk").values_list("kind", "actor_id", "ticket_id")
    olena, ticket = world.house.olena.pk, ids["ticket"]
    assert [row[:2] for row in kinds] == [
        ("file.downloaded", olena),
        ("file.downloaded", olena),
        ("source.read", olena),
    ]
    assert {row[2] for row in kinds} >= {ticket}


def test_what_was_refused_is_no_sight(world: World) -> None:
    before = AuditEntry.objects.exclude(kind="signed_in").count()
    client = signed_in(world.house.mallory)
    for visit in VISITS:
        if visit.form is None and visit.foreign:
            visit(client, world.support)
    assert AuditEntry.objects.exclude(kind="signed_in").count() == before


def test_so_does_the_api(world: World) -> None:
    api, ids = Api.of(world.house.olena, ("read",)), {**world.support.ids, "attachment": world.support.ids["file"]}
    silent = []
    for route in READS:
        if "{ticket}" in route.path or "{message}" in route.path or "{attachment}" in route.path or "q=" in route.path:
            with taken_back():
                before = AuditEntry.objects.count()
                path, _, query = route.path.format(**ids).partition("?")
                api.send("GET", f"/api/v1/{path}", query=dict(p.split("=") for p in query.split("&") if p))
                if AuditEntry.objects.count() == before:
                    silent.append(route.id)
    assert silent == ["GET ticket_events"]  # ids and small facts, no words
