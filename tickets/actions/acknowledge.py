"""The automatic "we have it": once a ticket, once a day an address, and nothing in it that a stranger wrote.

Whoever forges a sender could make us mail people who never wrote to us (threat 12), and two machines could talk to
each other for ever (threat 11). So the text is the channel's own, the envelope sender is empty, the mail says that no
person wrote it, and both an address and the whole house have a limit.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from events.actors import SYSTEM
from people.models import Identity
from tickets.events import TicketEvent
from tickets.languages import language_of
from tickets.models import (
    Acknowledgement,
    AutoKind,
    Channel,
    Message,
    MessageKind,
    SenderVerdict,
    Ticket,
)
from tickets.recipients import is_address, plain
from tickets.storms import automatic_answer_held

from .automatic import queue_automatic
from .base import record

AGAIN_AFTER = timedelta(days=1)
# Addresses that say themselves that nobody reads them.
_UNREAD = re.compile(
    r"(no-?reply|do-?not-?reply|mailer-daemon|postmaster|bounces?|notifications?|listserv|majordomo)([+._-].*)?"
)

# One row an address: of two workers at once the second waits for the first and then finds it too early.
_TAKE_TURN = """
INSERT INTO tickets_acknowledgement (identity_id, at) VALUES (%(identity)s, %(at)s)
ON CONFLICT (identity_id) DO UPDATE SET at = EXCLUDED.at WHERE tickets_acknowledgement.at <= %(before)s
"""


def acknowledge_ticket(ticket_id: int, *, at: datetime | None = None) -> Message | None:
    """Tell whoever opened the ticket that it arrived, if the channel does so; None when it does not, or may not.

    A limit that held it back is recorded on the ticket. Calling it again for the same ticket changes nothing.
    """
    at = at or timezone.now()
    with transaction.atomic():
        tickets = Ticket.objects.select_for_update(of=("self",)).select_related("channel", "customer")
        ticket = tickets.filter(pk=ticket_id).first()
        if ticket is None or not ticket.channel.acknowledges:
            return None
        first = (
            Message.objects.filter(ticket=ticket, sequence=1)
            .select_related("identity", "conversation__channel")
            .first()
        )
        if first is None or first.identity is None or not machine_may_answer(first) or _done(ticket):
            return None
        if reason := automatic_answer_held(ticket.pk, [first.identity.pk], at=at) or _held_back(first.identity, at):
            data = {"reason": reason, "identity": first.identity.pk}
            record(ticket, TicketEvent.ACKNOWLEDGEMENT_WITHHELD, by=SYSTEM, at=at, data=data)
            return None
        return _queue(ticket, first, at)


def machine_may_answer(first: Message) -> bool:
    """Only a person's mail from an address that may be theirs is answered by a machine (RFC 3834). Its identity is
    read."""
    if first.kind != MessageKind.INBOUND or first.auto_kind or first.pending or first.identity is None:
        return False
    if first.verdict == SenderVerdict.FAIL or first.identity.suspect:
        return False
    address = first.identity.value
    local = address.rpartition("@")[0]
    ours = Channel.objects.filter(address__in=[address, plain(address)]).exists()
    elsewhere = "." in address.rpartition("@")[2] and not address.endswith(".invalid")
    return is_address(address) and elsewhere and not ours and not _UNREAD.fullmatch(local)


def _done(ticket: Ticket) -> bool:
    """Whether it was acknowledged, or an agent was quicker."""
    return Message.objects.filter(ticket=ticket, kind=MessageKind.OUTBOUND).exists()


def _held_back(identity: Identity, at: datetime) -> str:
    """Why no acknowledgement goes to this address now; taking its turn is part of asking."""
    hour = Acknowledgement.objects.filter(at__gt=at - timedelta(hours=1)).count()
    if hour >= settings.ACKNOWLEDGEMENTS_PER_HOUR:
        return "house_limit"
    with connection.cursor() as cursor:
        # One mailbox may be written in many ways (name+anything@), and each would have a turn of its own.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [plain(identity.value)])
        local, _at, domain = plain(identity.value).rpartition("@")
        tagged = Q(identity__value__startswith=f"{local}+", identity__value__endswith=f"@{domain}")
        twins = Acknowledgement.objects.filter(tagged | Q(identity__value=plain(identity.value)))
        if twins.filter(at__gt=at - AGAIN_AFTER).exclude(identity=identity).exists():
            return "address_limit"
        cursor.execute(_TAKE_TURN, {"identity": identity.pk, "at": at, "before": at - AGAIN_AFTER})
        return "" if cursor.rowcount else "address_limit"


def _queue(ticket: Ticket, first: Message, at: datetime) -> Message:
    language = language_of(ticket)
    with translation.override(language):
        subject = _("We have received your message")
        text = ticket.channel.acknowledgement.strip() or _default_text()
    return queue_automatic(
        ticket, first.conversation, to=[{"name": "", "address": _address(first)}], subject=subject, text=text,
        kind=AutoKind.RECEIPT, language=language, at=at, answers=first.external_id,
    )  # fmt: skip


def _address(first: Message) -> str:
    return first.identity.value if first.identity else ""


def _default_text() -> str:
    return _(
        "Hello,\n\n"
        "thank you for writing to us. Your message has arrived and a person will answer it.\n\n"
        "To add something, simply answer this mail."
    )
