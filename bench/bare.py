"""The limit for ingest: the least program that does the same work for a mail, in straight lines.

Reads a stored raw row, parses it, cleans its HTML, finds thread and sender, and writes the same rows into the same
tables with the same indexes and triggers, one commit a mail. It knows no hostile mail, no limits, no quotes to mark,
no lemmas, no second worker: what the product takes beyond this is what it pays for those.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

import nh3
import psycopg
from fast_mail_parser import parse_email
from psycopg.types.json import Jsonb

_RAW = """
SELECT d.id, d.channel_id, d.received_at, b.content FROM channels_inbound_rawdelivery d
JOIN channels_inbound_rawbody b ON b.delivery_id = d.id WHERE d.state = 'stored' ORDER BY d.id LIMIT 1
FOR UPDATE OF d SKIP LOCKED
"""
_HIT = """
SELECT ticket_id, conversation_id FROM tickets_message
WHERE dedupe_key = %s OR external_id = ANY(%s) AND external_id <> ''
"""
_LOCK = "SELECT message_sequence FROM tickets_ticket WHERE id = %s FOR UPDATE"
_PERSON = "SELECT id, customer_id FROM people_identity WHERE kind = 'email' AND value = %s AND NOT suspect"
_NEW_PERSON = """
WITH customer AS (
    INSERT INTO people_customer (public_id, name, locale, time_zone) VALUES (gen_random_uuid(), %s, '', '')
    RETURNING id)
INSERT INTO people_identity (customer_id, kind, value, suspect, display_name, trust, created_at)
SELECT id, 'email', %s, false, %s, 'claimed', now() FROM customer RETURNING id, customer_id
"""
_NEW_TICKET = """
WITH ticket AS (
    INSERT INTO tickets_ticket (subject, status, priority, channel_id, customer_id, language, preview,
        message_sequence, inbound_sequence, opened_at, last_message_at, waiting_since, needs_attention)
    VALUES (%s, 'open', 20, %s, %s, '', %s, 1, 1, %s, %s, %s, false) RETURNING id, channel_id, customer_id, subject
), cycle AS (
    INSERT INTO tickets_cycle (ticket_id, number, opened_at) SELECT id, 1, %s FROM ticket
), conversation AS (
    INSERT INTO tickets_conversation (ticket_id, channel_id, customer_id, subject, external_id)
    SELECT id, channel_id, customer_id, subject, '' FROM ticket RETURNING id, ticket_id
), participant AS (
    INSERT INTO tickets_participant (conversation_id, identity_id, role, state)
    SELECT id, %s, 'requester', 'active' FROM conversation
)
SELECT ticket_id, id FROM conversation
"""
_KNOWN_TICKET = """
UPDATE tickets_ticket SET message_sequence = %s, inbound_sequence = %s, last_message_at = %s, preview = %s WHERE id = %s
"""
_MESSAGE = """
INSERT INTO tickets_message (ticket_id, conversation_id, sequence, kind, identity_id, at, subject, text, html,
    html_version, quoted, language, external_id, dedupe_key, thread_layer, thread_reason, auto_kind, verdict, pending,
    truncated, show_remote, envelope, outbox, attempts, error)
VALUES (%s, %s, %s, 'inbound', %s, %s, %s, %s, %s, 1, '[]', '', %s, %s, %s, '', '', 'none', false, false, false, %s,
    '', 0, '') RETURNING id
"""
_SEARCH = "INSERT INTO tickets_searchentry (message_id, ticket_id, vector) VALUES (%s, %s, to_tsvector('simple', %s))"
_EVENT = """
INSERT INTO events_event (stream_type, stream_id, sequence, kind, actor_kind, actor_id, at, data, depth)
SELECT 'ticket', %s, COALESCE((SELECT max(sequence) FROM events_event WHERE stream_type = 'ticket' AND stream_id = %s),
    0) + 1, %s, 'customer', %s, %s, %s, 0
"""
_FILE = """
INSERT INTO tickets_attachment (public_id, message_id, ticket_id, filename, content_type, size, sha256, content_id,
    inline) VALUES (%s, %s, %s, %s, %s, %s, %s, '', false)
"""
_DONE = """
UPDATE channels_inbound_rawdelivery SET state = 'ingested', message_id = %s, finished_at = now(), attempts = 1
WHERE id = %s
"""


def ingest_all(url: str) -> int:
    """Work through the stored raw rows one by one; how many."""
    done = 0
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            with connection.transaction():
                if not _ingest_one(connection.cursor()):
                    return done
            done += 1


def _ingest_one(cursor: psycopg.Cursor[Any]) -> bool:
    row = cursor.execute(_RAW, binary=True).fetchone()
    if row is None:
        return False
    delivery, channel, at, raw = row
    mail = parse_email(raw)
    headers = {name.lower(): values[0] if isinstance(values, list) else values for name, values in mail.headers.items()}
    html = nh3.clean(mail.text_html[0]) if mail.text_html else ""
    text = mail.text_plain[0].replace("\r\n", "\n") if mail.text_plain else ""
    name, address = parseaddr(headers.get("from", ""))
    known = headers.get("message-id", "").strip("<> ")
    named = headers.get("references", "").replace("<", " ").replace(">", " ").split()
    key = uuid.UUID(bytes=hashlib.sha256(f"{known}{address}{mail.subject}{text}".encode()).digest()[:16])
    hits = cursor.execute(_HIT, [key, [known, *named]]).fetchall()
    person, customer = _find_person(cursor, name, address)
    place = _place(cursor, hits, channel, customer, person, mail.subject, text, at)
    ticket, conversation, sequence = place
    parsedate_to_datetime(headers["date"])
    envelope = Jsonb({"from": {"name": name, "address": address}, "to": [{"name": "", "address": headers.get("to")}]})
    values = [ticket, conversation, sequence, person, at, mail.subject, text, html, known, key,
              "known_message_id" if hits else "new", envelope]  # fmt: skip
    (message,) = cursor.execute(_MESSAGE, values).fetchone() or (0,)
    for file in mail.attachments:
        cursor.execute(_FILE, [uuid.uuid4(), message, ticket, file.filename, file.mimetype, len(file.content),
                               hashlib.sha256(file.content).hexdigest()])  # fmt: skip
    cursor.execute(_SEARCH, [message, ticket, f"{mail.subject} {name} {address} {text}"])
    if not hits:
        cursor.execute(_EVENT, [ticket, ticket, "ticket.opened", customer, at, Jsonb({"channel": channel})])
    cursor.execute(_EVENT, [ticket, ticket, "message.received", customer, at, Jsonb({"message": message})])
    cursor.execute(_DONE, [message, delivery])
    return True


def _find_person(cursor: psycopg.Cursor[Any], name: str, address: str) -> tuple[int, int]:
    found = cursor.execute(_PERSON, [address]).fetchone()
    found = found or cursor.execute(_NEW_PERSON, [name, address, name]).fetchone()
    assert found
    return found[0], found[1]


def _place(
    cursor: psycopg.Cursor[Any], hits: list[Any], channel: int, customer: int, person: int, subject: str, text: str,
    at: datetime,
) -> tuple[int, int, int]:  # fmt: skip
    """Ticket, conversation and sequence of the message."""
    preview = " ".join(text[:200].split())
    if not hits:
        values = [subject, channel, customer, preview, at, at, at, at, person]
        ticket, conversation = cursor.execute(_NEW_TICKET, values).fetchone() or (0, 0)
        return ticket, conversation, 1
    ticket, conversation = hits[0]
    (sequence,) = cursor.execute(_LOCK, [ticket]).fetchone() or (0,)
    cursor.execute(_KNOWN_TICKET, [sequence + 1, sequence + 1, at, preview, ticket])
    return ticket, conversation, sequence + 1
