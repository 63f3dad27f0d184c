"""Whether a reply may leave by its channel at all: windows, lengths, files, people who want nothing from us."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from people.models import Identity
from tickets.errors import InvalidInput
from tickets.inbound import Address
from tickets.kinds import Traits, traits_in, traits_of_channel, window_end
from tickets.models import Attachment, Conversation, Message, MessageKind, ParticipantRole, Refusal
from tickets.recipients import Recipients
from tickets.refusals import refusal_of

_REQUESTER = ParticipantRole.REQUESTER


def counterpart(conversation: Conversation, answered: Message | None) -> Recipients:
    """The one whom a reply in this conversation reaches, where nobody chooses recipients."""
    sender = (answered.envelope.get("from") or {}) if answered is not None else {}
    if answered is None and (begun_with := requester(conversation)) is not None:
        return Recipients((begun_with,))
    if not sender.get("address"):
        raise InvalidInput("to", _("Nobody has written in this conversation yet."))
    return Recipients((Address(sender.get("name") or "", sender["address"]),))


def requester(conversation: Conversation) -> Address | None:
    """Whom a conversation was begun by or with."""
    theirs = Identity.objects.filter(participations__conversation=conversation, participations__role=_REQUESTER)
    first = theirs.order_by("participations__pk").first()
    return Address(first.display_name, first.value) if first else None


def refuse_unsendable(
    conversation: Conversation, recipients: Recipients, text: str, attachments: Sequence[UUID], *, at: datetime,
    here: bool = True,
) -> None:  # fmt: skip
    """Stop a reply that the provider would not take, and say why; `here` is whether this conversation's own window
    counts, or somebody has looked at that already. InvalidInput."""
    traits = traits_of_channel(conversation.channel)
    if not traits.writes:
        raise InvalidInput("text", _("Nothing can be sent by this channel."))
    refuses = refusal_of(conversation.channel_id, recipients.to[0].address)
    if refuses == Refusal.STOPPED:
        raise InvalidInput("text", _("They asked us to stop writing to them here. Use another channel."))
    if refuses == Refusal.BLOCKED:
        raise InvalidInput("text", _("They have blocked us here. Use another channel."))
    if here:
        _refuse_late(conversation, traits, at=at)
    most = traits.max_reply or traits_in(traits, conversation.external_id).max_text * 20
    if most and len(text) > most:
        raise InvalidInput("text", _("Too long for this channel: at most %(count)d characters.") % {"count": most})
    _refuse_files(traits, attachments)


def last_said(conversation_id: int) -> datetime | None:
    """When the customer last wrote in a conversation."""
    said = Message.objects.filter(conversation=conversation_id, kind=MessageKind.INBOUND, auto_kind="")
    return said.order_by("-at").values_list("at", flat=True).first()


def _refuse_late(conversation: Conversation, traits: Traits, *, at: datetime) -> None:
    if traits.window is None:
        return
    ends = window_end(traits, last_said(conversation.pk))
    if ends is None or ends <= at:
        hours = int(traits.window.total_seconds() // 3600)
        raise InvalidInput(
            "text",
            ngettext(
                "%(kind)s lets us answer within %(hours)d hour of the customer's last message, which is over.",
                "%(kind)s lets us answer within %(hours)d hours of the customer's last message, which is over.",
                hours,
            ) % {"kind": traits.label, "hours": hours},
        )  # fmt: skip


def _refuse_files(traits: Traits, attachments: Sequence[UUID]) -> None:
    if len(attachments) > traits.files:
        if not traits.files:
            said = _("%(kind)s takes no files here: send them by another channel.")
            raise InvalidInput("attachments", said % {"kind": traits.label})
        raise InvalidInput("attachments", _("At most %(count)d files at once here.") % {"count": traits.files})
    for file in Attachment.objects.filter(public_id__in=attachments):
        if traits.max_file and file.size > traits.max_file:
            size = traits.max_file // (1024 * 1024)
            raise InvalidInput(
                "attachments", _("%(name)s is larger than %(size)d MB.") % {"name": file.filename, "size": size}
            )
        if traits.file_types and not file.content_type.startswith(traits.file_types):
            raise InvalidInput(
                "attachments", _("%(name)s is of a type this channel does not take.") % {"name": file.filename}
            )
