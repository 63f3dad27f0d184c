"""Threats 9 and 11: headers that machines go by, written by strangers, change nothing; and no mail makes us send one."""

from __future__ import annotations

import pytest

from channels_inbound.delivery import drain_outbound
from channels_inbound.email.loop import HEADER, loop_mark
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import DemoMail, RawDelivery
from channels_inbound.raw import store_raw
from events.delivery import drain
from tests.channels_inbound.mails import raw_mail
from tests.people import House, make_house
from tickets import actions
from tickets.errors import InvalidInput
from tickets.models import Message, MessageKind, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house(settings: object) -> House:
    settings.EMAIL_URL, settings.DEMO_MAILBOX = "", True  # type: ignore[attr-defined]
    return make_house()


def bring_in(house: House, content: bytes, mail_from: str = "zoe@customer.example") -> RawDelivery:
    [pk] = store_raw([house.channel.pk], transport="smtp", content=content, envelope={"mail_from": mail_from})
    drain_inbound()
    drain()
    return RawDelivery.objects.get(pk=pk)


AUTOMATIC = {
    "vacation": {"Auto_Submitted": "auto-replied"},
    "generated": {"Auto_Submitted": "auto-generated"},
    "bulk": {"Precedence": "bulk"},
    "list": {"List_Id": "<news.example>"},
    "exchange": {"X_Auto_Response_Suppress": "All"},
    "subject": {"Subject": "Automatic reply: Where is my parcel?"},
    "our own mark, forged": {HEADER: "abc.def"},
    "to our own address": {"From": "support@shop.example"},
    "plain": {},
}


@pytest.mark.parametrize("fields", AUTOMATIC.values(), ids=AUTOMATIC)
@pytest.mark.parametrize("mail_from", ["", "zoe@customer.example", "support@shop.example"])
def test_no_mail_makes_us_send_one_by_ourselves(house: House, fields: dict[str, str], mail_from: str) -> None:
    """So two helpdesks wired to each other stop before the first round: whatever is not written by an agent stays."""
    bring_in(house, raw_mail(**fields), mail_from)
    assert drain_outbound() == {}
    assert not Message.objects.filter(kind=MessageKind.OUTBOUND).exists()
    assert not DemoMail.objects.exists()


def test_two_helpdesks_wired_to_each_other_stop(house: House) -> None:
    """What an agent sends goes to another helpdesk, which sends it back, automatically, for ever: nothing of ours
    answers, the thread does not reopen, and each mail is one message."""
    bring_in(house, raw_mail(From="bot@other.example"))
    ticket = Ticket.objects.get()
    actions.reply(ticket.pk, by=house.olena, text="It left.", undo_seconds=0, then_status="solved")
    assert drain_outbound() == {"accepted": 1}
    sent = Message.objects.get(kind=MessageKind.OUTBOUND)
    for number in range(20):
        bring_in(house, raw_mail(
            From="bot@other.example", To=f"support+{sent.reply_token}@shop.example", Auto_Submitted="auto-replied",
            Message_ID=f"<{number}@other.example>", In_Reply_To=f"<{sent.external_id}>", text=f"We got it. {number}\n",
        ))  # fmt: skip
        assert drain_outbound() == {}
    ticket.refresh_from_db()
    assert (ticket.status, ticket.waiting_since) == ("solved", None)
    assert (Ticket.objects.count(), DemoMail.objects.count()) == (1, 1)
    assert Message.objects.filter(kind=MessageKind.INBOUND).count() == 21


def test_our_own_mail_coming_back_by_another_way_is_kept_out(house: House) -> None:
    bring_in(house, raw_mail())
    ticket = Ticket.objects.get()
    sent = actions.reply(ticket.pk, by=house.olena, text="It left.", undo_seconds=0)
    drain_outbound()
    content = bytes(DemoMail.objects.get().content)
    before = Message.objects.count()
    for copy in (content, b"Received: from a by b; now\r\n" + content):
        assert bring_in(house, copy).state == "ignored"
    marked = raw_mail(**{"Message_ID": "<changed@list.example>", HEADER: loop_mark(sent.reply_token or "")})
    bring_in(house, marked)
    assert Message.objects.count() - before <= 1
    assert drain_outbound() == {}


def test_an_answer_never_goes_to_an_address_of_ours(house: House) -> None:
    bring_in(house, raw_mail(From="returns@shop.example", Reply_To="support@shop.example"))
    with pytest.raises(InvalidInput):
        actions.reply(Ticket.objects.get().pk, by=house.olena, text="Hello, me.")
    with pytest.raises(InvalidInput):
        actions.reply(Ticket.objects.get().pk, by=house.olena, text="Hello, me.", to=["support+x@shop.example"])
