"""What an export holds: JSON by topic, each ticket in a file of its own, their files and mails as they came."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q

from channels_inbound.models import RawBody
from commerce.models import Buyer, Order
from events.models import Event
from livechat.models import Round, Visitor
from metrics.models import SurveyAnswer
from people.models import Claim, Customer, CustomerNote, Identity, Unsubscription
from people.storage import open_blob
from tickets.models import Attachment, Call, FieldValue, Message, Ticket

from .models import ConsentEntry
from .subject import Subject

MESSAGE = ("id", "kind", "at", "subject", "text", "html", "language", "envelope", "agent__name", "identity__value")


def write_contents(subject: Subject, archive: zipfile.ZipFile) -> None:
    """Everything of the person, piece by piece, so that nothing large is held at once."""
    for name, rows in _topics(subject):
        archive.writestr(f"{name}.json", as_json(list(rows)))
    for ticket in Ticket.objects.filter(pk__in=subject.tickets).order_by("pk").iterator():
        archive.writestr(f"tickets/{ticket.pk}.json", as_json(_ticket(ticket)))
    elsewhere = subject.messages.exclude(ticket__in=subject.tickets).filter(identity__in=subject.identities)
    archive.writestr("messages_elsewhere.json", as_json(list(elsewhere.order_by("pk").values(*MESSAGE))))
    theirs = subject.messages.values("pk")
    for file in Attachment.objects.filter(message__in=theirs).order_by("pk").iterator():
        _write_file(file, archive)
    for body in RawBody.objects.filter(delivery__message__in=theirs).order_by("pk").iterator(chunk_size=5):
        archive.writestr(f"mails/{body.pk}.eml", bytes(body.content))


def _topics(subject: Subject) -> Iterator[tuple[str, Iterable[Any]]]:
    mails, phones = subject.reachable()
    customers, identities, tickets = subject.customers, subject.identities, subject.tickets
    yield (
        "customer",
        Customer.objects.filter(pk__in=customers).values("id", "name", "locale", "time_zone", "created_at"),
    )
    yield "addresses", Identity.objects.filter(pk__in=identities).values("kind", "value", "display_name", "created_at")
    yield "claims", Claim.objects.filter(identity__in=identities).values("kind", "value", "at")
    yield "unsubscriptions", Unsubscription.objects.filter(identity__in=identities).values("kind", "at")
    consents = ConsentEntry.objects.filter(customer__in=customers).order_by("at", "pk")
    yield "consents", consents.values("purpose", "given", "how", "proof", "at")
    yield "notes", CustomerNote.objects.filter(customer__in=customers).values("at", "text", "by__name")
    buyers = Buyer.objects.filter(Q(email__in=mails) | Q(phone__in=phones))
    yield (
        "orders",
        Order.objects.filter(buyer__in=buyers).values(
            "number", "status", "currency", "total", "refunded", "placed_at", "items", "tracking", "shop__name"
        ),
    )
    yield (
        "survey_answers",
        SurveyAnswer.objects.filter(customer__in=customers).values(
            "answered_at", "kind", "score", "reasons", "comment"
        ),
    )
    yield "chats", Round.objects.filter(ticket__in=tickets).values("ticket", "ended_at", "score", "comment", "rated_at")
    yield (
        "chat_visitors",
        Visitor.objects.filter(identity__in=identities).values(
            "subject", "name", "email", "language", "traits", "created_at"
        ),
    )
    about = Q(stream_type="customer", stream_id__in=customers) | Q(stream_type="ticket", stream_id__in=tickets)
    yield "events", Event.objects.filter(about).order_by("id").values("at", "kind", "stream_type", "stream_id", "data")


def _ticket(ticket: Ticket) -> dict[str, Any]:
    messages = Message.objects.filter(ticket=ticket).order_by("sequence").values(*MESSAGE)
    calls = Call.objects.filter(ticket=ticket).values("started_at", "direction", "outcome", "number", "note")
    fields = FieldValue.objects.filter(ticket=ticket).values("field__name", "value")
    return {
        "number": ticket.pk, "subject": ticket.subject, "status": ticket.status, "opened_at": ticket.opened_at,
        "messages": list(messages), "calls": list(calls), "fields": list(fields),
    }  # fmt: skip


def _write_file(file: Attachment, archive: zipfile.ZipFile) -> None:
    name = re.sub(r"[^\w.-]", "_", file.filename)[-80:]
    place = f"files/{file.public_id}-{name}"
    with suppress(FileNotFoundError), open_blob(file.sha256) as source, archive.open(place, "w") as target:
        while chunk := source.read(1 << 20):
            target.write(chunk)


def as_json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
