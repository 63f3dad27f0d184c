"""How a message stands, in the few words beside its time."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tickets.models import AutoKind, Message, MessageKind, OutboxState, SenderVerdict, ThreadLayer


def _sent_label(message: Message) -> str:
    if message.thread_layer == ThreadLayer.EXTERNAL_ID:
        return _("Written elsewhere")
    if message.marks.get("read_at"):
        return _("Read")
    if message.marks.get("delivered_at"):
        return _("Delivered")
    return _("Sent automatically") if message.auto_kind else _("Sent")


def state_label(message: Message) -> tuple[str, str]:
    """The few words beside the time, and how they are coloured."""
    if message.kind == MessageKind.OUTBOUND:
        if message.outbox == OutboxState.QUEUED and message.error:
            return _("Delayed"), "warn"
        if message.outbox == OutboxState.QUEUED and message.scheduled_for:
            return _("Sends later"), ""
        labels = {
            OutboxState.QUEUED: (_("Sends in a moment"), ""),
            OutboxState.HELD: (_("Held back"), "warn"),
            OutboxState.SENDING: (_("Sending"), ""),
            OutboxState.SENT: (_sent_label(message), ""),
            OutboxState.UNKNOWN: (_("Not known whether it arrived"), "warn"),
            OutboxState.FAILED: (_("Not delivered"), "bad"),
        }
        return labels.get(OutboxState(message.outbox), ("", ""))
    if message.kind == MessageKind.NOTE:
        return _("Note, team only"), ""
    if message.pending:
        return _("Waits to be let in"), "warn"
    if message.verdict == SenderVerdict.FAIL:
        return _("Sender not genuine"), "bad"
    if message.auto_kind:
        return str(AutoKind(message.auto_kind).label), ""
    if message.verdict == SenderVerdict.PASS:
        return _("Sender verified"), "ok"
    return "", ""
