"""What must hold after any storm, asked of the database and of the customers' mailboxes. Each returns what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from tests.chaos.house import CANARY, ChaosHouse
from tests.chaos.people import Mail, message_id

UNSETTLED = """
SELECT 'mail not read' AS what, count(*) AS n FROM channels_inbound_rawdelivery WHERE state = 'stored'
UNION ALL SELECT 'reply on its way', count(*) FROM tickets_message WHERE outbox IN ('queued', 'sending')
UNION ALL SELECT 'fact not told', count(*) FROM events_eventdelivery WHERE state = 'due'
"""
GAPS = """
SELECT 'messages of ticket ' || ticket_id AS what FROM tickets_message
GROUP BY ticket_id HAVING count(*) <> max(sequence) OR min(sequence) <> 1
UNION ALL SELECT 'events of ' || stream_type || ' ' || stream_id FROM events_event
GROUP BY stream_type, stream_id HAVING count(*) <> max(sequence) OR min(sequence) <> 1
UNION ALL SELECT 'last number of ticket ' || t.id FROM tickets_ticket t JOIN tickets_message m ON m.ticket_id = t.id
GROUP BY t.id HAVING t.message_sequence <> max(m.sequence)
"""
LEFT_OVER = """
SELECT 'sending without a lease: ' || id AS what FROM tickets_message WHERE outbox = 'sending' AND lease_until IS NULL
UNION ALL SELECT 'lease without a claim: ' || id FROM tickets_message WHERE outbox <> 'sending' AND lease_until IS NOT NULL
UNION ALL SELECT 'fact given up: ' || id || ' ' || error FROM events_eventdelivery WHERE state = 'failed'
UNION ALL SELECT 'delivery without an outcome: ' || id FROM channels_inbound_rawdelivery
    WHERE state NOT IN ('ingested', 'duplicate') OR message_id IS NULL OR finished_at IS NULL
UNION ALL SELECT 'delivery without bytes: ' || d.id FROM channels_inbound_rawdelivery d
    LEFT JOIN channels_inbound_rawbody b ON b.delivery_id = d.id WHERE b.delivery_id IS NULL
UNION ALL SELECT 'message not findable: ' || m.id FROM tickets_message m
    LEFT JOIN tickets_searchentry s ON s.message_id = m.id WHERE s.message_id IS NULL
UNION ALL SELECT 'ticket without a message: ' || t.id FROM tickets_ticket t
    WHERE NOT EXISTS (SELECT 1 FROM tickets_message m WHERE m.ticket_id = t.id)
UNION ALL SELECT 'trouble that shows nowhere: ' || m.ticket_id FROM tickets_message m JOIN tickets_ticket t ON
    t.id = m.ticket_id WHERE m.outbox IN ('unknown', 'failed') AND NOT t.needs_attention
UNION ALL SELECT 'trouble without a reason: ' || id FROM tickets_message
    WHERE outbox IN ('unknown', 'failed') AND error = ''
UNION ALL SELECT 'message without its event: ' || m.id FROM tickets_message m WHERE NOT EXISTS (
    SELECT 1 FROM events_event e WHERE e.stream_type = 'ticket' AND e.stream_id = m.ticket_id
    AND e.kind IN ('message.received', 'message.queued') AND (e.data->>'message')::bigint = m.id)
"""
TALLY = """
WITH told AS (SELECT team_id, assignee_id, channel_id, status, snoozed, attention, sum(n) AS n FROM tickets_tally
    GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0),
counted AS (SELECT team_id, assignee_id, channel_id, status, snoozed_until IS NOT NULL, needs_attention, count(*)
    FROM tickets_ticket GROUP BY 1, 2, 3, 4, 5, 6)
SELECT 'told and not counted: ' || d::text AS what FROM (TABLE told EXCEPT TABLE counted) d
UNION ALL SELECT 'counted and not told: ' || d::text FROM (TABLE counted EXCEPT TABLE told) d
"""


BY_MAIL = """
SELECT m.external_id, m.ticket_id, m.kind, m.text FROM tickets_message m
JOIN tickets_conversation c ON c.id = m.conversation_id JOIN tickets_channel h ON h.id = c.channel_id
WHERE h.kind = 'email' AND m.external_id <> ''
"""


REPLIES = """
SELECT m.id, m.text, m.outbox, m.external_id, h.kind AS channel FROM tickets_message m
JOIN tickets_conversation c ON c.id = m.conversation_id JOIN tickets_channel h ON h.id = c.channel_id
WHERE m.kind = 'outbound'
"""


def unsettled(house: ChaosHouse) -> dict[str, int]:
    """What is still on its way, by kind; empty when all is quiet."""
    return {row["what"]: row["n"] for row in house.rows(UNSETTLED) if row["n"]}


def broken_books(house: ChaosHouse) -> list[str]:
    """Gaps, leftovers, wrong counts."""
    return [row["what"] for query in (GAPS, LEFT_OVER, TALLY) for row in house.rows(query)]


def wrong_mails(house: ChaosHouse, mails: Collection[Mail]) -> list[str]:
    """Mails that are not exactly one message in the ticket they belong to."""
    found = house.rows(BY_MAIL)
    places = {row["external_id"]: row["ticket_id"] for row in found}
    times = Counter(row["external_id"] for row in found if row["kind"] == "inbound")
    wrong = [
        f"{mail.message_id} stored {times[mail.message_id]} times" for mail in mails if times[mail.message_id] != 1
    ]
    wrong += [f"nobody wrote {name}" for name in times if name not in {mail.message_id for mail in mails}]
    for mail in mails:
        before = message_id(mail.after) if mail.after is not None else mail.answers
        if before and places.get(mail.message_id) != places.get(before):
            wrong.append(f"{mail.message_id} left the thread of {before}")
    texts = {row["external_id"]: row["text"].strip() for row in found if row["kind"] == "inbound"}
    wrong += [
        f"{mail.message_id} lost its words"
        for mail in mails
        if texts.get(mail.message_id) != f"Where is order {mail.number}? {CANARY}"
    ]
    return wrong


def wrong_replies(house: ChaosHouse, tried: Collection[str], promised: dict[str, int]) -> list[str]:
    """Replies written twice or lost, sent twice, or neither sent nor shown as trouble."""
    rows = house.rows(REPLIES)
    written = Counter(row["text"] for row in rows)
    wrong = [f"{words} written {written[words]} times" for words in tried if written[words] > 1]
    wrong += [f"nobody wrote {words}" for words in written if words not in tried]
    ids = {row["text"]: row["id"] for row in rows}
    wrong += [f"promised and lost: {words}" for words, id in promised.items() if ids.get(words) != id]
    ours = {row["email"] for row in house.rows("SELECT email FROM people_agent")}  # told of digests and of keys made
    sent = [mail for mail in list(house.sink.mails) if not ours & set(mail.rcpt_tos)]
    arrived = Counter(str(mail.message["Message-ID"]).strip("<> ") for mail in sent)
    wrong += [f"{name} arrived {n} times" for name, n in arrived.items() if n > 1]
    wrong += [f"{name} was never written" for name in arrived if name not in {row["external_id"] for row in rows}]
    texts = house.messenger.sent_texts()
    for row in rows:
        chat = row["channel"] == "telegram"
        times = sum(row["text"] in text for text in texts) if chat else arrived[row["external_id"]]
        if times > 1 and chat:
            wrong.append(f"{row['text']} was sent {times} times in Telegram")
        if row["outbox"] == "sent" and not times:
            wrong.append(f"{row['text']} is shown as sent and did not arrive")
        if row["outbox"] == "failed" and times:
            wrong.append(f"{row['text']} is shown as failed and did arrive")
        if row["outbox"] not in ("sent", "unknown", "failed"):
            wrong.append(f"{row['text']} ended as {row['outbox']!r}")
    return wrong


def wrong_promises(house: ChaosHouse) -> list[str]:
    """Clocks that the ledger, counted again, does not bear out; links of the audit's chain that do not hold."""
    wrong = []
    for command in ("verify_metrics", "verify_audit"):
        done = house.launcher.manage(command)
        if done.returncode:
            wrong += [f"{command}: {line}" for line in (done.stdout + done.stderr).splitlines()[:5]]
    return wrong


def missing_files(house: ChaosHouse) -> list[str]:
    """Attachment rows without their bytes on storage (the other way round is what the sweep is for)."""
    present = {path.name for path in house.files.rglob("*") if path.is_file()}
    rows = house.rows("SELECT DISTINCT sha256 FROM tickets_attachment")
    return [f"no file {row['sha256']}" for row in rows if row["sha256"] not in present]
