"""A real mail by SMTP becomes a ticket, its answer leaves by SMTP, and the customer's reply finds its way back."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import override_settings

from channels_inbound.delivery import drain_outbound
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import RawDelivery, RawState
from tests.channels_inbound.mails import raw_mail, running_listener
from tests.people import events_of, make_house
from tests.support.smtp_sink import SmtpSink
from tickets.actions import reply
from tickets.models import Message, OutboxState, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_mail_becomes_a_ticket_and_its_answer_a_mail(tmp_path: Path, smtp_sink: SmtpSink) -> None:
    house = make_house()
    with running_listener(tmp_path) as listener:
        listener.send(raw_mail())
        assert RawDelivery.objects.get().state == RawState.STORED
        assert drain_inbound() == {"new": 1}
        ticket = Ticket.objects.get()
        assert ticket.subject == "Where is my parcel?"

        message = reply(ticket.pk, by=house.olena, text="It left this morning.", undo_seconds=0)
        with override_settings(EMAIL_URL=smtp_sink.url, EMAIL_HOST=smtp_sink.host, EMAIL_PORT=smtp_sink.port):
            assert drain_outbound() == {"accepted": 1}
        message.refresh_from_db()
        assert message.outbox == OutboxState.SENT
        sent = smtp_sink.wait_for(1)[0]
        answer = sent.message
        assert answer["In-Reply-To"] == "<first@customer.example>"
        assert answer["Message-ID"] == f"<{message.external_id}>"

        reply_address = answer["Reply-To"].addresses[0].addr_spec
        again = raw_mail(To=reply_address, Message_ID="<second@customer.example>", text="Thank you!\n")
        listener.send(again, reply_address)
        assert drain_inbound() == {"threaded": 1}
    assert Ticket.objects.count() == 1
    last = Message.objects.latest("sequence")
    assert (last.text, last.thread_layer) == ("Thank you!", "token")
    assert events_of(ticket.pk) == [
        "ticket.opened", "message.received", "message.queued", "message.sent", "delivery.accepted", "message.received",
    ]  # fmt: skip
