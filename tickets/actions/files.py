"""Files agents put into what they write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import IO
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from people.models import Agent
from people.permissions import Permission
from people.sniff import HEAD_BYTES, sniff
from people.storage import store_blob
from people.written_html import pictures_of
from tickets.errors import InvalidInput
from tickets.models import Attachment, Conversation, Draft, Message, RemovedUpload, SecretManner, Ticket
from tickets.sensitive.filenames import hide_in_filename

from .base import lock_ticket

MAX_FILES = 20
INLINE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
ORPHAN_AFTER = timedelta(hours=24)


def upload_attachment(
    ticket_id: int,
    *,
    by: Agent,
    upload: IO[bytes],
    filename: str,
    public_id: UUID | None = None,
    inline: bool = False,
) -> Attachment:
    """Keep a file for something that is being written on this ticket; unused, it is swept after a day.

    With a `public_id` of the sender's choice it can be removed before it has arrived, and arrives only once.
    `inline`: a picture meant to stand in the text. InvalidInput unless it is one that mail programs show.
    """
    content = upload.read(settings.MAX_UPLOAD_SIZE + 1)
    if len(content) > settings.MAX_UPLOAD_SIZE:
        limit = settings.MAX_UPLOAD_SIZE // (1024 * 1024)
        raise InvalidInput("file", _("The file is larger than %(limit)d MB.") % {"limit": limit})
    if not content:
        raise InvalidInput("file", _("The file is empty."))
    name = _masked_name(ticket_id, clean_filename(filename))
    content_type = sniff(content[:HEAD_BYTES], name)
    if inline and content_type not in INLINE_TYPES:
        raise InvalidInput("file", _("This is not a picture that mail programs show."))
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.NOTE)
        if public_id and (known := _known_upload(ticket, by, public_id)):
            return known
        return Attachment.objects.create(
            public_id=public_id or uuid4(),
            ticket=ticket,
            uploaded_by=by,
            filename=name,
            content_type=content_type,
            inline=inline,
            size=len(content),
            sha256=store_blob(content),
        )


def _masked_name(ticket_id: int, name: str) -> str:
    """The name without a card or the like in it, unless the ticket's channel leaves such words as they are."""
    masked, found = hide_in_filename(name)
    if not found:
        return name
    left = Conversation.objects.filter(ticket=ticket_id, aside=False, channel__secrets=SecretManner.OFF)
    return name if left.exists() else masked


def _known_upload(ticket: Ticket, agent: Agent, public_id: UUID) -> Attachment | None:
    """The same upload, if it came before. Raises InvalidInput if it was removed or the id is something else's."""
    if RemovedUpload.objects.filter(public_id=public_id, agent=agent).exists():
        raise InvalidInput("file", _("This file was removed."))
    known = Attachment.objects.filter(public_id=public_id).first()
    if known and (known.ticket_id, known.uploaded_by_id, known.message_id) != (ticket.pk, agent.pk, None):
        raise InvalidInput("id", _("This id is taken."))
    return known


def clean_filename(name: str) -> str:
    """A name to show and to send: no path, no control characters, at most 255 characters."""
    base = PurePosixPath(name.replace("\\", "/")).name
    printable = "".join(char for char in base if char.isprintable()).strip(". ")
    return printable[-255:] or "file"


def attach_files(message: Message, public_ids: Sequence[UUID], *, by: Agent) -> list[Attachment]:
    """Put the agent's uploads on this ticket into their message, pictures of its text too. Raises InvalidInput
    unless each is there."""
    pictures = set(pictures_of(message.html))
    wanted = set(public_ids) | pictures
    if len(wanted) > MAX_FILES:
        raise InvalidInput("attachments", _("At most %(count)d files fit into one message.") % {"count": MAX_FILES})
    mine = Attachment.objects.select_for_update().filter(
        public_id__in=wanted, ticket_id=message.ticket_id, uploaded_by=by, message=None
    )
    found = list(mine)
    if len(found) != len(wanted):
        raise InvalidInput("attachments", _("A file is no longer there. Attach it again."))
    for file in found:
        # A picture of the text is named there by its id; one that the text does not hold is a file like any other.
        file.message, file.inline = message, file.public_id in pictures and file.content_type in INLINE_TYPES
        file.content_id = str(file.public_id) if file.inline else ""
    Attachment.objects.bulk_update(found, ["message", "inline", "content_id"])
    return found


def remove_upload(ticket_id: int, *, by: Agent, public_id: UUID) -> None:
    """Forget a file that was meant for a message and is in none; one that has not arrived yet will be refused.

    Nothing there is not an error: the upload may have been cut off.
    """
    with transaction.atomic():
        lock_ticket(ticket_id, by=by, permission=Permission.NOTE)
        there = Attachment.objects.filter(public_id=public_id)
        if not there.filter(ticket_id=ticket_id, uploaded_by=by, message=None).delete()[0] and not there.exists():
            RemovedUpload.objects.bulk_create([RemovedUpload(public_id=public_id, agent=by)], ignore_conflicts=True)


def release_files(message: Message, *, to: Agent) -> None:
    """Give a withdrawn message's files back to the draft it became."""
    files = Attachment.objects.filter(message=message)
    files.filter(uploaded_by=None).delete()  # copies of what was to be passed on; their originals are still there
    files.update(message=None, uploaded_by=to)


def sweep_orphans(*, at: datetime) -> int:
    """Forget uploads nobody used and whose author has nothing half written on the ticket, and removals of what never
    arrived; the number of rows."""
    before = at - ORPHAN_AFTER
    removals = RemovedUpload.objects.filter(created_at__lt=before).delete()[0]
    waiting = Draft.objects.filter(ticket=OuterRef("ticket"), agent=OuterRef("uploaded_by"))
    old = Attachment.objects.filter(message=None, created_at__lt=before)
    return removals + old.exclude(Exists(waiting)).delete()[0]


def draft_files(ticket: Ticket, agent: Agent) -> list[Attachment]:
    """The agent's uploads on this ticket that no message holds yet."""
    return list(Attachment.objects.filter(ticket=ticket, uploaded_by=agent, message=None).order_by("pk"))
