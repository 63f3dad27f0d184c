"""Two tickets that are one: everything of the one goes into the other, and can come back at any time.

The ticket that is left stays as a signpost. Later mail follows what it answers: into the one where the thread is now.
Taken back, the threads that were moved return with all that was said in them since; notes written since stay where
they were read, and so does what began there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.actors import SYSTEM
from events.models import Event
from people.models import Agent
from people.permissions import Permission
from tickets.errors import DifferentCustomers, InvalidInput, NotFound, TooLate
from tickets.events import TicketEvent
from tickets.models import Conversation, Message, MessageKind, Relocation, RelocationKind, Status, Ticket

from .base import record, refresh_attention, refuse_closed, refuse_merged, require
from .drafts import mark_seen
from .relocation import (
    RETOLD,
    carry_seen,
    home_conversation,
    last_answer_at,
    lock_pair,
    move_drafts,
    move_messages,
    numbered_after,
    refuse_instant,
    retell,
    waiting_since,
)
from .status import change_status

_KEPT = ("status", "solved_at", "closed_at", "waiting_since", "snoozed_until")
_MOMENTS = frozenset({"solved_at", "closed_at", "waiting_since", "snoozed_until"})


def merge_ticket(
    ticket_id: int, *, by: Agent, into: int, confirmed: bool = False, at: datetime | None = None
) -> Relocation:
    """Move everything of a ticket into another one. Merging what is together already changes nothing.

    DifferentCustomers unless both are of one customer or `confirmed`; TicketMerged where one of them is a signpost.
    A chat stays where it is, since its visitor's window counts on the place of each line: InvalidInput.
    """
    at = at or timezone.now()
    if ticket_id == into:
        raise InvalidInput("into", _("A ticket cannot be merged with itself."))
    with transaction.atomic():
        source, target = lock_pair(ticket_id, into, by=by)
        if together := _together(source, target):
            return together
        for ticket in (source, target):
            refuse_merged(ticket)
            refuse_closed(ticket)
        refuse_instant(Conversation.objects.filter(ticket=source), field="into")
        if source.customer_id != target.customer_id and not confirmed:
            raise DifferentCustomers(_("The two tickets are of different customers."))
        if target.status == Status.SOLVED and source.status != Status.SOLVED:
            change_status(target, Status.OPEN, by=by.actor, at=at)
        return _merge(source, target, by=by, at=at)


def merge_by_house(
    ticket_id: int, *, into: int, auto: dict[str, Any], still: Callable[[Ticket], bool], cause: Event, at: datetime
) -> Relocation | None:
    """`merge_ticket` by a policy instead of a person: `auto` says why. None, and nothing done, unless both tickets are
    `still` as the policy wants them once they are locked."""
    with transaction.atomic():
        rows = Ticket.objects.select_related("channel").select_for_update(of=("self",)).filter(pk__in=(ticket_id, into))
        locked = {ticket.pk: ticket for ticket in rows.order_by("pk")}
        source, target = locked.get(ticket_id), locked.get(into)
        if source is None or target is None or not (still(source) and still(target)):
            return None
        return _merge(source, target, by=None, at=at, auto={"auto": auto}, cause=cause)


def undo_merge(relocation_id: int, *, by: Agent, at: datetime | None = None) -> Relocation:
    """Take a merge back. What came in its threads since goes with them; doing it twice changes nothing."""
    at = at or timezone.now()
    require(by, Permission.EDIT_TICKETS)
    with transaction.atomic():
        done = lock_relocation(relocation_id, RelocationKind.MERGE)
        source, target = _lock_apart(done, by=by)
        done.refresh_from_db()
        if done.undone_at is None:
            _part(done, source, target, by=by, at=at)
    return done


def lock_relocation(relocation_id: int, kind: str) -> Relocation:
    """The ledger row; its own lock comes after those of the tickets."""
    found = Relocation.objects.filter(pk=relocation_id, kind=kind).first()
    if found is None:
        raise NotFound(_("There is no such merge."))
    return found


def _together(source: Ticket, target: Ticket) -> Relocation | None:
    """The merge that already made one of these two, whichever way; two people may have begun from both ends."""
    if source.merged_into_id == target.pk or target.merged_into_id == source.pk:
        merges = Relocation.objects.filter(kind=RelocationKind.MERGE, undone_at=None)
        return merges.filter(source__in=[source, target], target__in=[source, target]).first()
    return None


def _merge(
    source: Ticket,
    target: Ticket,
    *,
    by: Agent | None,
    at: datetime,
    auto: dict[str, Any] | None = None,
    cause: Event | None = None,
) -> Relocation:
    conversations = list(Conversation.objects.filter(ticket=source).order_by("pk").values_list("pk", flat=True))
    before = list(
        Message.objects.filter(ticket=source).order_by("sequence").values_list("pk", "sequence", "conversation_id")
    )
    kept = {name: _stored(getattr(source, name)) for name in _KEPT}
    done = Relocation.objects.create(
        kind=RelocationKind.MERGE, source=source, target=target, by=by, at=at,
        moved={"conversations": conversations, "messages": before, "source": kept},
    )  # fmt: skip
    read = {"source_read": source.inbound_sequence, "target_read": target.inbound_sequence}
    asked = _asked(source, target, at=at)
    first = target.message_sequence + 1
    move_messages(target, numbered_after(target, [(message, where) for message, _number, where in before]))
    Conversation.objects.filter(pk__in=conversations, home=None).update(home=source)
    Conversation.objects.filter(pk__in=conversations).update(ticket=target)
    move_drafts(source, target)
    waiting = [moment for moment in (source.waiting_since, target.waiting_since) if moment is not None]
    retell(target)
    target.waiting_since = min(waiting, default=None) if target.status != Status.SOLVED else None
    target.save(update_fields=RETOLD)
    carry_seen(source, target, **read)
    _make_signpost(source, target, at=at)
    numbers = {"merge": done.pk, "messages": len(before), "first": first, "last": target.message_sequence}
    data = {"into": target.pk, "merge": done.pk, "status": kept["status"]} | (auto or {})
    actor = by.actor if by is not None else SYSTEM
    record(source, TicketEvent.TICKET_MERGED, by=actor, at=at, data=data, cause=cause)
    data = {"other": source.pk, **numbers, **asked} | (auto or {})
    record(target, TicketEvent.TICKET_ABSORBED, by=actor, at=at, data=data, cause=cause)
    if by is not None:
        mark_seen(target.pk, by=by, sequence=target.message_sequence)
    return done


def _make_signpost(source: Ticket, target: Ticket, *, at: datetime) -> None:
    source.status, source.closed_at, source.merged_into = Status.CLOSED, at, target
    source.waiting_since = source.snoozed_until = None
    refresh_attention(source)
    source.save(update_fields=[*_KEPT, "merged_into", "needs_attention"])


def _asked(source: Ticket, target: Ticket, *, at: datetime) -> dict[str, Any]:
    """What the other ticket's question is for the clocks of this one: asked when it was asked, or, where an answer to
    something else has been given since, now; whoever merges must not make it look answered."""
    if source.waiting_since is None:
        return {}
    answered = last_answer_at(target)
    since = source.waiting_since if answered is None or answered < source.waiting_since else at
    question = (
        Message.objects.filter(ticket=source, kind=MessageKind.INBOUND, at__gte=source.waiting_since, auto_kind="")
        .order_by("sequence")
        .values_list("pk", flat=True)
        .first()
    )
    return {"asked_at": since.isoformat(), "asked": question}


def _lock_apart(done: Relocation, *, by: Agent) -> tuple[Ticket, Ticket]:
    """The signpost and the ticket that holds its threads now, which merged on may be another than then."""
    holder = done.target_id
    while True:
        source, target = lock_pair(done.source_id, holder, by=by)
        if target.merged_into_id is None or done.undone_at is not None:
            return source, target
        holder = target.merged_into_id


def _part(done: Relocation, source: Ticket, target: Ticket, *, by: Agent, at: datetime) -> None:
    refuse_closed(target)
    if source.merged_into_id is None:
        raise TooLate(_("This merge was taken back before."))
    moved = [id for id in done.moved["conversations"] if isinstance(id, int)]
    threads = list(Conversation.objects.filter(pk__in=moved, ticket=target).values_list("pk", flat=True))
    numbers = {message: number for message, number, _where in done.moved["messages"]}
    here = Message.objects.filter(ticket=target, conversation__in=threads).order_by("sequence")
    rows = list(here.values_list("pk", "conversation_id", "kind"))
    home = [(pk, numbers[pk], where) for pk, where, _kind in rows if pk in numbers]
    since = [(pk, where) for pk, where, kind in rows if pk not in numbers and kind != MessageKind.NOTE]
    source.message_sequence = max([source.message_sequence, *numbers.values()])
    move_messages(source, [*home, *numbered_after(source, since)])
    Conversation.objects.filter(pk__in=threads, home=source).update(home=None)
    Conversation.objects.filter(pk__in=threads).update(ticket=source)
    notes = Message.objects.filter(ticket=target, conversation__in=threads)
    notes.update(conversation=home_conversation(target))
    _restore(done, source, changed=bool(since))
    retell(target)
    target.save(update_fields=RETOLD)
    done.undone_at, done.undone_by = at, by
    done.save(update_fields=["undone_at", "undone_by"])
    _note_parted(done, source, target, [pk for pk, _n, _c in home] + [pk for pk, _c in since], by=by, at=at)
    if since and source.status not in (Status.OPEN, Status.CLOSED) and (asked := waiting_since(source)):
        change_status(source, Status.OPEN, by=by.actor, at=at)
        source.waiting_since = asked
        source.save(update_fields=["waiting_since"])


def _restore(done: Relocation, source: Ticket, *, changed: bool) -> None:
    """The signpost is a ticket again, as it stood; where its customer wrote or was answered since, as that left it."""
    for name, value in done.moved["source"].items():
        setattr(source, name, _read(name, value))
    source.merged_into = None
    waited = source.waiting_since
    retell(source)
    if not changed:
        source.waiting_since = waited
    if source.snoozed_until is not None and source.snoozed_until <= timezone.now():
        source.snoozed_until = None
    source.save(update_fields=[*_KEPT, *RETOLD, "merged_into"])


def _note_parted(
    done: Relocation, source: Ticket, target: Ticket, messages: list[int], *, by: Agent, at: datetime
) -> None:
    waiting = source.waiting_since.isoformat() if source.waiting_since else None
    data: dict[str, Any] = {"from": target.pk, "merge": done.pk, "status": source.status, "waiting": waiting}
    data |= {"back": messages}
    record(source, TicketEvent.TICKET_UNMERGED, by=by.actor, at=at, data=data)
    waiting = target.waiting_since.isoformat() if target.waiting_since else None
    data = {"other": source.pk, "merge": done.pk, "messages": messages, "waiting": waiting}
    record(target, TicketEvent.TICKET_RELEASED, by=by.actor, at=at, data=data)
    mark_seen(source.pk, by=by, sequence=source.message_sequence)


def _stored(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in _MOMENTS and value else value
