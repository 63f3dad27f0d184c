"""What the widget's frame may ask, and what it is refused: by page, by pass, by secret, by signature, by amount."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_inbound.delivery import drain_outbound
from channels_inbound.models import Connection
from events import rates
from livechat import api, limits
from livechat.blocking import block_visitor, free_address
from livechat.channels import renew_secret
from livechat.doors import door_for, write_pass
from livechat.models import BlockedAddress, UnseenReplies, UsedToken, Visitor, VisitorKey
from livechat.presence import draft_of, note_draft, where_visitor_is
from livechat.signed import make_token
from livechat.unseen import mail_due
from people.models import Customer, Identity
from people.permissions import PermissionDenied
from tests.livechat.shop import make_chat
from tests.people import House, events_of, make_house, row_counts, signed_in
from tickets.actions import add_note, reply
from tickets.errors import NotFound
from tickets.models import Attachment, Conversation, Message, OutboxState, Ticket

SHOP = "https://shop.example"
SECRET, OTHER = "s" * 43, "o" * 43


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def made(house: House) -> tuple[Connection, str]:
    return make_chat(house, SHOP)


@pytest.fixture
def chat(made: tuple[Connection, str]) -> Connection:
    return made[0]


def ask(
    chat: Connection,
    what: str,
    *,
    secret: str = SECRET,
    shown: str = "",
    origin: str = "http://testserver",
    headers: dict[str, str] | None = None,
    **said: Any,
) -> Any:
    return Client(enforce_csrf_checks=True).post(
        f"/widget/{chat.key}/{what}/", json.dumps(said), content_type="application/json",
        headers={"Origin": origin, "X-Chat-Pass": shown or write_pass(door_for(chat.key, SHOP)), "Authorization": f"Bearer {secret}", **(headers or {})},
    )  # fmt: skip


def say(chat: Connection, text: str, **more: Any) -> Any:
    return ask(chat, "message", client=str(more.pop("client", uuid4())), text=text, **more)


def messages(chat: Connection, **more: Any) -> list[dict[str, Any]]:
    return list(ask(chat, "sync", **more).json()["messages"])


def claims(chat: Connection, **more: Any) -> dict[str, Any]:
    return {"sub": "u1", "aud": chat.key, "exp": int(time.time()) + 300, "jti": uuid4().hex, **more}


def test_a_first_message_opens_a_ticket_of_an_anonymous_visitor(chat: Connection, house: House) -> None:
    assert say(chat, "Hello <b>there</b>\n\x00more").json() == {"known": True, "again": False}
    ticket = Ticket.objects.get()
    assert (ticket.channel_id, ticket.team, ticket.subject) == (chat.channel_id, house.support, "Hello <b>there</b>")
    assert events_of(ticket.pk) == ["ticket.opened", "message.received"]
    message = Message.objects.get()
    assert (message.text, message.kind, message.verdict) == ("Hello <b>there</b>\nmore", "inbound", "none")
    identity = Identity.objects.get()
    visitor = Visitor.objects.get()
    assert (identity.kind, identity.trust, identity.value) == ("visitor", "anonymous", visitor.thread)
    key = VisitorKey.objects.get()
    assert SECRET not in key.digest and len(key.digest) == 64


def test_the_same_client_id_is_one_message(chat: Connection) -> None:
    client = uuid4()
    assert [say(chat, "once", client=client).json()["again"] for _ in range(3)] == [False, True, True]
    assert Message.objects.count() == 1
    [shown] = messages(chat)
    assert shown["client"] == str(client)


def test_catching_up_brings_what_came_after_a_place_and_no_notes(chat: Connection, house: House) -> None:
    say(chat, "one")
    ticket = Ticket.objects.get()
    add_note(ticket.pk, by=house.olena, text="NOTE-CANARY")
    reply(ticket.pk, by=house.olena, text="two")
    first, second = messages(chat)
    assert [(m["from"], m["text"]) for m in (first, second)] == [("you", "one"), ("agent", "two")]
    assert second["name"] == "Olena"
    assert [m["text"] for m in messages(chat, after=first["n"])] == ["two"]
    assert messages(chat, after=second["n"]) == []


def test_what_an_agent_set_out_is_sent_with_its_text_and_only_then(chat: Connection, house: House) -> None:
    say(chat, "one")
    ticket = Ticket.objects.get()
    reply(ticket.pk, by=house.olena, text="two", html="<p>two</p>")
    reply(ticket.pk, by=house.olena, text="three", html="<p><b onclick=x()>three</b><script>y()</script></p>")
    said = messages(chat)
    assert [(one["text"], one.get("html")) for one in said] == [
        ("one", None), ("two", None), ("three", "<p><b>three</b></p>"),
    ]  # fmt: skip


def test_replies_of_a_chat_are_not_held_back(chat: Connection, house: House) -> None:
    say(chat, "one")
    sent = reply(Ticket.objects.get().pk, by=house.olena, text="two", undo_seconds=60)
    assert sent.not_before == sent.at
    assert messages(chat)[-1]["text"] == "two"


def test_marks_move_forward_as_the_browser_says(chat: Connection, house: House) -> None:
    say(chat, "one")
    sent = reply(Ticket.objects.get().pk, by=house.olena, text="two")
    place = messages(chat)[-1]["n"]
    ask(chat, "sync", got=[place])
    sent.refresh_from_db()
    assert set(sent.marks) == {"delivered_at"}
    assert "read" not in messages(chat)[-1]
    ask(chat, "sync", got=[place], seen=[place])
    sent.refresh_from_db()
    assert set(sent.marks) == {"delivered_at", "read_at"}
    assert messages(chat)[-1]["read"] is True
    before = events_of(sent.ticket_id)
    ask(chat, "sync", got=[place], seen=[place])
    assert events_of(sent.ticket_id) == before
    assert before[-2:] == ["delivery.delivered", "delivery.read"]


@pytest.mark.parametrize("odd", [7, "7", {"7": 7}, [True, "7", -1, 2**60, None, [7]], [[]] * 5000])
def test_marks_that_are_none_mark_nothing(chat: Connection, house: House, odd: Any) -> None:
    say(chat, "one")
    sent = reply(Ticket.objects.get().pk, by=house.olena, text="two")
    assert ask(chat, "sync", got=odd, seen=odd).status_code == 200
    sent.refresh_from_db()
    assert sent.marks == {}


def test_another_visitors_replies_are_not_marked(chat: Connection, house: House) -> None:
    say(chat, "mine")
    sent = reply(Ticket.objects.get().pk, by=house.olena, text="for the first")
    place = messages(chat)[-1]["n"]
    say(chat, "theirs", secret=OTHER)
    ask(chat, "sync", secret=OTHER, got=[place], seen=[place])
    sent.refresh_from_db()
    assert sent.marks == {}


def test_a_reply_set_for_later_is_news_when_it_leaves_and_read_only_when_it_was(chat: Connection, house: House) -> None:
    say(chat, "one")
    ticket, now = Ticket.objects.get(), timezone.now()
    leaves = now + timedelta(hours=2)
    late = reply(ticket.pk, by=house.olena, text="set for later", send_at=leaves)
    reply(ticket.pk, by=house.olena, text="at once")
    shown = messages(chat)
    assert [one["text"] for one in shown] == ["one", "at once"]
    place = shown[-1]["n"]
    ask(chat, "sync", after=place, got=[place], seen=[place])
    Message.objects.filter(pk=late.pk).update(not_before=now, scheduled_for=now)
    drain_outbound()
    late.refresh_from_db()
    assert late.outbox == OutboxState.SENT and UnseenReplies.objects.exists()
    heard = int(now.timestamp() * 1000)
    [came] = ask(chat, "sync", after=place, heard=heard).json()["messages"]
    assert (came["text"], came["n"] < place, "read" in came) == ("set for later", True, False)
    assert abs(came["at"] - heard) < 2  # when it left, not when it was written
    # To have looked at a later number says nothing of this one: it stays to be mailed.
    ask(chat, "sync", after=place, got=[place], seen=[place])
    late.refresh_from_db()
    assert "read_at" not in late.marks and UnseenReplies.objects.exists()
    ask(chat, "sync", after=place, got=[came["n"]], seen=[came["n"]])
    late.refresh_from_db()
    assert "read_at" in late.marks and not UnseenReplies.objects.exists()


def test_who_slept_hears_of_what_left_meanwhile_below_the_place(chat: Connection, house: House) -> None:
    say(chat, "one")
    ticket, now = Ticket.objects.get(), timezone.now()
    late = reply(ticket.pk, by=house.olena, text="set for later", send_at=now + timedelta(hours=2))
    reply(ticket.pk, by=house.olena, text="at once")
    place = messages(chat)[-1]["n"]
    left = now - timedelta(hours=3)
    Message.objects.filter(pk=late.pk).update(outbox=OutboxState.SENT, sent_at=left, not_before=left)
    ages = {"now": 0, "an hour": 1, "four hours": 4}
    heard = {
        name: messages(chat, after=place, heard=int((now - timedelta(hours=hours)).timestamp() * 1000))
        for name, hours in ages.items()
    }
    assert {name: len(some) for name, some in heard.items()} == {"now": 0, "an hour": 0, "four hours": 1}
    for odd in (-5, 2**52, "soon", None):
        assert ask(chat, "sync", after=place, heard=odd).status_code == 200


def test_an_answer_in_an_earlier_ticket_is_unread_until_it_was_looked_at(chat: Connection, house: House) -> None:
    say(chat, "one")
    first = Ticket.objects.get()
    old = reply(first.pk, by=house.olena, text="in the first")
    conversation = Conversation.objects.get(ticket=first)
    second = Ticket.objects.create(
        channel=first.channel, team=first.team, customer=first.customer, subject="again", opened_at=timezone.now(), last_message_at=timezone.now(),
        message_sequence=1,
    )  # fmt: skip
    made = Conversation.objects.create(
        ticket=second, channel_id=conversation.channel_id, customer_id=conversation.customer_id,
        external_id=conversation.external_id,
    )  # fmt: skip
    Message.objects.create(
        ticket=second, conversation=made, sequence=1, kind="inbound", identity=Visitor.objects.get().identity,
        at=timezone.now(), text="two", thread_layer="new",
    )  # fmt: skip
    shown = messages(chat)
    assert [one["text"] for one in shown] == ["one", "in the first", "two"]
    ask(chat, "sync", got=[shown[-1]["n"]], seen=[shown[-1]["n"]])
    old.refresh_from_db()
    assert old.marks == {}
    ask(chat, "sync", seen=[shown[1]["n"]])
    old.refresh_from_db()
    assert "read_at" in old.marks


def fill(ticket: Ticket, count: int) -> None:
    """So many words of the visitor's more."""
    first = Message.objects.get(ticket=ticket)
    Message.objects.bulk_create(
        Message(
            ticket=ticket, conversation=first.conversation, sequence=1 + number, kind="inbound",
            identity=first.identity, at=timezone.now(), text=f"m{number:03}", thread_layer="external_id",
        )
        for number in range(1, count + 1)
    )  # fmt: skip
    Ticket.objects.filter(pk=ticket.pk).update(message_sequence=1 + count)


def test_a_gap_of_450_is_filled_from_its_beginning(chat: Connection, house: House) -> None:
    say(chat, "m000")
    place = messages(chat)[-1]["n"]
    fill(Ticket.objects.get(), 450)
    found, answers = [], 0
    while True:
        said = ask(chat, "sync", after=place).json()
        found += [one["text"] for one in said["messages"]]
        answers += 1
        if not said["more"]:
            break
        place = said["messages"][-1]["n"]
    assert (found, answers) == ([f"m{number:03}" for number in range(1, 451)], 3)


def test_what_was_said_before_is_paged_back_to(chat: Connection, house: House) -> None:
    say(chat, "m000")
    fill(Ticket.objects.get(), 450)
    said = ask(chat, "sync").json()
    found = [one["text"] for one in said["messages"]]
    assert found == [f"m{number:03}" for number in range(391, 451)]
    while said["earlier"]:
        said = ask(chat, "history", before=said["messages"][0]["n"]).json()
        found = [one["text"] for one in said["messages"]] + found
    assert found == [f"m{number:03}" for number in range(451)]
    assert ask(chat, "history", before=1, secret=OTHER).status_code == 403
    say(chat, "mine", secret=OTHER)
    theirs = ask(chat, "history", before=2**50, secret=OTHER).json()["messages"]
    assert [one["text"] for one in theirs] == ["mine"]


def old_pass(chat: Connection, monkeypatch: pytest.MonkeyPatch, *, hours: float) -> str:
    then = time.time() - hours * 3600
    with monkeypatch.context() as past:
        past.setattr(time, "time", lambda: then)
        return write_pass(door_for(chat.key, SHOP))


def test_a_pass_that_ran_out_is_renewed_and_a_made_up_one_is_not(
    chat: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = old_pass(chat, monkeypatch, hours=13)
    before = row_counts()
    answer = ask(chat, "message", client=str(uuid4()), text="late", shown=shown)
    assert (answer.status_code, answer.json()) == (403, {"code": "stale"})
    assert row_counts() == before
    fresh = ask(chat, "renew", shown=shown).json()["pass"]
    assert ask(chat, "message", client=str(uuid4()), text="late", shown=fresh).status_code == 200
    other = signing.dumps(["0" * 32, SHOP], salt="livechat.pass", compress=False)
    for wrong in ("made up", shown[:-1] + ("A" if shown[-1] != "A" else "B"), other):
        answer = ask(chat, "renew", shown=wrong)
        assert (answer.status_code, answer.json()) == (403, {"code": "refused"})
    # An origin taken off the list meanwhile gets none.
    chat.settings = {**chat.settings, "origins": ["https://new.example"]}
    chat.save()
    assert ask(chat, "renew", shown=shown).json() == {"code": "refused"}


def test_what_is_said_is_no_longer_typed(chat: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, bool | None]] = []
    monkeypatch.setattr(api, "tell_ticket_tabs", lambda ticket, kind, typing=None: told.append((ticket, typing)))
    ask(chat, "message", client=str(uuid4()), text="One")
    visitor = Visitor.objects.get()
    ask(chat, "typing", draft="Tw")
    note_draft(visitor.thread, "Tw")
    ask(chat, "message", client=str(uuid4()), text="Two")
    number = Ticket.objects.get().pk
    assert told == [(number, False), (number, True), (number, False)]
    assert draft_of(visitor.thread) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"}, {"origin": ""}, {"origin": SHOP}, {"origin": "null"},
        {"shown": "nonsense"}, {"secret": "short"}, {"secret": ""}, {"secret": "s" * 44},
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "what", ["sync", "message", "details", "identity", "goodbye", "typing", "upload", "file", "history", "renew"]
)
def test_without_pass_secret_or_our_own_frame_nothing_is_said_or_changed(
    chat: Connection, what: str, wrong: dict[str, Any]
) -> None:
    say(chat, "CANARY")
    before = row_counts()
    answer = ask(chat, what, client=str(uuid4()), text="x", **wrong)
    assert answer.status_code == 403
    assert answer.json() == {"code": "refused"}
    assert row_counts() == before


def test_a_pass_of_another_channel_or_of_an_origin_taken_off_is_refused(chat: Connection, house: House) -> None:
    shown = write_pass(door_for(chat.key, SHOP))
    chat.settings = {**chat.settings, "origins": ["https://new.example"]}
    chat.save()
    assert ask(chat, "sync", shown=shown).status_code == 403
    assert ask(chat, "sync", shown=write_pass(door_for(chat.key, "https://new.example"))).status_code == 200


def test_another_visitors_secret_thread_or_file_opens_nothing(chat: Connection, house: House) -> None:
    say(chat, "CANARY")
    ticket = Ticket.objects.get()
    file = Attachment.objects.create(
        message=Message.objects.get(),
        ticket=ticket,
        filename="f.txt",
        content_type="text/plain",
        size=1,
        sha256="0" * 64,
    )
    say(chat, "mine", secret=OTHER)
    visitor = Visitor.objects.order_by("pk")[0]
    assert [m["text"] for m in messages(chat, secret=OTHER)] == ["mine"]
    for guess in (
        visitor.thread,
        visitor.public_id.hex.ljust(43, "0"),
        VisitorKey.objects.order_by("pk")[0].digest[:43],
    ):
        answer = ask(chat, "sync", secret=guess)
        assert b"CANARY" not in answer.content
        assert answer.status_code == 403 or answer.json()["known"] is False
    assert ask(chat, "file", secret=OTHER, id=str(file.public_id)).status_code == 403


def test_a_claimed_address_opens_no_history_and_joins_nobody(chat: Connection, house: House) -> None:
    from tests.people import open_ticket

    mail = open_ticket(house.channel, text="MAIL-CANARY")
    say(chat, "I am Zoe", email="zoe@customer.example", name="Zoe Bauer")
    visitor = Visitor.objects.get()
    assert (visitor.email, visitor.email_signed) == ("zoe@customer.example", False)
    chats = Ticket.objects.exclude(pk=mail.pk).get()
    assert chats.customer_id != mail.customer_id
    assert b"MAIL-CANARY" not in ask(chat, "sync").content


def test_a_signed_identity_is_known_and_joins_its_customer(made: tuple[Connection, str], house: House) -> None:
    from tests.people import open_ticket

    chat, signing = made
    mail = open_ticket(house.channel)
    token = make_token(signing, claims(chat, email="Zoe@customer.example", name="Zoe"))
    assert ask(chat, "identity", token=token).json()["name"] == "Zoe"
    say(chat, "hi")
    ticket = Ticket.objects.exclude(pk=mail.pk).get()
    assert ticket.customer_id == mail.customer_id
    assert Identity.objects.get(kind="visitor").trust == "signed"
    # The same token from the same browser is the same; from another it proves nothing.
    assert ask(chat, "identity", token=token).status_code == 200
    before = row_counts()
    replayed = ask(chat, "identity", token=token, secret=OTHER)
    assert (replayed.status_code, replayed.json()) == (403, {"code": "refused"})
    assert row_counts() == before
    # A fresh one in another browser finds the conversation.
    assert ask(chat, "identity", token=make_token(signing, claims(chat)), secret=OTHER).status_code == 200
    assert [m["text"] for m in messages(chat, secret=OTHER)] == ["hi"]


def test_a_name_cut_in_the_middle_of_a_character_is_a_name(made: tuple[Connection, str]) -> None:
    chat, signing = made
    token = make_token(signing, claims(chat, name="Zoe \ud83d", traits={"plan\ud83d": "\x00gold \udc00"}))
    assert ask(chat, "identity", token=token).json()["name"] == "Zoe ?"
    assert Visitor.objects.get().traits == {"plan?": "gold ?"}


def test_forged_expired_foreign_and_odd_tokens_prove_nothing(made: tuple[Connection, str]) -> None:
    chat, signing = made
    now = int(time.time())
    good = make_token(signing, claims(chat))
    head, body, signature = good.split(".")
    none = make_token("", claims(chat)).split(".")
    bad = [
        make_token("another secret", claims(chat)), make_token("", claims(chat)),
        make_token(signing, claims(chat, exp=now - 120)), make_token(signing, claims(chat, exp=now + 86_400)),
        make_token(signing, claims(chat, aud="another")), make_token(signing, {"sub": "u1"}),
        make_token(signing, claims(chat, sub="")), make_token(signing, claims(chat, jti="")),
        make_token(signing, claims(chat, exp="soon")), make_token(signing, claims(chat, nbf=now + 600)),
        make_token(signing, claims(chat, exp=True)), make_token(signing, claims(chat, sub="u\ud83d")),
        make_token(signing, claims(chat, jti="j\ud83d")), make_token(signing, claims(chat, sub="u\x00")),
        f"eyJhbGciOiJub25lIn0.{body}.", f"{head}.{none[1]}.{signature}", f"{head}.{body}.", f"{head}.{body}", "", "a.b.c",
        f"eyJhbGciOiJIUzUxMiJ9.{body}.{signature}",
    ]  # fmt: skip
    before = row_counts()
    for token in bad:
        answer = ask(chat, "identity", token=token)
        assert (answer.status_code, answer.json()) == (403, {"code": "refused"}), token
    assert row_counts() == before
    assert not Visitor.objects.exists() and not UsedToken.objects.exists()


def test_secrets_change_without_a_gap(made: tuple[Connection, str], house: House) -> None:
    chat, first = made
    second = renew_secret(chat.channel_id, by=house.adam)
    for secret, browser in ((first, SECRET), (second, OTHER)):
        assert ask(chat, "identity", token=make_token(secret, claims(chat)), secret=browser).status_code == 200
    renew_secret(chat.channel_id, by=house.adam)
    assert ask(chat, "identity", token=make_token(first, claims(chat)), secret="n" * 43).status_code == 403
    chat.refresh_from_db()
    assert first not in chat.secret and second not in chat.secret


def test_one_browser_two_people_zero_words_of_the_first(made: tuple[Connection, str]) -> None:
    chat, signing = made
    ask(chat, "identity", token=make_token(signing, claims(chat, sub="a")))
    say(chat, "A-CANARY")
    # Signed in as somebody else without logging out: the browser must begin anew.
    answer = ask(chat, "identity", token=make_token(signing, claims(chat, sub="b")))
    assert (answer.status_code, answer.json()) == (409, {"code": "another"})
    assert [m["text"] for m in messages(chat)] == ["A-CANARY"]
    ask(chat, "goodbye")
    assert ask(chat, "sync").json()["known"] is False
    ask(chat, "identity", token=make_token(signing, claims(chat, sub="b")))
    assert b"A-CANARY" not in ask(chat, "sync").content


def test_after_signing_out_neither_the_token_nor_the_browsers_secret_opens_it_again(
    made: tuple[Connection, str],
) -> None:
    chat, signing = made
    token = make_token(signing, claims(chat))
    assert ask(chat, "identity", token=token).status_code == 200
    say(chat, "CANARY")
    assert ask(chat, "goodbye").status_code == 200
    # Both together, as whoever sits at that computer next might have them.
    for secret in (SECRET, OTHER):
        assert ask(chat, "identity", token=token, secret=secret).status_code == 403
        assert b"CANARY" not in ask(chat, "sync", secret=secret).content
    assert not VisitorKey.objects.exists()
    # She herself comes back by a new one.
    assert ask(chat, "identity", token=make_token(signing, claims(chat))).status_code == 200
    assert b"CANARY" in ask(chat, "sync").content


def test_floods_and_sizes_are_refused(chat: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()  # all of it within one minute, however slowly it goes
    monkeypatch.setattr(rates, "time", SimpleNamespace(time=lambda: now))
    answer = say(chat, "x" * (limits.MAX_TEXT + 1))
    assert (answer.status_code, answer.json()["code"]) == (422, "too_long")
    assert say(chat, "   ").json()["code"] == "empty"
    statuses = [say(chat, f"m{n}").status_code for n in range(25)]
    most = limits.RATES[("say", "visitor")][0]
    assert statuses.count(200) == most - 1 and set(statuses[most - 1 :]) == {429}
    assert Message.objects.count() == statuses.count(200)
    monkeypatch.setitem(limits.RATES, ("say", "address"), (1000, 60))
    begun = [say(chat, "new", secret=f"{n}".ljust(43, "x")).status_code for n in range(32)]
    assert 429 in begun
    assert Visitor.objects.count() <= limits.RATES[("begin", "address")][0]


def test_files_go_with_a_message_of_the_same_browser_only(
    chat: Connection, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(name: str, content: bytes, secret: str = SECRET) -> Any:
        return Client().post(
            f"/widget/{chat.key}/upload/", {"file": SimpleUploadedFile(name, content)},
            headers={"Origin": "http://testserver", "X-Chat-Pass": write_pass(door_for(chat.key, SHOP)), "Authorization": f"Bearer {secret}"},
        )  # fmt: skip

    kept = send("../../photo.txt", b"hello").json()
    assert (kept["name"], kept["type"], kept["size"]) == (".._.._photo.txt", "text/plain", 5) or kept[
        "name"
    ] == "photo.txt"
    for content in (b"MZ\x00", b"<html><script>", b"<svg xmlns=''>"):
        assert send("x.png", content).json() == {"code": "type_refused"}
    assert say(chat, "", files=[kept["file"]], secret=OTHER).status_code == 403
    assert say(chat, "", files=["made up"]).json() == {"code": "malformed"}
    with monkeypatch.context() as later:
        later.setattr(api, "UPLOAD_SECONDS", -1)
        assert say(chat, "", files=[kept["file"]]).json() == {"code": "file_gone"}
    assert say(chat, "", files=[kept["file"]]).status_code == 200
    [shown] = messages(chat)
    [file] = shown["files"]
    answer = ask(chat, "file", id=file["id"])
    assert b"".join(answer.streaming_content) == b"hello"
    assert answer["Content-Disposition"].startswith("attachment")
    assert ask(chat, "file", id=file["id"], secret=OTHER).status_code == 403


def test_facts_and_frame_only_for_listed_origins(chat: Connection) -> None:
    client = Client()
    facts = client.get(f"/widget/{chat.key}/facts/", headers={"Origin": SHOP})
    assert (facts.status_code, facts["Access-Control-Allow-Origin"]) == (200, SHOP)
    assert facts.json()["ink"] == "#ffffff"
    for origin in ("https://evil.example", "null", "", "https://shop.example.evil.example"):
        answer = client.get(f"/widget/{chat.key}/facts/", headers={"Origin": origin})
        assert (answer.status_code, answer.headers.get("Access-Control-Allow-Origin")) == (403, None)
    frame = client.get(f"/widget/{chat.key}/frame/?origin={SHOP}", headers={"Accept-Language": "uk,en;q=0.5"})
    assert frame.status_code == 200
    assert f"frame-ancestors {SHOP}" in frame["Content-Security-Policy"]
    assert "'unsafe" not in frame["Content-Security-Policy"] and "X-Frame-Options" not in frame
    assert not frame.cookies and 'lang="uk"' in frame.content.decode()
    for query, headers in (
        ("origin=https://evil.example", {}), ("", {}), (f"origin={SHOP}", {"Referer": "https://evil.example/x"}),
        (f"origin={SHOP}", {"Sec-Fetch-Dest": "document"}), (f"origin={SHOP};script-src *", {}),
    ):  # fmt: skip
        refused = client.get(f"/widget/{chat.key}/frame/?{query}", headers=headers)
        assert refused.status_code == 403
        assert "frame-ancestors 'none'" in refused["Content-Security-Policy"]
        assert chat.key not in refused.content.decode()


def test_blocked_visitors_say_nothing_more(chat: Connection) -> None:
    say(chat, "one")
    Visitor.objects.update(blocked_at=timezone.now())
    assert say(chat, "two").status_code == 403
    assert ask(chat, "sync").json()["messages"] == []
    assert Message.objects.count() == 1
    assert Customer.objects.count() == 1


def test_asking_costs_the_same_however_long_the_talk_and_the_queue(chat: Connection, house: House) -> None:
    for number in range(3):
        say(chat, "hello", secret=str(number) * 43)
    ask(chat, "sync")
    say(chat, "first")
    with CaptureQueriesContext(connection) as few:
        ask(chat, "sync")
    for number in range(12):
        reply(Ticket.objects.latest("pk").pk, by=house.olena, text=f"{number}")
        say(chat, f"more {number}")
    with CaptureQueriesContext(connection) as many:
        ask(chat, "sync")
    assert len(many) == len(few) <= 16


def test_a_request_still_on_its_way_does_not_bring_back_who_left(chat: Connection) -> None:
    page = {"url": f"{SHOP}/boots"}
    say(chat, "hello", page=page, here=False)
    thread = Visitor.objects.get().thread
    assert where_visitor_is(thread) is None
    ask(chat, "sync", page=page, here=True)
    assert (where_visitor_is(thread) or {}).get("url") == page["url"]


@pytest.mark.parametrize("broken", ["\ud800", "a\x00b"], ids=["half a character", "nothing"])
def test_what_a_page_calls_itself_never_breaks_the_agents_page(house: House, chat: Connection, broken: str) -> None:
    for number in range(2):
        page = {"url": f"{SHOP}/{number}", "title": f"Lamp {broken}", "order": broken}
        assert ask(chat, "message", text="hello", client=str(uuid4()), page=page).status_code == 200
    client = Client()
    client.force_login(house.olena)
    shown = client.get(f"/chat/tickets/{Ticket.objects.get().pk}/panel/")
    assert shown.status_code == 200 and "Lamp" in shown.content.decode()


def test_an_address_that_is_none_is_no_page_and_the_words_arrive(chat: Connection) -> None:
    page = {"url": "https://[shop/x", "title": "Lamp"}
    assert ask(chat, "message", text="hello", client=str(uuid4()), page=page).status_code == 200
    where = where_visitor_is(Visitor.objects.get().thread)
    assert where and "url" not in where and Message.objects.get().text == "hello"


@pytest.mark.parametrize("origin", ["http://[", "https://[testserver", "testserver", "http://testserver.evil.example"])
def test_an_origin_that_is_none_is_refused(chat: Connection, origin: str) -> None:
    assert ask(chat, "sync", origin=origin).status_code == 403
    assert Client().get(f"/widget/{chat.key}/frame/", {"origin": origin}).status_code == 403


def test_a_new_secret_does_not_let_a_blocked_one_in_again(
    made: tuple[Connection, str], house: House, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = 1
    chat, signing = made
    here, next_door = {"x-forwarded-for": "2001:db8:1:2::5"}, {"x-forwarded-for": "2001:db8:1:3::5"}

    def begins(letter: str, where: dict[str, str], what: str = "message", **more: Any) -> int:
        said = {"client": str(uuid4()), "text": f"from {letter}", **more}
        return int(ask(chat, what, secret=letter * 43, headers=where, **said).status_code)

    assert begins("n", here) == 200, "a neighbour who is known before"
    assert begins("b", here) == 200
    number = Ticket.objects.latest("pk").pk
    before = row_counts()
    for outsider, error in ((house.mallory, NotFound), (house.vera, PermissionDenied)):
        for act in (lambda by: block_visitor(number, by=by, blocked=True), lambda by: free_address(number, by=by)):
            with pytest.raises(error):
                act(outsider)
    assert row_counts() == before
    block_visitor(number, by=house.olena, blocked=True)
    [row] = BlockedAddress.objects.all()
    assert "2001" not in row.digest and timedelta(hours=23) < row.until - timezone.now() <= timedelta(hours=24)
    before, visitors = row_counts(), Visitor.objects.count()
    assert begins("b", here) == 403
    assert begins("c", {"x-forwarded-for": "2001:db8:1:2::99"}) == 403, "another address of the same network"
    assert (row_counts(), Visitor.objects.count()) == (before, visitors)
    assert begins("n", here) == 200 and begins("d", next_door) == 200
    token = make_token(signing, claims(chat, sub="77", jti="signed"))
    assert begins("e", here, "identity", token=token) == 200 and begins("e", here) == 200
    html = signed_in(house.olena).get(f"/chat/tickets/{number}/panel/").content.decode()
    assert "Address until" in html and 'data-address="free"' in html
    for _ in range(2):
        signed_in(house.olena).post(f"/chat/tickets/{number}/block/", {"address": "free"})
    assert begins("b", here) == 403 and begins("f", here) == 200
    assert events_of(number)[-2:] == ["chat.blocked", "chat.address_freed"]


def test_the_block_of_an_address_ends_by_itself_and_with_the_visitors(chat: Connection, house: House) -> None:
    say(chat, "Hello")
    number = Ticket.objects.get().pk
    block_visitor(number, by=house.olena, blocked=True)
    assert ask(chat, "message", secret="z" * 43, client=str(uuid4()), text="x").status_code == 403
    BlockedAddress.objects.update(until=timezone.now())
    assert ask(chat, "message", secret="z" * 43, client=str(uuid4()), text="x").status_code == 200
    mail_due(at=timezone.now())
    assert not BlockedAddress.objects.exists()
    for blocked in (False, True, False):
        block_visitor(number, by=house.olena, blocked=blocked)
    assert not BlockedAddress.objects.exists()
