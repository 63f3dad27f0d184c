"""Writing the index: rows beside their messages, in bulk, and all of it anew when the rules of `text` change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import transaction

from events.statements import PreparedCursor, prepared
from people.finding.text import SearchDocument, search_document
from tickets.models import Attachment, Message

_INSERT = """
INSERT INTO tickets_searchentry (message_id, ticket_id, vector)
SELECT id, ticket, vector::tsvector FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS given(id, ticket, vector)
ON CONFLICT (message_id) DO UPDATE SET ticket_id = EXCLUDED.ticket_id, vector = EXCLUDED.vector
"""


def insert_entries(cursor: PreparedCursor, rows: Sequence[tuple[int, int, SearchDocument]]) -> None:
    """Make messages findable: (message id, ticket id, document) each; one statement, in the caller's transaction."""
    if rows:
        ids, tickets, documents = zip(*rows, strict=True)
        cursor.execute(_INSERT, [list(ids), list(tickets), [document.vector for document in documents]])


def document_of(message: Message, filenames: Sequence[str] = ()) -> SearchDocument:
    """The search document of a stored message."""
    return search_document(
        subject=message.subject,
        text=message.text,
        addresses=[f"{who.get('name', '')} {who.get('address', '')}" for who in _people(message.envelope)],
        filenames=filenames,
        language=message.language,
    )


def _people(envelope: dict[str, Any]) -> Iterator[dict[str, str]]:
    if sender := envelope.get("from"):
        yield sender
    for field in ("to", "cc", "bcc"):
        yield from envelope.get(field, ())[:20]


def reindex(after: int = 0, *, batch: int = 500) -> Iterator[int]:
    """Write every message's entry anew, in batches of one transaction each; yields the last id done.

    May be stopped and taken up `after` that id; searches go on meanwhile.
    """
    while True:
        with transaction.atomic():
            # Locked against a delete between reading and writing.
            messages = list(Message.objects.select_for_update().filter(pk__gt=after).order_by("pk")[:batch])
            if not messages:
                return
            _index(messages)
        after = messages[-1].pk
        yield after


def _index(messages: Sequence[Message]) -> None:
    filenames: dict[int | None, list[str]] = {}
    files = Attachment.objects.filter(message__in=messages).order_by("pk")
    for message_id, filename in files.values_list("message_id", "filename"):
        filenames.setdefault(message_id, []).append(filename)
    rows = [(each.pk, each.ticket_id, document_of(each, filenames.get(each.pk, ()))) for each in messages]
    with prepared() as cursor:
        insert_entries(cursor, rows)
