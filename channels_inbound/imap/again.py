"""A mail of which a mailbox gave only the header, fetched once more."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.imap.cursor import Lease, LeaseLost, held
from channels_inbound.imap.folder import Fetched
from channels_inbound.models import AfterFetch, FetchedMail, Mailbox, RawBody, RawDelivery, RawState
from channels_inbound.quarantine import channels_visible_to
from events.actors import SYSTEM
from events.doorbell import ring
from events.ledger import record_event
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.errors import NotFound, TooLate

GONE = "the mail is no longer in the mailbox; this is its header"
BROKEN = "the connection broke while this mail was being fetched again"
AT_ONCE = 20


def fetch_again(delivery_id: int, *, by: Agent, at: datetime | None = None) -> None:
    """Have the mailbox asked for the whole mail within seconds. NotFound outside the agent's sight; TooLate when
    nobody waits for it any more, or the mailbox does not know it under its number. Repeating it changes nothing."""
    if not (by.is_active and by.may(Permission.HANDLE_QUARANTINE)):
        raise PermissionDenied(_("Your role does not allow this."))
    at = at or timezone.now()
    with transaction.atomic():
        seen = RawDelivery.objects.filter(pk=delivery_id, channel__in=channels_visible_to(by))
        if not seen.exists():
            raise NotFound(_("There is no such mail."))
        mail = FetchedMail.objects.filter(delivery=delivery_id).order_by("-epoch").first()
        mailbox = Mailbox.objects.select_for_update().filter(pk=mail.mailbox_id).first() if mail else None
        delivery = seen.select_for_update(of=("self",)).get()
        if delivery.state != RawState.QUARANTINED or not delivery.envelope.get("incomplete"):
            raise TooLate(_("This mail is no longer in quarantine."))
        if mail is None or mailbox is None or mailbox.epoch != mail.epoch:
            raise TooLate(_("The mailbox does not know this mail under its old number any more."))
        if not FetchedMail.objects.filter(pk=mail.pk, wanted_again=False).update(wanted_again=True):
            return
        # Whoever waits there for new mail stops and comes again.
        mailbox.version, mailbox.next_look_at = mailbox.version + 1, at
        mailbox.save(update_fields=["version", "next_look_at"])
        _record(delivery.channel_id, ChannelEvent.MAIL_RETRIED, delivery_id, by=by, at=at, fetch=True)


def take_wanted(lease: Lease, epoch: int) -> list[int]:
    """Numbers to fetch once more. Each is given out once: one that breaks the connection does not come again."""
    with held(lease) as mailbox:
        rows = FetchedMail.objects.filter(mailbox=mailbox, wanted_again=True, epoch=epoch).order_by("uid")
        wanted = dict(rows.values_list("pk", "uid")[:AT_ONCE])
        FetchedMail.objects.filter(pk__in=wanted).update(wanted_again=False)
    return sorted(wanted.values())


def keep(lease: Lease, epoch: int, uid: int, fetched: Fetched | None, reason: str, *, at: datetime) -> None:
    """The whole mail takes the header's place and is read; or the new reason takes the old one's."""
    with held(lease) as mailbox:
        if mailbox.epoch != epoch:
            raise LeaseLost
        mail = FetchedMail.objects.filter(mailbox=mailbox, epoch=epoch, uid=uid).first()
        waiting = RawDelivery.objects.select_for_update().filter(state=RawState.QUARANTINED, envelope__incomplete=True)
        delivery = waiting.filter(pk=mail.delivery_id or 0).first() if mail else None
        if mail is None or delivery is None:
            return  # meanwhile somebody took the header for the mail
        if fetched is None or reason:
            delivery.reason = reason.replace("\x00", "")[:500]
            delivery.save(update_fields=["reason"])
        else:
            _replace(mailbox, mail, delivery, fetched.content)
            ring("inbound")
        done = delivery.state == RawState.STORED
        _record(delivery.channel_id, ChannelEvent.MAIL_REFETCHED, delivery.pk, by=None, at=at, whole=done)


def _replace(mailbox: Mailbox, mail: FetchedMail, delivery: RawDelivery, content: bytes) -> None:
    RawBody.objects.filter(delivery=delivery).update(content=content)
    delivery.size, delivery.state, delivery.reason = len(content), RawState.STORED, ""
    delivery.attempts, delivery.lease_until, delivery.finished_at = 0, None, None
    delivery.envelope = {name: value for name, value in delivery.envelope.items() if name != "incomplete"}
    delivery.save(update_fields=["size", "state", "reason", "attempts", "lease_until", "finished_at", "envelope"])
    mail.digest = hashlib.sha256(content).digest()
    mail.action_owed = mailbox.after_fetch != AfterFetch.LEAVE
    mail.save(update_fields=["digest", "action_owed"])


def _record(
    channel_id: int, kind: ChannelEvent, delivery: int, *, by: Agent | None, at: datetime, **data: bool
) -> None:
    lock_channel(channel_id)
    actor = by.actor if by else SYSTEM
    record_event(channel_stream(channel_id), kind, by=actor, at=at, data={"delivery": delivery, **data})
