"""Whether somebody answers a question of ours in a word it expects: a button they press, a number they write.

Such a question is an automatic message whose envelope names what may come (`expects`). Its answer is kept where it was
asked and asks nothing of us: it opens no ticket, reopens none and starts no clock. Whoever asked hears by an event.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from datetime import timedelta

from events.statements import prepared
from tickets.inbound import InboundMessage

from .evidence import Evidence, thread_keys
from .threading import Placement

# So long a word stands for what was asked; later it may mean anything.
EXPECTED_FOR = timedelta(days=30)
LONGEST = 40
# What makes a keycap of a digit, and what people put around a word.
_KEYCAP = str.maketrans("", "", "\ufe0f\u20e3")
_AROUND = " \t\r\n.,!…\"'()"

# Of each thread the last thing we said there: along the index of a ticket's messages.
_ASKED = """
SELECT t.conversation_id, m.envelope FROM unnest(%s::bigint[], %s::bigint[]) AS t(ticket_id, conversation_id)
CROSS JOIN LATERAL (
    SELECT envelope, at FROM tickets_message
    WHERE ticket_id = t.ticket_id AND conversation_id = t.conversation_id AND kind = 'outbound'
      AND outbox <> 'withdrawn'
    ORDER BY sequence DESC LIMIT 1
) m WHERE m.envelope ? 'expects' AND m.at > %s
"""


def plain_word(text: str) -> str:
    """A word as it is compared: without what stands around it, however digits are written."""
    return unicodedata.normalize("NFKC", text.translate(_KEYCAP)).strip(_AROUND).casefold()


def note_expected(evidence: Evidence, messages: Sequence[InboundMessage]) -> None:
    """Read what is expected in the threads of those messages that are no more than a word. One statement at most."""
    places = {
        place for message in messages if _may_answer(message)
        for key in thread_keys(message) if (place := evidence.by_thread.get(key))
    }  # fmt: skip
    if not places:
        return
    since = min(message.received_at for message in messages) - EXPECTED_FOR
    with prepared() as cursor:
        cursor.execute(_ASKED, [[ticket for ticket, _ in places], [place for _, place in places], since])
        for conversation_id, envelope in cursor.fetchall():
            kept = json.loads(envelope) if isinstance(envelope, str) else envelope
            evidence.expected[conversation_id] = frozenset(map(plain_word, kept["expects"]))


def answer_place(message: InboundMessage, evidence: Evidence) -> Placement | None:
    """Where it was asked, for an answer that is expected; None for everything else."""
    if not _may_answer(message):
        return None
    for key in thread_keys(message):
        ticket_id, conversation_id = evidence.by_thread.get(key, (0, 0))
        if plain_word(message.text) in evidence.expected.get(conversation_id, ()):
            return Placement(ticket_id, conversation_id, "external_id", "")
    return None


def _may_answer(message: InboundMessage) -> bool:
    whole = not (message.attachments or message.files_to_come or message.auto_kind or message.historic)
    return whole and message.verdict != "fail" and 0 < len(message.text.strip()) <= LONGEST
