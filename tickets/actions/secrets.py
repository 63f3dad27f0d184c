"""What was hidden in a message: shown to whoever may see it, or taken out for good; and words an agent chooses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.audit import AuditKind, note
from people.credentials import CredentialsError
from people.models import Agent
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.events import TicketEvent
from tickets.models import Message, OutboxState, Secret, SecretKind, Ticket
from tickets.sensitive.arriving import MOST
from tickets.sensitive.keeping import opened, sealed
from tickets.sensitive.masking import FoundSecret
from tickets.sensitive.redacting import holds, take_out

from .base import lock_message_ticket, record, require

# Fewer letters would take out what nobody meant.
SHORTEST, LONGEST = 4, 5_000


def reveal_secret(secret_id: int, *, by: Agent) -> str:
    """What was hidden. That it was shown, and to whom, stays in the audit. NotFound outside the agent's scope, for what
    is gone and for a kind that is not theirs to see; PermissionDenied for whoever may see none."""
    if not may_reveal(by, SecretKind.IBAN):
        require(by, Permission.REVEAL_SECRETS)
    visible = Secret.objects.filter(message__ticket__in=Ticket.objects.visible_to(by), going=False)
    secret = visible.select_related("message").filter(pk=secret_id).exclude(secret="").first()
    if secret is None or not may_reveal(by, secret.kind):
        raise NotFound(_("There is no such text any more."))
    try:
        value = opened(secret.secret)
    except CredentialsError:
        raise NotFound(_("No key of this helpdesk opens it any more.")) from None
    note(
        AuditKind.MASK_LIFTED, by=by.actor, ticket_id=secret.message.ticket_id, what=f"{secret.kind} {secret.pk}",
    )  # fmt: skip
    return value


def may_reveal(agent: Agent, kind: str) -> bool:
    """Whether the agent may see what is masked as this: a bank account is what a refund goes to, the rest is nobody's
    daily work."""
    if agent.may(Permission.REVEAL_SECRETS):
        return True
    return kind == SecretKind.IBAN and agent.may(Permission.REVEAL_ACCOUNTS)


def redact_secret(secret_id: int, *, by: Agent, at: datetime | None = None) -> Message:
    """Take out for good what was masked: nobody can see it any more, nor find it in the raw mail. The same again
    changes nothing."""
    message_id = Secret.objects.filter(pk=secret_id).values_list("message", flat=True).first()
    if message_id is None:
        raise NotFound(_("There is no such text any more."))
    with transaction.atomic():
        ticket, message = lock_message_ticket(message_id, by=by, permission=Permission.REDACT)
        secret = Secret.objects.select_for_update().get(pk=secret_id)
        if secret.going or secret.gone_at is not None:
            return message
        secret.going = True
        secret.save(update_fields=["going"])
        _record(ticket, message, secret.kind, [], by=by, at=at)
    return message


def redact_text(message_id: int, *, text: str, by: Agent, at: datetime | None = None) -> Message:
    """Take words out of a message and wherever else they stand on its ticket, for good; copies that lie elsewhere (raw
    mail, the customer's other tickets) follow. InvalidInput when the message does not hold them, or is just leaving."""
    words = " ".join(text.replace("\x00", "").split())
    with transaction.atomic():
        ticket, message = lock_message_ticket(message_id, by=by, permission=Permission.REDACT)
        if not SHORTEST <= len(words) <= LONGEST:
            raise InvalidInput("text", _("Choose at least four characters."))
        chosen = FoundSecret(SecretKind.CHOSEN.value, words)
        if not holds(message, chosen, whole=True):
            raise InvalidInput("text", _("These words do not stand in the message. Copy them from it as they are."))
        if Message.objects.filter(ticket=ticket, outbox=OutboxState.SENDING).exists():
            raise InvalidInput("text", _("A reply is just leaving. Try again in a moment."))
        also = take_out(ticket, [chosen], whole=True)
        Secret.objects.create(message=message, kind=SecretKind.CHOSEN, secret=sealed(words), going=True)
        _record(ticket, message, SecretKind.CHOSEN.value, also, by=by, at=at)
        message.refresh_from_db()
    return message


def keep_secrets(message: Message, secrets: Sequence[FoundSecret], *, going: bool) -> None:
    """Note what was taken out of a locked message's new words."""
    Secret.objects.bulk_create(
        Secret(message=message, kind=one.kind, ends=one.ends, secret=sealed(one.value), going=going)
        for one in secrets[:MOST]
    )


def keep_written(message: Message, secrets: Sequence[FoundSecret], *, gone: bool) -> None:
    """Note what an agent wrote and was masked. What is `gone` was never kept anywhere, so nothing need go."""
    at = timezone.now() if gone else None
    Secret.objects.bulk_create(
        Secret(message=message, kind=one.kind, ends=one.ends, secret="" if gone else sealed(one.value), gone_at=at)
        for one in secrets[:MOST]
    )


def _record(ticket: Ticket, message: Message, kind: str, also: list[int], *, by: Agent, at: datetime | None) -> None:
    others = [pk for pk in also if pk != message.pk]
    data = {"message": message.pk, "kind": kind, **({"also": others} if others else {})}
    record(ticket, TicketEvent.MESSAGE_REDACTED, by=by.actor, at=at or timezone.now(), data=data)
