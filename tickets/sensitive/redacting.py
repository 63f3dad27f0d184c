"""Taking words out of a ticket for good: out of all that is said on it, and all that is drawn from that."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from django.db.models import Model, Q

from events.statements import prepared
from people.models import CustomerNote
from tickets.models import Attachment, Call, Conversation, Draft, FieldValue, Message, Reminder, Ticket, TicketLink
from tickets.preview import preview_of
from tickets.search.index import document_of, insert_entries

from .masking import FoundSecret, pattern_of, without

# What is said on a ticket beside its messages, and the columns that hold words.
_BESIDE: tuple[tuple[type[Model], tuple[str, ...]], ...] = (
    (Draft, ("text", "html")), (Reminder, ("text",)), (Call, ("note",)), (Conversation, ("subject",)),
    (FieldValue, ("value", "folded")), (TicketLink, ("note",)),
)  # fmt: skip
_WORDS = ("subject", "text", "html")


def take_out(ticket: Ticket, secrets: Collection[FoundSecret], *, whole: bool = False) -> list[int]:
    """Take these out of a locked ticket; the messages that lost something, by id. Doing it again finds nothing."""
    _rename_files(ticket, secrets, whole=whole)
    changed = [message.pk for message in _holding(ticket, secrets) if _rewrite(message, secrets, whole=whole)]
    fields = [name for name in ("subject",) if _replace(ticket, name, secrets, whole=whole)]
    before = ticket.preview
    _replace(ticket, "preview", secrets, whole=whole)
    last = Message.objects.filter(ticket=ticket, sequence=ticket.message_sequence).first()
    if last is not None and last.pk in changed and last.text:
        ticket.preview = preview_of(last.text, last.quoted)
    if fields or ticket.preview != before:
        ticket.save(update_fields=["subject", "preview"])
    for model, columns in _BESIDE:
        for row in model._default_manager.select_for_update().filter(_any(columns, secrets), ticket=ticket.pk):
            if touched := [name for name in columns if _replace(row, name, secrets, whole=whole)]:
                row.save(update_fields=touched)
    for note in CustomerNote.objects.select_for_update().filter(_any(("text",), secrets), customer=ticket.customer_id):
        if _replace(note, "text", secrets, whole=whole):
            note.save(update_fields=["text"])
    return changed


def _rename_files(ticket: Ticket, secrets: Collection[FoundSecret], *, whole: bool) -> None:
    """Names of files, which the search knows too."""
    files = Attachment.objects.select_for_update(of=("self",)).select_related("message")
    for file in files.filter(_any(("filename",), secrets), ticket=ticket):
        if _replace(file, "filename", secrets, whole=whole):
            file.save(update_fields=["filename"])
            if file.message is not None:
                index_again(file.message)


def _holding(ticket: Ticket, secrets: Collection[FoundSecret]) -> list[Message]:
    """The messages that may hold one of them, locked."""
    where = _any((*_WORDS, "marks"), secrets)
    found = Message.objects.select_for_update(of=("self",)).filter(where, ticket=ticket).order_by("pk")
    return list(found)


def _any(columns: Collection[str], secrets: Collection[FoundSecret]) -> Q:
    """Rows that hold the longest word of one of them: few, and looked at closely afterwards."""
    where = Q(pk__in=())
    for secret in secrets:
        word = max(re.findall(r"\w+", secret.value) or [secret.value], key=len)
        for column in columns:
            where |= Q(**{f"{column}__icontains": word})
    return where


def _rewrite(message: Message, secrets: Collection[FoundSecret], *, whole: bool) -> bool:
    quoted = [list(span) for span in _moved(message, secrets, whole=whole)]
    touched = [name for name in _WORDS if _replace(message, name, secrets, whole=whole)]
    if "text" in touched:
        message.quoted = quoted
        touched.append("quoted")
    marks = _cleaned(message.marks, secrets, whole=whole)
    if marks != message.marks:
        message.marks = marks
        touched.append("marks")
    if not touched:
        return False
    message.save(update_fields=touched)
    index_again(message)
    return True


def index_again(message: Message) -> None:
    """Write the message's entry of the search from what is left of it."""
    names = list(Attachment.objects.filter(message=message).values_list("filename", flat=True))
    with prepared() as cursor:
        insert_entries(cursor, [(message.pk, message.ticket_id, document_of(message, names))])


def _moved(message: Message, secrets: Collection[FoundSecret], *, whole: bool) -> list[tuple[int, int]]:
    """Where the quoted stretches lie once the words are out: what stands before each place is taken out too."""
    text = message.text
    return [
        (len(without(text[:start], secrets, whole=whole)), len(without(text[:end], secrets, whole=whole)))
        for start, end in message.quoted
    ]


def _cleaned(value: Any, secrets: Collection[FoundSecret], *, whole: bool) -> Any:
    """The same JSON with the words out of every text."""
    if isinstance(value, dict):
        return {key: _cleaned(one, secrets, whole=whole) for key, one in value.items()}
    if isinstance(value, list):
        return [_cleaned(one, secrets, whole=whole) for one in value]
    return without(value, secrets, whole=whole) if isinstance(value, str) else value


def _replace(row: Any, name: str, secrets: Collection[FoundSecret], *, whole: bool) -> bool:
    before = getattr(row, name)
    after = without(before, secrets, whole=whole)
    setattr(row, name, after)
    return bool(after != before)


def holds(message: Message, secret: FoundSecret, *, whole: bool = False) -> bool:
    """Whether the words stand in what is shown of the message."""
    pattern = pattern_of(secret.value, whole=whole)
    return any(pattern.search(getattr(message, name)) for name in _WORDS)
