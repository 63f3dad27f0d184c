"""One click and no more mail of a kind: by the link of the mail alone, by nobody else's, and with a way back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from channels_inbound.email.compose import ComposedMail, compose_mail
from channels_inbound.email.parse import parse_email
from events.models import Event
from people.models import Identity, MailKind, Unsubscription
from people.permissions import PermissionDenied
from people.unsubscribing import unsubscribe, unsubscribe_url, unsubscribed
from tests.channels_inbound.replies import composed
from tests.people import NOW, ZOE, House, events_of, make_house, open_ticket, row_counts
from tests.security.world import signed_in
from tickets import actions
from tickets.actions.delivery import claim_replies
from tickets.errors import NotFound
from tickets.inbound import Address
from tickets.models import Message, OutboxState, Ticket
from tickets.unprompted import unprompted

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def zoe() -> Identity:
    return Identity.objects.get(value=ZOE.address, suspect=False)


def path() -> str:
    return urlsplit(unsubscribe_url(zoe().pk, MailKind.SURVEY, "en")).path


def said_of_customer() -> list[tuple[str, dict[str, Any]]]:
    return list(Event.objects.filter(stream_type="customer").order_by("sequence").values_list("kind", "data"))


def write_unprompted(house: House, ticket: Ticket) -> Message:
    """As whoever asks how we did would write it."""
    message = actions.reply(ticket.pk, by=house.olena, text="How did we do?", at=NOW, undo_seconds=0)
    message.envelope |= unprompted(zoe().pk, MailKind.SURVEY)
    message.save(update_fields=["envelope"])
    return message


def sent(message: Message) -> ComposedMail:
    assert message.not_before is not None
    (out,) = claim_replies(10, at=message.not_before)
    return compose_mail(out, at=NOW, load=lambda file: b"")


def test_looking_changes_nothing_and_one_click_does(house: House) -> None:
    open_ticket(house.channel)
    before, robot = row_counts(), Client(enforce_csrf_checks=True)
    page = robot.get(path())
    assert (page.status_code, ZOE.address in page.content.decode()) == (200, True)
    assert robot.head(path()).status_code == 200
    assert row_counts() == before

    assert robot.post(path(), ONE_CLICK).status_code == 200
    assert unsubscribed([zoe().pk], MailKind.SURVEY) == {zoe().pk}
    assert said_of_customer() == [("customer.unsubscribed", {"identity": zoe().pk, "kind": "survey"})]
    once = row_counts()
    assert robot.post(path(), ONE_CLICK).status_code == 200
    assert row_counts() == once
    assert "<form" not in robot.get(path()).content.decode()


@pytest.mark.parametrize("change", [
    lambda link: link.replace("survey", "answer"),
    lambda link: link.replace("unsubscribe/", "unsubscribe/9"),
    lambda link: link[:-3] + "xx/",
    lambda link: "/unsubscribe/1-survey/",
    lambda link: "/unsubscribe/.../",
])  # fmt: skip
def test_no_other_link_does_anything(house: House, change: Any) -> None:
    open_ticket(house.channel)
    before = row_counts()
    assert Client().post(change(path()), ONE_CLICK).status_code == 404
    assert row_counts() == before


def test_the_mail_carries_both_headers_and_the_link(house: House) -> None:
    mail = sent(write_unprompted(house, open_ticket(house.channel)))
    link = unsubscribe_url(zoe().pk, MailKind.SURVEY, "en")
    head = mail.content.decode().partition("\r\n\r\n")[0]
    assert f"\r\nList-Unsubscribe: <{link}>\r\n" in head
    assert "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in head
    assert "\r\nAuto-Submitted: auto-generated\r\n" in head
    assert mail.sender.startswith("support+")
    read = parse_email(mail.content)
    assert f"unsubscribe: {link}" in read.text
    assert f'href="{link}"' in read.html


def test_an_answer_carries_none(house: House) -> None:
    ticket = open_ticket(house.channel)
    mail = sent(actions.reply(ticket.pk, by=house.olena, text="It left.", at=NOW, undo_seconds=0))
    assert b"nsubscribe" not in mail.content


def test_a_link_goes_to_nobody_but_its_owner() -> None:
    with pytest.raises(ValueError, match="one address"):
        composed(unsubscribe_url="https://desk.example/u/", cc=(Address("", "ben@customer.example"),))


def test_whoever_unsubscribes_before_it_leaves_does_not_get_it(house: House) -> None:
    ticket = open_ticket(house.channel)
    message = write_unprompted(house, ticket)
    answer = actions.reply(ticket.pk, by=house.olena, text="It left.", at=NOW, undo_seconds=0)
    unsubscribe(zoe().pk, MailKind.SURVEY, at=NOW)
    claimed = claim_replies(10, at=NOW + timedelta(seconds=1))
    assert [one.message_id for one in claimed] == [answer.pk]
    message.refresh_from_db()
    assert message.outbox == OutboxState.WITHDRAWN
    withdrawn = Event.objects.get(stream_type="ticket", stream_id=ticket.pk, kind="message.withdrawn")
    assert withdrawn.data == {"message": message.pk, "sequence": message.sequence, "reason": "unsubscribed"}


def test_an_agent_can_note_that_they_want_it_again(house: House) -> None:
    ticket = open_ticket(house.channel)
    unsubscribe(zoe().pk, MailKind.SURVEY, at=NOW)
    form = {"identity": zoe().pk, "kind": "survey"}
    client = signed_in(house.olena)
    assert "Unsubscribed:" in client.get(f"/tickets/{ticket.pk}/pane/").json()["customer"]
    assert client.post(f"/tickets/{ticket.pk}/address/", form | {"kind": "news"}).status_code == 404
    assert Unsubscription.objects.count() == 1
    assert client.post(f"/tickets/{ticket.pk}/address/", form).status_code == 200
    assert "Unsubscribed:" not in client.get(f"/tickets/{ticket.pk}/pane/").json()["customer"]
    assert (Unsubscription.objects.count(), events_of(ticket.pk)[-1]) == (0, "address.subscribed")
    before = events_of(ticket.pk)
    actions.allow_mail_again(ticket.pk, zoe().pk, MailKind.SURVEY, by=house.olena)
    assert events_of(ticket.pk) == before


def test_nobody_else_may(house: House) -> None:
    ticket = open_ticket(house.channel)
    unsubscribe(zoe().pk, MailKind.SURVEY, at=NOW)
    before = row_counts()
    with pytest.raises(NotFound):
        actions.allow_mail_again(ticket.pk, zoe().pk, MailKind.SURVEY, by=house.mallory)
    with pytest.raises(PermissionDenied):
        actions.allow_mail_again(ticket.pk, zoe().pk, MailKind.SURVEY, by=house.vera)
    stranger = open_ticket(house.channel, sender=Address("Ann", "ann@customer.example"))
    now = row_counts()
    with pytest.raises(NotFound):
        actions.allow_mail_again(stranger.pk, zoe().pk, MailKind.SURVEY, by=house.olena)
    assert row_counts() == now
    assert (Unsubscription.objects.count(), before["people_unsubscription"]) == (1, 1)
