"""Every way an agent or a timer changes a ticket: one function, one transaction, one event."""

from .acknowledge import acknowledge_ticket, machine_may_answer
from .asides import ask_aside, say_aside, settle_aside
from .assignment import assign_ticket, move_to_team
from .automatic import queue_automatic
from .begin import Beginning, begin_conversation
from .bulk import Selection, start_bulk, stop_bulk, sweep_bulk, undo_bulk, work_bulk
from .by_rule import assign_by_rule, move_by_rule, prioritise_by_rule, tag_by_rule
from .drafts import discard_draft, mark_seen, save_draft
from .due import NO_DEADLINE, Deadline, show_deadline, show_overdue
from .fields import archive_field, move_field, save_field, set_field, set_fields
from .files import sweep_orphans, upload_attachment
from .forwarding import forward
from .handover import follow_ticket, hand_over
from .labels import add_tag, remove_tag, set_priority
from .later import hold_scheduled, reschedule_reply, send_scheduled_now
from .linking import link_tickets, unlink_tickets
from .merging import merge_ticket, undo_merge
from .notes import add_note
from .participants import (
    accept_participant,
    allow_mail_again,
    refuse_participant,
    reject_folding,
    restore_folding,
    show_remote_images,
    use_address_again,
)
from .reminders import finish_reminder, fire_reminders, set_reminder
from .replies import reply
from .spam import mark_spam, unblock_address, unmark_spam
from .splitting import split_ticket, undo_split
from .status import close_solved, set_status, snooze_ticket, wake_snoozed
from .undelivered import confirm_delivered, retry_delivery
from .undo import undo_change
from .withdrawal import withdraw_reply

__all__ = [
    "NO_DEADLINE",
    "Beginning",
    "Deadline",
    "Selection",
    "accept_participant",
    "acknowledge_ticket",
    "add_note",
    "add_tag",
    "allow_mail_again",
    "archive_field",
    "ask_aside",
    "assign_by_rule",
    "assign_ticket",
    "begin_conversation",
    "close_solved",
    "confirm_delivered",
    "discard_draft",
    "finish_reminder",
    "fire_reminders",
    "follow_ticket",
    "forward",
    "hand_over",
    "hold_scheduled",
    "link_tickets",
    "machine_may_answer",
    "mark_seen",
    "mark_spam",
    "merge_ticket",
    "move_by_rule",
    "move_field",
    "move_to_team",
    "prioritise_by_rule",
    "queue_automatic",
    "refuse_participant",
    "reject_folding",
    "remove_tag",
    "reply",
    "reschedule_reply",
    "restore_folding",
    "retry_delivery",
    "save_draft",
    "save_field",
    "say_aside",
    "send_scheduled_now",
    "set_field",
    "set_fields",
    "set_priority",
    "set_reminder",
    "set_status",
    "settle_aside",
    "show_deadline",
    "show_overdue",
    "show_remote_images",
    "snooze_ticket",
    "split_ticket",
    "start_bulk",
    "stop_bulk",
    "sweep_bulk",
    "sweep_orphans",
    "tag_by_rule",
    "unblock_address",
    "undo_bulk",
    "undo_change",
    "undo_merge",
    "undo_split",
    "unlink_tickets",
    "unmark_spam",
    "upload_attachment",
    "use_address_again",
    "wake_snoozed",
    "withdraw_reply",
    "work_bulk",
]
