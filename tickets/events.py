"""The spine's events, noun.past. Data carries ids and small facts, never bodies."""

from __future__ import annotations

from enum import StrEnum


class TicketEvent(StrEnum):
    TICKET_OPENED = "ticket.opened"
    TICKET_REOPENED = "ticket.reopened"
    TICKET_ASSIGNED = "ticket.assigned"
    TICKET_MOVED = "ticket.moved"
    TICKET_STATUS_CHANGED = "ticket.status_changed"
    TICKET_STATUS_NAMED = "ticket.status_named"
    TICKET_SOLVED = "ticket.solved"
    TICKET_CLOSED = "ticket.closed"
    TICKET_SNOOZED = "ticket.snoozed"
    TICKET_WOKEN = "ticket.woken"
    TICKET_PRIORITISED = "ticket.prioritised"
    TICKET_TAGGED = "ticket.tagged"
    TICKET_UNTAGGED = "ticket.untagged"
    TICKET_FIELD_SET = "ticket.field_set"
    TICKET_LINKED = "ticket.linked"
    TICKET_UNLINKED = "ticket.unlinked"
    TICKET_MERGED = "ticket.merged"
    TICKET_ABSORBED = "ticket.absorbed"
    TICKET_UNMERGED = "ticket.unmerged"
    TICKET_RELEASED = "ticket.released"
    ASIDE_SETTLED = "aside.settled"
    ASIDE_REOPENED = "aside.reopened"
    TICKET_MARKED_SPAM = "ticket.marked_spam"
    TICKET_UNMARKED_SPAM = "ticket.unmarked_spam"
    ADDRESS_UNBLOCKED = "address.unblocked"
    TICKET_SPLIT = "ticket.split"
    TICKET_SPLIT_OFF = "ticket.split_off"
    MESSAGE_RECEIVED = "message.received"
    QUESTION_ANSWERED = "question.answered"
    MESSAGE_QUEUED = "message.queued"
    MESSAGE_SCHEDULED = "message.scheduled"
    MESSAGE_RESCHEDULED = "message.rescheduled"
    MESSAGE_HELD = "message.held"
    MESSAGE_FORWARDED = "message.forwarded"
    MESSAGE_WITHDRAWN = "message.withdrawn"
    MESSAGE_SENT = "message.sent"
    MESSAGE_EDITED = "message.edited"
    MESSAGE_UNSENT = "message.unsent"
    MESSAGE_HIDDEN = "message.hidden"
    MESSAGE_REACTED = "message.reacted"
    MESSAGE_FILED = "message.filed"
    MESSAGE_MIRRORED = "message.mirrored"
    CALL_LOGGED = "call.logged"
    CALLBACK_DONE = "callback.done"
    MESSAGE_IMPORTED = "message.imported"
    SECRETS_FOUND = "secrets.found"
    MESSAGE_REDACTED = "message.redacted"
    NOTE_ADDED = "note.added"
    DELIVERY_ACCEPTED = "delivery.accepted"
    DELIVERY_DELAYED = "delivery.delayed"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_UNKNOWN = "delivery.unknown"
    DELIVERY_BOUNCED = "delivery.bounced"
    DELIVERY_RETRIED = "delivery.retried"
    DELIVERY_CONFIRMED = "delivery.confirmed"
    DELIVERY_DELIVERED = "delivery.delivered"
    DELIVERY_READ = "delivery.read"
    PARTICIPANT_JOINED = "participant.joined"
    PARTICIPANT_PENDING = "participant.pending"
    PARTICIPANT_ACCEPTED = "participant.accepted"
    PARTICIPANT_REFUSED = "participant.refused"
    PARTICIPANT_UNDECIDED = "participant.undecided"
    ACKNOWLEDGEMENT_DUE = "acknowledgement.due"
    ACKNOWLEDGEMENT_WITHHELD = "acknowledgement.withheld"
    ADDRESS_RESTORED = "address.restored"
    ADDRESS_SUBSCRIBED = "address.subscribed"
    CUSTOMER_JOINED = "customer.joined"
    CUSTOMER_PARTED = "customer.parted"
    CUSTOMER_KEPT_APART = "customer.kept_apart"
    CUSTOMER_PREFERS = "customer.prefers"
    IMAGES_SHOWN = "images.shown"
    REMINDER_SET = "reminder.set"
    REMINDER_DUE = "reminder.due"
    REMINDER_DONE = "reminder.done"
    MACRO_USED = "macro.used"
    STORM_BEGAN = "storm.began"
    STORM_ENDED = "storm.ended"
    FOLDING_REJECTED = "folding.rejected"
    FOLDING_RESTORED = "folding.restored"


class ViewEvent(StrEnum):
    MADE = "view.made"
    CHANGED = "view.changed"
    MOVED = "view.moved"
    REMOVED = "view.removed"


class CustomerEvent(StrEnum):
    """In the stream of a customer; what is decided about them on a ticket stands in the ticket's."""

    NOTED = "customer.noted"
    NOTE_REMOVED = "customer.note_removed"


class MacroEvent(StrEnum):
    MADE = "macro.made"
    CHANGED = "macro.changed"
    REMOVED = "macro.removed"


class FieldEvent(StrEnum):
    """What happens to a field of the shop's own; what is said in it is an event of the ticket."""

    MADE = "field.made"
    CHANGED = "field.changed"
    MOVED = "field.moved"
    ARCHIVED = "field.archived"
    RESTORED = "field.restored"


class StatusEvent(StrEnum):
    """What happens to a status of the shop's own."""

    MADE = "status.made"
    CHANGED = "status.changed"
    MOVED = "status.moved"
    ARCHIVED = "status.archived"
    RESTORED = "status.restored"


class BrandEvent(StrEnum):
    """What happens to a brand; `channels` of the data are those it has from then on."""

    MADE = "brand.made"
    CHANGED = "brand.changed"
    REMOVED = "brand.removed"


class BulkEvent(StrEnum):
    """What happens to a job on many tickets; its tickets have events of their own."""

    STARTED = "bulk.started"
    FINISHED = "bulk.finished"
    STOPPED = "bulk.stopped"
    UNDO_STARTED = "bulk.undo_started"
    UNDONE = "bulk.undone"


STATUS_CHANGES = frozenset(
    {
        TicketEvent.TICKET_STATUS_CHANGED,
        TicketEvent.TICKET_SOLVED,
        TicketEvent.TICKET_REOPENED,
        TicketEvent.TICKET_CLOSED,
        TicketEvent.TICKET_MARKED_SPAM,
        TicketEvent.TICKET_UNMARKED_SPAM,
    }
)
TICKET_STREAM = "ticket"


def ticket_stream(ticket_id: int) -> tuple[str, int]:
    """The stream of one ticket, for `events.ledger`."""
    return (TICKET_STREAM, ticket_id)
