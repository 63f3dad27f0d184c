"""The rows of made-up tickets, as lines of PostgreSQL's COPY text format."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from people.finding.text import normalise, place_words, write_vector

from .texts import ADDRESS_PLACE, Body, Writer

NULL = r"\N"
_DOMAINS = ("mail", "post", "inbox", "letters", "family", "office", "works", "uni", "studio", "home")
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_NEWEST = 0.07  # of all tickets; most of what is not done is among them


@dataclass(frozen=True, slots=True)
class House:
    """Who and what the tickets belong to."""

    channels: tuple[tuple[int, str, int], ...]  # id, address, team
    teams: dict[int, tuple[int, ...]]  # team -> agents
    tags: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ids:
    """The first id of every kind, taken from the sequences beforehand."""

    customer: int
    identity: int
    ticket: int
    conversation: int
    message: int


@dataclass(frozen=True, slots=True)
class Person:
    customer: int
    identity: int
    name: str
    address: str
    language: str
    vector: str


@dataclass(slots=True)
class Story:
    """One ticket while it is told."""

    id: int
    conversation: int
    person: Person
    channel: int
    channel_address: str
    team: int | None
    assignee: int | None
    subject: str
    subject_vector: str
    at: datetime
    status: str
    first_reply: tuple[int, datetime] | None = None
    last: tuple[str, datetime] = ("", datetime.min)
    preview: str = ""
    inbound: int = 0
    events: int = 0


@dataclass(slots=True)
class Lines:
    """Lines by table, in the order in which the tables are written."""

    by_table: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, *values: object) -> None:
        self.by_table[table].append("\t".join([NULL if value is None else str(value) for value in values]))


COLUMNS = {
    "people_customer": "id public_id name locale time_zone created_at",
    "people_identity": "id customer_id kind value display_name trust suspect created_at",
    "tickets_ticket": "id subject status priority channel_id customer_id team_id assignee_id language preview "
    "message_sequence inbound_sequence opened_at last_message_at waiting_since snoozed_until solved_at closed_at "
    "needs_attention",
    "tickets_conversation": "id ticket_id channel_id customer_id subject external_id created_at",
    "tickets_participant": "conversation_id identity_id role state created_at",
    "tickets_message": "id ticket_id conversation_id sequence kind identity_id agent_id at created_at subject text "
    "html html_version quoted language external_id dedupe_key reply_token thread_layer thread_reason auto_kind verdict "
    "pending truncated show_remote envelope outbox attempts sent_at error",
    "tickets_cycle": "ticket_id number opened_at first_reply_at first_reply_id solved_at",
    "tickets_tagging": "ticket_id tag_id",
    "tickets_seen": "ticket_id agent_id sequence",
    "tickets_searchentry": "message_id ticket_id vector",
    "events_event": "stream_type stream_id sequence kind actor_kind actor_id at recorded_at data depth",
}


def escape(text: str) -> str:
    """Text as COPY wants it."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


class Teller:
    """Tells tickets one after the other, oldest first, and collects their rows."""

    def __init__(self, random: Random, writer: Writer, house: House, ids: Ids, now: datetime) -> None:
        self.random, self.writer, self.house, self.ids, self.now = random, writer, house, ids, now
        self.lines = Lines()
        self.next_message = ids.message
        self.planted: dict[int, str] = {}  # message number from 0 -> word

    def take_lines(self) -> Iterator[tuple[str, list[str]]]:
        """What was told since the last time, table by table."""
        lines, self.lines = self.lines, Lines()
        for table in COLUMNS:
            if told := lines.by_table.get(table):
                yield table, told

    def add_customer(self, number: int) -> Person:
        """The nth customer; the first half of the names is common, addresses are unique."""
        language = self.writer.language()
        given, family = self.writer.name(language)
        id = self.ids.customer + number
        domain = f"{self.random.choice(_DOMAINS)}{int(20 * self.random.random() ** 2)}.example"
        address = f"customer{id}@{domain}" if language == "uk" else f"{_plain(given)}.{_plain(family)}{id}@{domain}"
        name, created = f"{given} {family}", self.now - timedelta(days=800)
        public_id = UUID(int=self.random.getrandbits(128), version=4)
        self.lines.add("people_customer", id, public_id, name, language, "", created)
        identity = self.ids.identity + number
        self.lines.add("people_identity", identity, id, "email", address, name, "claimed", "f", created)
        places: dict[str, list[int]] = {}
        place_words(normalise(f"{name} {address}"), language, places, ADDRESS_PLACE)
        return Person(id, identity, name, address, language, escape(write_vector(places)))

    def tell(self, number: int, share: float, opened: datetime, messages: int, person: Person) -> None:
        """The nth ticket, `share` of all tickets being older, with so many messages."""
        story = self._open(number, share, opened, person)
        self._event(story, "ticket.opened", "customer", person.customer, {"channel": story.channel, "status": "open"})
        hours = min(30.0, (self.now - opened).total_seconds() / 3600 / messages)
        for sequence in range(1, messages + 1):
            if sequence > 1:
                story.at = min(self.now, story.at + timedelta(hours=self.random.expovariate(1) * hours))
            self._say(story, sequence)
        self._settle(story, opened, messages)

    def _open(self, number: int, share: float, opened: datetime, person: Person) -> Story:
        random = self.random
        channel, address, team = random.choice(self.house.channels)
        team_id: int | None = team if random.random() < 0.9 else random.choice([*self.house.teams, None])
        agents = self.house.teams.get(team_id or 0, ())
        assignee = random.choice(agents) if agents and random.random() < 0.75 else None
        order = random.randrange(100_000, 999_999)
        subject = random.choice(self.writer.subjects[person.language])
        subject = f"{subject} SO-{order}" if random.random() < 0.4 else subject
        places: dict[str, list[int]] = {}
        place_words(normalise(subject), person.language, places, 0)
        return Story(
            id=self.ids.ticket + number,
            conversation=self.ids.conversation + number,
            person=person,
            channel=channel,
            channel_address=address,
            team=team_id,
            assignee=assignee,
            subject=escape(subject),
            subject_vector=write_vector(places),
            at=opened,
            status=self._status(share),
        )

    def _status(self, share: float) -> str:
        if share > 1 - _NEWEST:
            return self.random.choices(("open", "pending", "on_hold", "solved", "closed"), (42, 18, 5, 20, 15))[0]
        return self.random.choices(("open", "on_hold", "solved", "closed"), (0.5, 0.2, 4, 95.3))[0]

    def _say(self, story: Story, sequence: int) -> None:
        kind = "inbound" if sequence == 1 else self._next_kind(story)
        id = self.next_message
        self.next_message += 1
        if kind == "inbound":
            body = self.random.choice(self.writer.asked[story.person.language])
        else:
            body = self.random.choice(self.writer.answered[story.person.language])
        text, vector = escape(body.text), f"{story.subject_vector} {body.vector}"
        if word := self.planted.get(id - self.ids.message):
            text, vector = f"{text}\\n\\n{word}", f"{vector} {_one_word(word, body)}"
        if kind == "inbound":
            vector = f"{vector} {story.person.vector}"
        self._message(story, id, sequence, kind, text, body)
        self.lines.add("tickets_searchentry", id, story.id, vector)
        story.last, story.preview = (kind, story.at), body.preview
        story.inbound = sequence if kind == "inbound" else story.inbound
        self._message_events(story, id, sequence, kind)

    def _next_kind(self, story: Story) -> str:
        shares = (15, 75, 10) if story.last[0] == "inbound" else (70, 15, 15)
        return self.random.choices(("inbound", "outbound", "note"), shares)[0]

    def _message(self, story: Story, id: int, sequence: int, kind: str, text: str, body: Body) -> None:
        inbound, outbound, person = kind == "inbound", kind == "outbound", story.person
        agent = None if inbound else self._agent(story)
        token = "".join(self.random.choices(_BASE32, k=26)) if outbound else None
        customer = {"name": person.name, "address": person.address}
        shop = {"name": "", "address": story.channel_address}
        envelope = {"from": customer, "to": [shop]} if inbound else {"to": [customer]} if outbound else {}
        self.lines.add(
            "tickets_message", id, story.id, story.conversation, sequence, kind,
            person.identity if inbound else None, agent, story.at, story.at, story.subject, text, "", 0, "[]",
            body.language, f"{token}@helpdesk.example" if token else f"{id}@mail.example" if inbound else "",
            UUID(int=self.random.getrandbits(128), version=4) if inbound else None, token,
            "agent" if not inbound else "new" if sequence == 1 else "token", "", "", "none", "f", "f", "f",
            escape(json.dumps(envelope, ensure_ascii=False)), "sent" if outbound else "", int(outbound),
            story.at if outbound else None, "",
        )  # fmt: skip
        if outbound and not story.first_reply:
            story.first_reply = (id, story.at)

    def _agent(self, story: Story) -> int:
        if story.assignee:
            return story.assignee
        team = story.team or self.random.choice(list(self.house.teams))
        return self.random.choice(self.house.teams[team])

    def _message_events(self, story: Story, id: int, sequence: int, kind: str) -> None:
        data: dict[str, object] = {"message": id, "sequence": sequence}
        if kind == "inbound":
            layer = {"layer": "new" if sequence == 1 else "token"}
            self._event(story, "message.received", "customer", story.person.customer, data | layer)
        elif kind == "note":
            self._event(story, "note.added", "agent", self._agent(story), data)
        else:
            agent = self._agent(story)
            self._event(story, "message.queued", "agent", agent, data | {"status_from": "open"})
            self._event(story, "message.sent", "agent", agent, data | {"clicked_at": story.at.isoformat()})

    def _event(self, story: Story, kind: str, actor: str, by: int | None, data: dict[str, object]) -> None:
        story.events += 1
        self.lines.add(
            "events_event", "ticket", story.id, story.events, kind, actor, by, story.at, story.at, json.dumps(data), 0
        )

    def _settle(self, story: Story, opened: datetime, messages: int) -> None:
        """The ticket itself, once it is known how it went, and what hangs on it."""
        kind, last_at = story.last
        done = story.status in ("solved", "closed")
        solved = min(self.now, last_at + timedelta(hours=2)) if done else None
        closed = min(self.now, last_at + timedelta(days=14)) if story.status == "closed" else None
        waiting = last_at if story.status == "open" and kind == "inbound" else None
        snoozed = self.now + timedelta(hours=20) if story.status == "open" and self.random.random() < 0.05 else None
        person, add = story.person, self.lines.add
        priority = self.random.choices((10, 20, 30, 40), (5, 80, 12, 3))[0]
        add("tickets_ticket", story.id, story.subject, story.status, priority, story.channel, person.customer,
            story.team, story.assignee, person.language, escape(story.preview), messages, story.inbound, opened,
            last_at, waiting, snoozed, solved, closed, "t" if not done and self.random.random() < 0.01 else "f"
        )  # fmt: skip
        add(
            "tickets_conversation",
            story.conversation,
            story.id,
            story.channel,
            person.customer,
            story.subject,
            "",
            opened,
        )
        add("tickets_participant", story.conversation, person.identity, "requester", "active", opened)
        reply_id, reply_at = story.first_reply or (None, None)
        add("tickets_cycle", story.id, 1, opened, reply_at, reply_id, solved)
        for tag in self.random.sample(self.house.tags, self.random.choice((0, 0, 1, 1, 2))):
            add("tickets_tagging", story.id, tag)
        if story.assignee and self.random.random() < 0.8:
            add("tickets_seen", story.id, story.assignee, messages)
        story.at = solved or last_at
        if story.status in ("solved", "closed"):
            self._event(story, "ticket.solved", "agent", self._agent(story), {"from": "open"})


def _plain(name: str) -> str:
    return normalise(name).replace("'", "")


def _one_word(word: str, body: Body) -> str:
    places: dict[str, list[int]] = {}
    place_words(normalise(word), body.language, places, body.end + 2)
    return write_vector(places)
