"""Replies as the outbox hands them to a channel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from channels_inbound.email.compose import ComposedMail, compose_mail
from tickets.inbound import Address
from tickets.outbound import OutboundAttachment, OutboundMessage, QuotedOriginal

TOKEN = "a" * 25 + "2"
AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ZOE = Address("Zoe Bauer", "zoe@customer.example")
PDF = OutboundAttachment("invoice.pdf", "application/pdf", "0" * 64)


def outbound(**fields: Any) -> OutboundMessage:
    """Olena's answer to Zoe; every field can be said."""
    values: dict[str, Any] = {
        "message_id": 7,
        "attempt": 1,
        "ticket_id": 1042,
        "channel_id": 1,
        "channel_kind": "email",
        "channel_name": "Support",
        "channel_address": "support@shop.example",
        "locale": "en",
        "message_id_header": f"{TOKEN}@shop.example",
        "reply_token": TOKEN,
        "reply_address": f"support+{TOKEN}@shop.example",
        "subject": "Re: Where is my parcel?",
        "text": "It left this morning.",
        "html": "",
        "signature": "",
        "agent_name": "Olena",
        "to": (ZOE,),
        "cc": (),
        "bcc": (),
        "in_reply_to": "first@customer.example",
        "references": ("first@customer.example",),
        "attachments": (),
        "quoted": QuotedOriginal("Zoe Bauer", AT, "Hello, where is my parcel?"),
    }
    return OutboundMessage(**(values | fields))


def composed(**fields: Any) -> ComposedMail:
    return compose_mail(outbound(**fields), at=AT, load=lambda attachment: b"%PDF-1.7 content")
