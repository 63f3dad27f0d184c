"""Noting that somebody takes nothing from a channel, or does again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection

from tickets.kinds import traits_of
from tickets.models import Channel, Refusal

# Whoever asked us to stop has to say so themselves when they want to hear from us again.
_NOTE = """
INSERT INTO tickets_channelrefusal (identity_id, channel_id, refuses, at)
SELECT i.id, %s, %s, %s FROM people_identity i
WHERE i.value = %s AND NOT i.suspect AND (i.kind = ANY(%s) OR cardinality(%s::text[]) = 0)
ON CONFLICT (identity_id, channel_id) DO UPDATE SET refuses = excluded.refuses, at = excluded.at
WHERE tickets_channelrefusal.at <= excluded.at AND tickets_channelrefusal.refuses <> excluded.refuses
  AND (tickets_channelrefusal.refuses <> 'stopped' OR excluded.refuses = '')
RETURNING id
"""
_LIFT = """
UPDATE tickets_channelrefusal r SET refuses = '', at = m.at
FROM tickets_message m JOIN tickets_conversation c ON c.id = m.conversation_id
WHERE m.id = ANY(%s) AND r.identity_id = m.identity_id AND r.channel_id = c.channel_id AND r.at <= m.at
  AND r.refuses = ANY(%s)
"""
_BY_WRITING = [Refusal.BLOCKED.value, Refusal.UNREACHABLE.value]


def note_refusal(channel_id: int, address: str, refuses: str, *, at: datetime, kinds: Sequence[str] = ()) -> bool:
    """The address takes nothing from this channel for that reason (none: it does again) since `at`. `kinds` of
    identities that may be meant; without them those the channel writes to. False when it changes nothing: the address
    is not known, it is so already, or something later is known."""
    if not kinds:
        kind = Channel.objects.values_list("kind", flat=True).get(pk=channel_id)
        kinds = sorted({pattern.partition(":")[0] for pattern in traits_of(kind).reached_by})
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [channel_id, refuses, at, address, list(kinds), list(kinds)])
        return cursor.fetchone() is not None


def lift_by_writing(message_ids: Collection[int]) -> None:
    """Whoever writes to us in a channel has not blocked it and is reached there."""
    if message_ids:
        with connection.cursor() as cursor:
            cursor.execute(_LIFT, [list(message_ids), _BY_WRITING])
