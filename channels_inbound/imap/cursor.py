"""What a visit commits: mails and the cursor together, and only while the mailbox is still lent to this visit.

Every function here is one transaction. A visit whose lease was given to another gets LeaseLost and has written
nothing; a process killed anywhere leaves the mails stored and counted, or neither.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.imap.folder import Fetched
from channels_inbound.models import AfterFetch, FetchedMail, Mailbox, RawDelivery, RawState, StartFrom
from channels_inbound.raw import store_raw
from events.actors import SYSTEM
from events.ledger import record_event
from events.tracing import new_trace

# Numbers become visible a little out of order on busy servers: so many below the cursor are looked at again.
LOOK_BACK = 200
# After a renumbering, mail since the last complete look and a little before is looked through again.
WINDOW = timedelta(days=3)
CLOCKS_DIFFER = timedelta(minutes=5)
OWED_AT_ONCE = 200
# So many unread mails of a channel are enough while an old folder is gone through: live mail queues behind them.
READ_FIRST = 200


class LeaseLost(Exception):
    """Another process has this mailbox now, or its settings changed."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to one mailbox."""

    mailbox_id: int
    token: uuid.UUID


@dataclass(frozen=True, slots=True)
class Position:
    """Where to read on. `catching_up`: the folder was never read to its end under these numbers."""

    epoch: int
    last_uid: int
    floor_uid: int
    since: datetime | None
    stalls: int
    catching_up: bool

    @property
    def start(self) -> int:
        return max(self.floor_uid, self.last_uid - LOOK_BACK)


@contextmanager
def held(lease: Lease) -> Iterator[Mailbox]:
    """The mailbox, locked and still ours, for one transaction."""
    with transaction.atomic():
        mailbox = (
            Mailbox.objects.select_for_update(no_key=True).filter(pk=lease.mailbox_id, lease_token=lease.token).first()
        )
        if mailbox is None:
            raise LeaseLost
        yield mailbox


def align(lease: Lease, *, uidvalidity: int, uidnext: int, at: datetime) -> Position:
    """Where to read on in a folder that is numbered so, now. Notices that the server numbered it anew."""
    with held(lease) as mailbox:
        if mailbox.uidvalidity is None:
            mailbox.since = _beginning(mailbox)
        elif mailbox.uidvalidity != uidvalidity or uidnext <= mailbox.last_uid:
            # The second: a server restored from a backup gives numbers again that it gave before.
            _begin_again(mailbox, at=at, uidvalidity=uidvalidity)
        mailbox.uidvalidity = uidvalidity
        mailbox.save(
            update_fields=["uidvalidity", "epoch", "last_uid", "floor_uid", "since", "caught_up_at", "renumbered_at"]
        )
        catching_up = mailbox.caught_up_at is None or mailbox.since is not None
    return Position(mailbox.epoch, mailbox.last_uid, mailbox.floor_uid, mailbox.since, mailbox.stalls, catching_up)


def _beginning(mailbox: Mailbox) -> datetime | None:
    """The arrival of the oldest mail that is wanted at all; None for everything."""
    if mailbox.start_from == StartFrom.EVERYTHING:
        return None
    days = mailbox.start_days if mailbox.start_from == StartFrom.DAYS else 0
    return mailbox.created_at - timedelta(days=days) - CLOCKS_DIFFER


def _begin_again(mailbox: Mailbox, *, at: datetime, uidvalidity: int) -> None:
    beginning = _beginning(mailbox)
    window = mailbox.caught_up_at - WINDOW if mailbox.caught_up_at else beginning
    mailbox.since = max(window, beginning) if window and beginning else window
    mailbox.epoch += 1
    mailbox.last_uid = mailbox.floor_uid = 0
    mailbox.renumbered_at = at
    lock_channel(mailbox.channel_id)
    record_event(
        channel_stream(mailbox.channel_id), ChannelEvent.MAILBOX_RENUMBERED, by=SYSTEM, at=at,
        data={"mailbox": mailbox.pk, "from": mailbox.uidvalidity, "to": uidvalidity},
    )  # fmt: skip


def unknown(lease: Lease, epoch: int, uids: Collection[int]) -> list[int]:
    """Those of the numbers that are not ours yet, in order."""
    if not uids:
        return []
    known = FetchedMail.objects.filter(
        mailbox=lease.mailbox_id, epoch=epoch, uid__gte=min(uids), uid__lte=max(uids)
    ).values_list("uid", flat=True)
    return sorted(set(uids) - set(known))


def store(lease: Lease, epoch: int, mails: Sequence[Fetched], *, passed: int, at: datetime) -> list[int]:
    """Make the mails ours and move the cursor to `passed`, in one commit; the ids of the deliveries.

    Bytes that came under an earlier numbering are ours already: they are only written down under their new number.
    """
    with held(lease) as mailbox:
        if mailbox.epoch != epoch:
            raise LeaseLost
        fresh = [fetched for fetched in mails if fetched.listed.uid in set(unknown(lease, epoch, _uids(mails)))]
        digests = [hashlib.sha256(fetched.content).digest() for fetched in fresh]
        earlier = _earlier(mailbox, epoch, digests)
        rows, new = [], []
        for fetched, digest in zip(fresh, digests, strict=True):
            if fetched.content and digest in earlier:
                delivery = earlier[digest]
            else:
                delivery = _store_one(mailbox, epoch, fetched, at=at)
                new.append(delivery)
            owed = mailbox.after_fetch != AfterFetch.LEAVE and not fetched.reason
            rows.append(
                FetchedMail(mailbox=mailbox, epoch=epoch, uid=fetched.listed.uid, digest=digest,
                            delivery_id=delivery, action_owed=owed)
            )  # fmt: skip
        FetchedMail.objects.bulk_create(rows)
        mailbox.last_uid = max(mailbox.last_uid, passed)
        mailbox.stalls = 0
        mailbox.last_mail_at = at if new else mailbox.last_mail_at
        mailbox.save(update_fields=["last_uid", "stalls", "last_mail_at"])
    return new


def _uids(mails: Sequence[Fetched]) -> list[int]:
    return [fetched.listed.uid for fetched in mails]


def _earlier(mailbox: Mailbox, epoch: int, digests: Sequence[bytes]) -> dict[bytes, int | None]:
    if not epoch:
        return {}
    rows = FetchedMail.objects.filter(mailbox=mailbox, epoch__lt=epoch, digest__in=digests)
    return {bytes(digest): delivery for digest, delivery in rows.values_list("digest", "delivery_id")}


def _store_one(mailbox: Mailbox, epoch: int, fetched: Fetched, *, at: datetime) -> int:
    arrived = fetched.listed.arrived_at
    envelope: dict[str, Any] = {"mailbox": mailbox.pk, "uid": fetched.listed.uid, "folder": mailbox.folder}
    if arrived:
        envelope["arrived_at"] = arrived.isoformat()
        envelope |= {"historic": True} if mailbox.backlog_historic and arrived < _live_from(mailbox) else {}
    if fetched.reason:
        envelope["incomplete"] = True
    delivery = store_raw(
        [mailbox.channel_id], transport="imap", content=fetched.content, envelope=envelope, trace_id=new_trace(),
        transport_key=transport_key(mailbox, epoch, fetched.listed.uid),
    )[0]  # fmt: skip
    if fetched.reason:
        _set_aside(mailbox, delivery, fetched, at=at)
    return delivery


def _live_from(mailbox: Mailbox) -> datetime:
    return mailbox.created_at - CLOCKS_DIFFER


def transport_key(mailbox: Mailbox, epoch: int, uid: int) -> str:
    """The delivery's own name: mailbox, UIDVALIDITY, UID; and which of several numberings, if there were."""
    return f"imap:{mailbox.pk}:{mailbox.uidvalidity}:{uid}" + (f":{epoch}" if epoch else "")


def _set_aside(mailbox: Mailbox, delivery: int, fetched: Fetched, *, at: datetime) -> None:
    RawDelivery.objects.filter(pk=delivery).update(
        state=RawState.QUARANTINED, reason=fetched.reason.replace("\x00", "")[:500], finished_at=at
    )
    lock_channel(mailbox.channel_id)
    record_event(
        channel_stream(mailbox.channel_id), ChannelEvent.MAIL_QUARANTINED, by=SYSTEM, at=at, data={"delivery": delivery}
    )


def caught_up(lease: Lease, epoch: int, *, uidnext: int, floor: int, at: datetime) -> None:
    """Nothing is left in the folder below `uidnext`: a window that was gone through is closed, and nobody needs to
    look up to `floor` again, where mail too old for it lies."""
    with held(lease) as mailbox:
        if mailbox.epoch != epoch:
            raise LeaseLost
        mailbox.last_uid = max(mailbox.last_uid, uidnext - 1)
        if mailbox.since is not None:
            mailbox.since, mailbox.floor_uid = None, floor
        mailbox.caught_up_at = at
        mailbox.save(update_fields=["last_uid", "since", "floor_uid", "caught_up_at"])


def waiting_to_be_read(mailbox: Mailbox) -> int:
    """How many mails of its channel nobody has read yet, counted up to what matters."""
    waiting = RawDelivery.objects.filter(channel=mailbox.channel_id, state=RawState.STORED)
    return waiting[: READ_FIRST + 1].count()


def note_stall(lease: Lease) -> None:
    """The connection broke while a mail was on its way."""
    with held(lease) as mailbox:
        mailbox.stalls = min(mailbox.stalls + 1, 1000)
        mailbox.save(update_fields=["stalls"])


def save_secret(lease: Lease, secret: str) -> None:
    """A fresh access token, encrypted."""
    with held(lease) as mailbox:
        mailbox.secret = secret
        mailbox.save(update_fields=["secret"])


def owed(lease: Lease, epoch: int) -> list[int]:
    """The numbers of mails that are ours and not yet marked or moved."""
    rows = FetchedMail.objects.filter(mailbox=lease.mailbox_id, epoch=epoch, action_owed=True)
    return list(rows.order_by("uid").values_list("uid", flat=True)[:OWED_AT_ONCE])


def settled(lease: Lease, epoch: int, uids: Sequence[int]) -> None:
    """They are marked or moved."""
    FetchedMail.objects.filter(mailbox=lease.mailbox_id, epoch=epoch, uid__in=uids).update(action_owed=False)


def note_action(lease: Lease, trouble: str) -> None:
    """What keeps fetched mails from being marked or moved; empty when nothing does."""
    changed = Mailbox.objects.filter(pk=lease.mailbox_id, lease_token=lease.token).exclude(action_trouble=trouble)
    changed.update(action_trouble=trouble[:500])
