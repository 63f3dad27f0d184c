"""Sending later and forwarding by the API: the same rules as on the pages, and nothing besides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.api.client import Api
from tests.people import House, events_of, receive
from tickets import actions
from tickets.models import Attachment, Conversation, Message, Ticket

MAKER = "parts@maker.example"


def later(hours: int = 24) -> str:
    return (timezone.now() + timedelta(hours=hours)).isoformat()


def write_later(api: Api, ticket: Ticket, **fields: Any) -> Any:
    body = {"kind": "reply", "expected_sequence": 9, "text": "It left.", "send_at": later()} | fields
    return api.post(f"tickets/{ticket.pk}/messages/", body)


class TestLater:
    def test_waits_for_its_moment_and_changes_the_ticket_then(self, ticket: Ticket, olena: Api) -> None:
        answer = write_later(olena, ticket, then_status="solved")
        assert answer.status == 201
        message = Message.objects.get(pk=answer.body["id"])
        assert message.scheduled_for is not None
        assert answer.body["delivery"]["state"] == "queued"
        assert answer.body["delivery"]["scheduled_for"] == answer.body["delivery"]["not_before"]
        ticket.refresh_from_db()
        assert (ticket.status, events_of(ticket.pk)[-1]) == ("open", "message.scheduled")

    def test_is_held_when_the_customer_writes_before(self, house: House, ticket: Ticket, olena: Api) -> None:
        held, goes = (write_later(olena, ticket, hold_on_answer=hold).body["id"] for hold in (True, False))
        receive(house.channel, references=(Message.objects.filter(ticket=ticket).earliest("pk").external_id,))
        actions.hold_scheduled(ticket.pk, at=timezone.now())
        states = {id: olena.get(f"messages/{id}/").body["delivery"]["state"] for id in (held, goes)}
        assert states == {held: "held", goes: "queued"}
        answer = olena.post(f"messages/{held}/schedule/", {"now": True})
        assert (answer.status, answer.body["delivery"]["state"]) == (200, "queued")

    def test_another_moment_and_back(self, ticket: Ticket, olena: Api) -> None:
        id = write_later(olena, ticket).body["id"]
        moment = (timezone.now() + timedelta(days=3)).replace(microsecond=0)
        moved = olena.post(f"messages/{id}/schedule/", {"send_at": moment.isoformat()})
        assert (moved.status, moved.body["delivery"]["scheduled_for"]) == (200, f"{moment:%Y-%m-%dT%H:%M:%SZ}")
        assert olena.post(f"messages/{id}/withdrawal/").body["delivery"]["state"] == "withdrawn"
        assert olena.post(f"messages/{id}/schedule/", {"now": True}).code == "too_late"

    @pytest.mark.parametrize(("fields", "wrong"), [
        ({"send_at": "2020-01-01T10:00:00Z"}, {"send_at"}),
        ({"send_at": "2999-01-01T10:00:00Z"}, {"send_at"}),
        ({"send_at": "soon"}, {"send_at"}),
        ({"undo_seconds": 10}, {"undo_seconds"}),
        ({"kind": "note"}, {"send_at"}),
    ])  # fmt: skip
    def test_no_moment_that_makes_no_sense(
        self, ticket: Ticket, olena: Api, fields: dict[str, Any], wrong: set[str]
    ) -> None:
        before = Message.objects.count()
        answer = write_later(olena, ticket, **fields)
        assert (answer.status, answer.wrong_fields, Message.objects.count()) == (400, wrong, before)

    @pytest.mark.parametrize("body", [{}, {"now": False}, {"now": True, "send_at": "2099-01-01T10:00:00Z"}])
    def test_either_a_moment_or_now(self, ticket: Ticket, olena: Api, body: dict[str, Any]) -> None:
        id = write_later(olena, ticket).body["id"]
        assert olena.post(f"messages/{id}/schedule/", body).wrong_fields == {"send_at"}


class TestForward:
    def forward(self, api: Api, ticket: Ticket, **fields: Any) -> Any:
        body = {"to": [MAKER], "confirm_addresses": [MAKER], "text": "Do you have this one?"} | fields
        return api.post(f"tickets/{ticket.pk}/forwards/", body)

    def test_passes_on_what_the_customer_said_in_a_conversation_of_its_own(
        self, house: House, ticket: Ticket, olena: Api
    ) -> None:
        actions.add_note(ticket.pk, by=house.olena, text="between us")
        answer = self.forward(olena, ticket)
        assert answer.status == 201
        message = Message.objects.get(pk=answer.body["id"])
        first = Message.objects.filter(ticket=ticket).earliest("pk")
        assert message.envelope["forwards"] == [first.pk]
        assert Conversation.objects.get(pk=message.conversation_id).aside
        assert answer.body["to"] == [{"name": "", "address": MAKER}]
        assert message.not_before == message.at
        ticket.refresh_from_db()
        assert (ticket.waiting_since is not None, events_of(ticket.pk)[-1]) == (True, "message.forwarded")

    def test_every_address_is_said_twice(self, ticket: Ticket, olena: Api) -> None:
        before = Message.objects.count()
        answer = self.forward(olena, ticket, cc=["boss@maker.example"])
        assert (answer.status, answer.code, answer.body["addresses"]) == (422, "new_address", ["boss@maker.example"])
        assert self.forward(olena, ticket, to=[]).wrong_fields == {"to"}
        assert olena.post(f"tickets/{ticket.pk}/forwards/", {"text": "x"}).wrong_fields == {"to"}
        assert Message.objects.count() == before

    def test_no_note_and_no_message_of_another_ticket(self, house: House, ticket: Ticket, olena: Api) -> None:
        note = actions.add_note(ticket.pk, by=house.olena, text="between us")
        elsewhere = receive(house.other_channel, subject="Other").message_id
        for id in (note.pk, elsewhere):
            assert self.forward(olena, ticket, message=id).wrong_fields == {"message"}

    def test_files_go_along_as_chosen(self, house: House, ticket: Ticket, olena: Api) -> None:
        file = olena.upload(ticket.pk, "photo.txt", b"seen").body["id"]
        sent = actions.reply(ticket.pk, by=house.olena, text="See", attachments=[file], undo_seconds=0)
        Message.objects.filter(pk=sent.pk).update(outbox="sent")
        for originals, names in (({}, ["photo.txt"]), ({"originals": []}, []), ({"originals": [file]}, ["photo.txt"])):
            id = self.forward(olena, ticket, message=sent.pk, **originals).body["id"]
            assert list(Attachment.objects.filter(message=id).values_list("filename", flat=True)) == names

    def test_happens_once(self, ticket: Ticket, olena: Api) -> None:
        body = {"to": [MAKER], "confirm_addresses": [MAKER]}
        first, again = (olena.post(f"tickets/{ticket.pk}/forwards/", body, Idempotency_Key="f-1") for _ in range(2))
        assert (first.body["id"], again.headers["Idempotency-Replayed"]) == (again.body["id"], "true")
        assert Message.objects.filter(ticket=ticket, kind="outbound").count() == 1

    def test_not_for_others(self, ticket: Ticket, mallory: Api) -> None:
        before = Message.objects.count()
        assert self.forward(mallory, ticket).status == 404
        assert Message.objects.count() == before
