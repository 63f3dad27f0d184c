"""Messages: reading them, answering, notes, files, and the guard against answering an old screen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.client import Api
from tests.people import House, assert_gapless, events_of, open_ticket, receive
from tickets import actions
from tickets.inbound import Address
from tickets.models import Attachment, Conversation, Draft, Message, Participant, Ticket

REPLY = {"kind": "reply", "expected_sequence": 9}  # nothing that is there by then was missed


def messages_path(ticket: Ticket) -> str:
    return f"tickets/{ticket.pk}/messages/"


def test_message_has_exactly_these_members_and_no_secret(house: House, ticket: Ticket, olena: Api) -> None:
    sent = actions.reply(ticket.pk, by=house.olena, text="On its way.", cc=["ben@partner.example"],
                         confirmed=["ben@partner.example"], undo_seconds=0)  # fmt: skip
    token = sent.reply_token
    receive(
        house.channel, text="Thanks", tokens=(token,), in_reply_to=sent.external_id, references=(sent.external_id,),
        to=(Address("", f"support+{token}@shop.example"),),
    )  # fmt: skip
    answer = olena.get(messages_path(ticket))
    inbound, reply, thanks = answer.body["results"]
    assert token is not None and token.encode() not in answer.raw
    assert b"dedupe" not in answer.raw and b"Message-ID" not in answer.raw
    assert thanks["to"] == [{"name": "", "address": "support@shop.example"}]
    assert thanks["thread_layer"] == "token"
    assert set(inbound) == {
        "id", "ticket", "sequence", "kind", "author", "at", "subject", "text", "html", "quoted", "to", "cc", "bcc",
        "attachments", "delivery", "thread_layer", "thread_reason", "auto_kind", "verdict", "pending", "truncated",
    }  # fmt: skip
    assert inbound["author"] == {
        "kind": "customer", "id": ticket.customer_id, "name": "Zoe Bauer", "address": "zoe@customer.example",
    }  # fmt: skip
    assert inbound["delivery"] is None
    assert reply["author"] == {"kind": "agent", "id": house.olena.pk, "name": "Olena", "address": None}
    assert (reply["kind"], reply["sequence"], reply["delivery"]["state"]) == ("outbound", 2, "queued")
    assert reply["to"] == [{"name": "Zoe Bauer", "address": "zoe@customer.example"}]
    assert reply["cc"] == [{"name": "", "address": "ben@partner.example"}]
    assert olena.get(f"messages/{reply['id']}/").body == reply


def test_list_goes_on_after_a_sequence(house: House, ticket: Ticket, olena: Api) -> None:
    for number in range(5):
        actions.add_note(ticket.pk, by=house.olena, text=f"note {number}")
    assert [row["sequence"] for row in olena.get(messages_path(ticket), after=4).body["results"]] == [5, 6]
    first = olena.get(messages_path(ticket), limit=4)
    second = olena.get(first.body["next"])
    assert [row["sequence"] for row in first.body["results"] + second.body["results"]] == [1, 2, 3, 4, 5, 6]
    assert second.body["next"] is None


class TestReply:
    def test_is_queued_at_once_for_the_customer(self, house: House, ticket: Ticket, olena: Api) -> None:
        answer = olena.post(messages_path(ticket), {"kind": "reply", "text": "It left today.", "expected_sequence": 1})
        assert answer.status == 201
        message = Message.objects.get(pk=answer.body["id"])
        assert (message.text, message.agent_id, message.outbox) == ("It left today.", house.olena.pk, "queued")
        assert message.not_before == message.at, "API replies have no undo delay unless asked"
        assert message.envelope["to"] == [{"name": "Zoe Bauer", "address": "zoe@customer.example"}]
        assert events_of(ticket.pk)[-1] == "message.queued"
        assert_gapless(ticket.pk)

    def test_waits_when_asked_and_can_be_withdrawn(self, house: House, ticket: Ticket, olena: Api) -> None:
        sent = olena.post(messages_path(ticket), REPLY | {"text": "Too early", "undo_seconds": 60}).body
        message = Message.objects.get(pk=sent["id"])
        assert message.not_before == message.at + timedelta(seconds=60)
        back = olena.post(f"messages/{sent['id']}/withdrawal/")
        assert (back.status, back.body["delivery"]["state"]) == (200, "withdrawn")
        assert Draft.objects.get(agent=house.olena).text == "Too early"
        assert events_of(ticket.pk)[-2:] == ["message.queued", "message.withdrawn"]

    def test_cannot_be_withdrawn_once_on_its_way(self, ticket: Ticket, olena: Api) -> None:
        sent = olena.post(messages_path(ticket), REPLY | {"text": "Gone"}).body
        Message.objects.filter(pk=sent["id"]).update(outbox="sending")
        known = events_of(ticket.pk)
        answer = olena.post(f"messages/{sent['id']}/withdrawal/")
        assert (answer.status, answer.code) == (409, "too_late")
        assert events_of(ticket.pk) == known

    def test_on_an_old_screen_is_stopped_and_shows_what_is_new(self, house: House, ticket: Ticket, olena: Api) -> None:
        sent = actions.reply(ticket.pk, by=house.ben, text="Ben was faster", undo_seconds=0)
        actions.add_note(ticket.pk, by=house.ben, text="asked the carrier")
        known = events_of(ticket.pk)
        answer = olena.post(messages_path(ticket), {"kind": "reply", "text": "Late", "expected_sequence": 1})
        assert (answer.status, answer.code) == (409, "stale")
        assert answer.body["current_sequence"] == 3
        assert answer.body["missed_count"] == 2
        assert [row["text"] for row in answer.body["missed"]] == ["Ben was faster", "asked the carrier"]
        assert answer.body["missed"][0]["id"] == sent.pk
        assert events_of(ticket.pk) == known
        assert not Message.objects.filter(text="Late").exists()
        again = olena.post(messages_path(ticket), {"kind": "reply", "text": "Late", "expected_sequence": 3})
        assert again.status == 201

    def test_many_missed_are_cut_to_the_last(self, house: House, ticket: Ticket, olena: Api) -> None:
        for number in range(25):
            actions.add_note(ticket.pk, by=house.ben, text=f"note {number}")
        answer = olena.post(messages_path(ticket), {"kind": "reply", "text": "x", "expected_sequence": 1})
        assert (answer.body["missed_count"], len(answer.body["missed"])) == (25, 20)
        assert answer.body["missed"][-1]["text"] == "note 24"

    def test_without_expectation_is_unguarded(self, house: House, ticket: Ticket, olena: Api) -> None:
        actions.add_note(ticket.pk, by=house.ben, text="new")
        assert olena.post(messages_path(ticket), REPLY | {"text": "x"}).status == 201

    def test_new_address_is_asked_about(self, ticket: Ticket, olena: Api) -> None:
        body = REPLY | {"text": "x", "cc": ["Stranger@Elsewhere.example"]}
        answer = olena.post(messages_path(ticket), body)
        assert (answer.status, answer.code) == (422, "new_address")
        assert answer.body["addresses"] == ["stranger@elsewhere.example"]
        assert not Message.objects.filter(kind="outbound").exists()
        assert not Participant.objects.filter(identity__value="stranger@elsewhere.example").exists()
        confirmed = olena.post(messages_path(ticket), body | {"confirm_addresses": answer.body["addresses"]})
        assert (confirmed.status, confirmed.body["cc"][0]["address"]) == (201, "stranger@elsewhere.example")

    def test_with_status(self, ticket: Ticket, olena: Api) -> None:
        body = REPLY | {"text": "Done", "then_status": "solved"}
        assert olena.post(messages_path(ticket), body).status == 201
        ticket.refresh_from_db()
        assert ticket.status == "solved"

    @pytest.mark.parametrize("said", [{}, {"expected_sequence": None}])
    def test_needs_to_say_what_was_read(self, ticket: Ticket, olena: Api, said: dict[str, None]) -> None:
        answer = olena.post(messages_path(ticket), {"kind": "reply", "text": "x"} | said)
        assert (answer.status, answer.code, answer.body["fields"]) == (422, "sequence_missing", ["expected_sequence"])
        assert "expected_sequence" in answer.body["detail"]
        assert not Message.objects.filter(kind="outbound").exists()
        assert olena.post(messages_path(ticket), {"kind": "note", "text": "x"} | said).status == 201

    def test_answers_only_messages_of_its_ticket(self, house: House, ticket: Ticket, olena: Api) -> None:
        """A message id from the body must not reach into a ticket of another team (threat 38)."""
        foreign = open_ticket(house.other_channel, sender=Address("Ivo", "ivo@customer.example"))
        theirs = Message.objects.get(ticket=foreign)
        answer = olena.post(messages_path(ticket), REPLY | {"text": "x", "answers": theirs.pk})
        assert answer.wrong_fields == {"answers"}

    def test_html_is_cleaned_and_gives_the_text(self, ticket: Ticket, olena: Api) -> None:
        html = '<p onclick="x()">Hello <b>Zoe</b>,</p><script>alert(1)</script><p><a href="javascript:x()">a</a>' \
               '<img src="https://spy.example/x.gif"><a href="https://shop.example/t">track</a></p>'  # fmt: skip
        body = olena.post(messages_path(ticket), REPLY | {"html": html}).body
        assert body["text"] == "Hello Zoe,\n\natrack <https://shop.example/t>"
        assert "<b>Zoe</b>" in body["html"]
        for bad in ("script", "onclick", "javascript", "<img", "alert"):
            assert bad not in body["html"]

    def test_text_is_kept_as_written(self, ticket: Ticket, olena: Api) -> None:
        text = "  indented\n\nЇжак 🦔 <b>not html</b> & so on"
        assert olena.post(messages_path(ticket), REPLY | {"text": text}).body["text"] == text


class TestNote:
    def test_stays_in_the_house(self, house: House, ticket: Ticket, olena: Api) -> None:
        answer = olena.post(messages_path(ticket), {"kind": "note", "text": "call back", "expected_sequence": 1})
        assert (answer.status, answer.body["kind"], answer.body["delivery"]) == (201, "note", None)
        assert events_of(ticket.pk)[-1] == "note.added"
        assert not Message.objects.exclude(outbox="").exists()

    def test_is_guarded_too(self, house: House, ticket: Ticket, olena: Api) -> None:
        actions.add_note(ticket.pk, by=house.ben, text="mine")
        answer = olena.post(messages_path(ticket), {"kind": "note", "text": "x", "expected_sequence": 1})
        assert (answer.status, answer.code) == (409, "stale")
        assert [row["text"] for row in answer.body["missed"]] == ["mine"]
        assert Message.objects.filter(ticket=ticket).count() == 2

    @pytest.mark.parametrize("field", [{"to": ["a@b.example"]}, {"undo_seconds": 5}, {"then_status": "solved"},
                                       {"confirm_addresses": ["a@b.example"]}, {"reply_all": True}])  # fmt: skip
    def test_has_no_recipients(self, ticket: Ticket, olena: Api, field: dict[str, Any]) -> None:
        answer = olena.post(messages_path(ticket), {"kind": "note", "text": "x"} | field)
        assert answer.wrong_fields == set(field)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"kind"}), (REPLY, {"text"}), ({"kind": "note", "text": " \n "}, {"text"}),
        ({"kind": "inbound", "text": "x"}, {"kind"}), (REPLY | {"text": ["x"]}, {"text"}),
        (REPLY | {"text": "a\x00b"}, {"text"}), (REPLY | {"text": "\ud83d"}, {"text"}),
        (REPLY | {"text": "x" * 100_001}, {"text"}), (REPLY | {"text": "x", "html": "\x00"}, {"html"}),
        (REPLY | {"text": "x", "to": []}, {"to"}), (REPLY | {"text": "x", "to": ["nobody"]}, {"to.0"}),
        (REPLY | {"text": "x", "to": "a@b.example"}, {"to"}),
        (REPLY | {"text": "x", "bcc": ["a@b.example\nBcc: evil@x.example"]}, {"bcc.0"}),
        (REPLY | {"text": "x", "to": ["support@shop.example"]}, {"to"}),
        ({"kind": "reply", "text": "x", "expected_sequence": "one"}, {"expected_sequence"}),
        ({"kind": "reply", "text": "x", "expected_sequence": -1}, {"expected_sequence"}),
        ({"kind": "reply", "text": "x", "expected_sequence": 10**30}, {"expected_sequence"}),
        (REPLY | {"text": "x", "undo_seconds": 601}, {"undo_seconds"}),
        (REPLY | {"text": "x", "answers": 10**18}, {"answers"}),
        (REPLY | {"text": "x", "then_status": "closed"}, {"then_status"}),
        (REPLY | {"text": "x", "attachments": ["x"]}, {"attachments.0"}),
        (REPLY | {"text": "x", "attachments": ["00000000-0000-4000-8000-000000000000"]}, {"attachments"}),
        ({"kind": "note", "text": "x", "agent": 1}, {"agent"}), ({"kind": "note", "text": "x", "by": 1}, {"by"}),
        ({"kind": "note", "text": "x", "client_id": "x", "sequence": 9}, {"client_id", "sequence"}),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_what_is_refused_leaves_nothing(ticket: Ticket, olena: Api, body: Any, wrong: set[str]) -> None:
    known = events_of(ticket.pk)
    answer = olena.post(messages_path(ticket), body)
    assert answer.status == 400
    assert answer.wrong_fields == wrong
    assert events_of(ticket.pk) == known
    assert Message.objects.filter(ticket=ticket).count() == 1


def test_no_field_of_a_message_can_be_posted_but_the_listed(house: House, ticket: Ticket, olena: Api) -> None:
    allowed = {"kind", "text", "html", "attachments"}
    names = {one.name for one in Message._meta.get_fields()} | {f.attname for f in Message._meta.concrete_fields}
    for name in names - allowed:
        answer = olena.post(messages_path(ticket), {"kind": "note", "text": "x", name: 1})
        assert (answer.status, answer.wrong_fields) == (400, {name})
    assert Message.objects.count() == 1


class TestFiles:
    def test_upload_send_fetch(self, house: House, ticket: Ticket, olena: Api) -> None:
        file = olena.upload(ticket.pk, "../../Räch nung.txt", "Größe 5".encode())
        assert file.status == 201
        assert (file.body["filename"], file.body["size"]) == ("Räch nung.txt", 9)
        body = REPLY | {"text": "see there", "attachments": [file.body["id"]]}
        sent = olena.post(messages_path(ticket), body).body
        assert [one["id"] for one in sent["attachments"]] == [file.body["id"]]
        fetched = Api.of(house.ben).get(f"attachments/{file.body['id']}/")
        assert fetched.raw == "Größe 5".encode()
        assert fetched.headers["Content-Disposition"].startswith("attachment;")
        assert fetched.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in fetched.headers["Content-Security-Policy"]

    def test_html_is_never_served_as_a_page(self, ticket: Ticket, olena: Api) -> None:
        file = olena.upload(ticket.pk, "page.html", b"<script>alert(1)</script>").body["id"]
        fetched = olena.get(f"attachments/{file}/")
        assert fetched.headers["Content-Type"] == "application/octet-stream"

    def test_a_file_is_used_once_and_only_by_who_sent_it(self, house: House, ticket: Ticket, olena: Api) -> None:
        file = olena.upload(ticket.pk).body["id"]
        body = {"kind": "note", "text": "x", "attachments": [file]}
        assert Api.of(house.ben).post(messages_path(ticket), body).wrong_fields == {"attachments"}
        assert olena.post(messages_path(ticket), body).status == 201
        assert olena.post(messages_path(ticket), body).wrong_fields == {"attachments"}

    def test_a_file_stays_on_its_ticket(self, house: House, ticket: Ticket, olena: Api) -> None:
        other = open_ticket(house.channel, sender=Address("Ivo", "ivo@customer.example"))
        file = olena.upload(other.pk).body["id"]
        body = {"kind": "note", "text": "x", "attachments": [file]}
        assert olena.post(messages_path(ticket), body).wrong_fields == {"attachments"}

    def test_too_large_and_empty(self, ticket: Ticket, olena: Api, settings: Any) -> None:
        settings.MAX_UPLOAD_SIZE = 1000
        assert olena.upload(ticket.pk, content=b"x" * 1001).wrong_fields == {"file"}
        assert olena.upload(ticket.pk, content=b"x" * 100_000).code == "too_large"
        assert olena.upload(ticket.pk, content=b"").wrong_fields == {"file"}
        assert olena.post(f"tickets/{ticket.pk}/attachments/", {"file": "x"}).status == 415
        assert not Attachment.objects.exists()

    def test_a_file_whose_bytes_are_gone_is_404(self, ticket: Ticket, olena: Api) -> None:
        file = olena.upload(ticket.pk).body["id"]
        Attachment.objects.update(sha256="0" * 64)
        assert olena.get(f"attachments/{file}/").status == 404


def test_conversation_of_a_reply_is_that_of_the_message_answered(ticket: Ticket, olena: Api) -> None:
    sent = olena.post(messages_path(ticket), REPLY | {"text": "x"}).body
    assert Message.objects.get(pk=sent["id"]).conversation == Conversation.objects.get(ticket=ticket)


def test_json_nested_past_all_measure_is_the_senders_mistake(ticket: Ticket, olena: Api) -> None:
    for body in (b"[" * 200_000, b'{"a":' * 100_000, b'{"\\ud800": 1}'):
        answer = olena.post(f"tickets/{ticket.pk}/messages/", body)
        assert answer.status == 400


def test_a_token_that_may_only_write_is_told_no_words(house: House) -> None:
    ticket = open_ticket(house.channel, text="The secret of the parcel")
    api = Api.of(house.olena, scopes=("tickets:write",))
    path = messages_path(ticket)
    for kind in ("reply", "note"):
        refused = api.post(path, {"kind": kind, "text": "x", "expected_sequence": 0})
        assert refused.status == 409 and refused.body["missed_count"] == 1
        assert "secret of the parcel" not in refused.raw.decode()
    reads = Api.of(house.olena).post(path, {"kind": "reply", "text": "x", "expected_sequence": 0})
    assert reads.body["missed"][0]["text"] == "The secret of the parcel"
