"""Threat 7: who gets an answer, by the headers of the mail answered; and nothing of the house leaves with it."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest

from channels_inbound.delivery import drain_outbound
from channels_inbound.models import DemoMail
from tests.people import House, make_house, open_ticket, receive
from tickets import actions
from tickets.inbound import Address
from tickets.models import Message
from tickets.recipients import Recipients, reply_recipients

OURS = frozenset({"support@shop.example", "returns@shop.example"})
Z, A, B = "zoe@c.example", "anna@c.example", "boss@c.example"
S, R = "support@shop.example", "returns@shop.example"
TOKEN = "support+abcdefghijklmnopqrstuvwxyz@shop.example"
# from, reply_to, to, cc -> (to, cc, differs), then (to, cc) of "reply all". An outbound message has no from.
GOLDEN: list[tuple[str, list[str], list[str], list[str], list[str], list[str], bool]] = [
    (Z, [], [S], [], [Z], [], False),
    (Z, [Z], [S], [], [Z], [], False),
    (Z, [A], [S], [], [A], [], True),
    (Z, [A, B], [S], [], [A, B], [], True),
    (Z, [Z, A], [S], [], [Z, A], [], True),
    (Z, [], [S, A], [], [Z], [A], False),
    (Z, [], [S], [A], [Z], [A], False),
    (Z, [], [S, A], [B], [Z], [A, B], False),
    (Z, [], [S, Z], [Z], [Z], [], False),
    (Z, [], [S, A, A], [A], [Z], [A], False),
    (Z, [A], [S, A], [B], [A], [B], True),
    (Z, [A], [S], [Z], [A], [Z], True),
    (Z, [], [S, R], [], [Z], [], False),
    (Z, [], [R], [S, A], [Z], [A], False),
    (Z, [], [TOKEN], [], [Z], [], False),
    (Z, [], [TOKEN, A], [], [Z], [A], False),
    (Z, [], ["SUPPORT@SHOP.EXAMPLE"], [], [Z], [], False),
    (Z.upper(), [], [S], [], [Z], [], False),
    (Z, [S], [S], [A], [], [A], True),
    (Z, [TOKEN], [S], [], [], [], True),
    (Z, ["not an address"], [S], [], [Z], [], False),
    (Z, ["a@b@c"], [S], [], [Z], [], False),
    (Z, [], ["undisclosed-recipients"], [], [Z], [], False),
    (Z, [], [S], ["x y@c.example"], [Z], [], False),
    (Z, [], [S], ["a,b@c.example"], [Z], [], False),
    (Z, [], [S], ["<a@c.example>"], [Z], [], False),
    (Z, [], [S], ["a@c.example\nbcc: b@c.example"], [Z], [], False),
    (Z, [], [], [], [Z], [], False),
    (S, [], [S], [], [], [], False),
    (S, [], [A], [B], [A], [B], False),
    ("", [], [A], [B], [A], [B], False),
    ("", [], [A, S], [], [A], [], False),
    ("", [A], [S], [], [A], [], False),
]  # fmt: skip


def people(addresses: list[str]) -> list[dict[str, str]]:
    return [{"name": "", "address": address} for address in addresses]


@pytest.mark.parametrize("row", GOLDEN, ids=range(len(GOLDEN)))
def test_recipients_come_from_the_message_answered(
    row: tuple[str, list[str], list[str], list[str], list[str], list[str], bool],
) -> None:
    sender, reply_to, to, cc, answer_to, everybody_else, differs = row
    envelope = {"reply_to": people(reply_to), "to": people(to), "cc": people(cc), "bcc": people([B])}
    envelope |= {"from": {"name": "", "address": sender}} if sender else {}

    def addresses(found: Recipients) -> tuple[list[str], list[str], list[str]]:
        return tuple([entry.address for entry in part] for part in (found.to, found.cc, found.bcc))  # type: ignore[return-value]

    one, everyone = reply_recipients(envelope, OURS), reply_recipients(envelope, OURS, reply_all=True)
    assert addresses(one) == (answer_to, [], [])
    assert addresses(everyone) == (answer_to, everybody_else, [])
    assert one.differs == differs


@pytest.fixture
def house(transactional_db: None, settings: object) -> House:
    settings.EMAIL_URL, settings.DEMO_MAILBOX = "", True  # type: ignore[attr-defined]
    return make_house()


def test_notes_colleagues_and_blind_copies_stay_in_the_house(house: House) -> None:
    """Everything of the ticket is read for words that are ours alone: notes, drafts, agents' addresses, blind copies."""
    ticket = open_ticket(house.channel, external_id="first@c.example", text="Where is it?", cc=(Address("Anna", A),))
    actions.add_note(ticket.pk, by=house.ben, text="geheim-notiz: she always complains")
    actions.save_draft(ticket.pk, by=house.ben, kind="outbound", text="geheim-entwurf", recipients={}, revision=0)
    actions.add_tag(ticket.pk, by=house.ben, name="geheim-tag")
    actions.assign_ticket(ticket.pk, by=house.adam, assignee=house.ben)
    for text in ("It left this morning.", "And it arrives tomorrow."):
        actions.reply(ticket.pk, by=house.olena, text=text, reply_all=True, bcc=["auditor@audit.example"],
                      confirmed=["auditor@audit.example"], undo_seconds=0)  # fmt: skip
        receive(house.channel, in_reply_to="first@c.example", text="Thanks", cc=(Address("Anna", A),))
    assert drain_outbound() == {"accepted": 2}

    for sent in DemoMail.objects.all():
        content = bytes(sent.content)
        parsed = message_from_bytes(content, policy=default)
        words = content.decode() + "".join(
            part.get_content() for part in parsed.walk() if part.get_content_maintype() == "text"
        )
        inside = ["geheim", "ben@", "olena@", "adam@", "auditor", "Bcc", house.ben.name, "127.0.0.1"]
        assert [word for word in inside if word.lower() in words.lower()] == []
        assert sorted(sent.rcpt_tos) == [A, "auditor@audit.example", "zoe@customer.example"]
        assert not parsed["Bcc"]


def test_a_note_is_never_queued_and_shares_no_id_with_customers(house: House) -> None:
    ticket = open_ticket(house.channel)
    note = actions.add_note(ticket.pk, by=house.olena, text="Inside")
    note.refresh_from_db()
    assert (note.outbox, note.reply_token, note.external_id, note.envelope) == ("", None, "", {})
    assert drain_outbound() == {}


def test_what_a_stranger_wrote_into_a_thread_never_reaches_the_customer(house: House) -> None:
    """Threat 1: a mail that somebody made a third party send into our thread (a code, a link to sign in) is shown to
    agents with a mark, and leaves with no answer: neither quoted, nor as recipient, nor when it is itself answered."""
    ticket = open_ticket(house.channel, external_id="first@c.example")
    sent = actions.reply(ticket.pk, by=house.olena, text="Hello", undo_seconds=0)
    drain_outbound()
    robot = Address("Accounts", "no-reply@accounts.example")
    code = receive(house.channel, sender=robot, tokens=(sent.reply_token,), external_id="code@accounts.example",
                   subject="Your code is 481516", text="Your code is 481516")  # fmt: skip
    pending = Message.objects.get(pk=code.message_id)
    assert (code.ticket_id, pending.pending) == (ticket.pk, True)

    actions.reply(ticket.pk, by=house.olena, text="Anything else?", reply_all=True, undo_seconds=0)
    actions.reply(
        ticket.pk, by=house.olena, text="To whom?", answers=pending.pk, to=["zoe@customer.example"], undo_seconds=0
    )
    drain_outbound()

    assert DemoMail.objects.count() == 3
    for mail in DemoMail.objects.all():
        assert mail.rcpt_tos == ["zoe@customer.example"]
        content = message_from_bytes(bytes(mail.content), policy=default)
        told = str(content["Subject"]) + "".join(
            part.get_content() for part in content.walk() if part.get_content_maintype() == "text"
        )
        assert "481516" not in told
