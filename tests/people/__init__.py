"""Who takes part in every test: Olena answers, Ben sits beside her, Mallory is in another team, Vera only looks,
Adam runs the place; Zoe is the customer."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client

from events.models import Event
from people.models import Agent, Membership, Role, Team
from tickets.inbound import Address, InboundMessage, IngestResult
from tickets.ingest import ingest
from tickets.models import Channel, Ticket

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class House:
    """A shop with two teams, each with a mailbox of its own."""

    support: Team
    returns: Team
    channel: Channel
    other_channel: Channel
    olena: Agent
    ben: Agent
    mallory: Agent
    vera: Agent
    adam: Agent


@cache
def _password_hash() -> str:
    """Argon2 is slow on purpose; once is enough for a test run."""
    return make_password(PASSWORD)


def make_agent(name: str, *, role: str = Role.AGENT, team: Team | None = None, **fields: Any) -> Agent:
    """An agent who can sign in as name@shop.example with PASSWORD. Answering does not make a ticket theirs, so that
    what a test sees of an answer is the answer; tests of that say `takes_answered=True`."""
    fields.setdefault("takes_answered", False)
    email = f"{name.lower()}@shop.example"
    agent = Agent.objects.create(email=email, password=_password_hash(), name=name, role=role, **fields)
    if team is not None:
        Membership.objects.create(agent=agent, team=team)
    return agent


def freshness(agent: Agent) -> dict[str, Any]:
    """What a session keeps of a sign-in of just now."""
    return {
        AUTHENTICATION_METHODS_SESSION_KEY: [{"method": "password", "at": time.time()}],
        "account_authentication_methods_user": str(agent.pk),
    }


def signed_in(agent: Agent) -> Client:
    """A browser whose agent has just given the password; `force_login` alone is a sign-in of long ago."""
    client = Client()
    client.force_login(agent)
    session = client.session
    session.update(freshness(agent))
    session.save()
    return client


def make_house() -> House:
    """Everybody, in their teams."""
    support, returns = Team.objects.create(name="Support"), Team.objects.create(name="Returns")
    return House(
        support=support,
        returns=returns,
        channel=Channel.objects.create(name="Support", address="support@shop.example", team=support),
        other_channel=Channel.objects.create(name="Returns", address="returns@shop.example", team=returns),
        olena=make_agent("Olena", team=support),
        ben=make_agent("Ben", team=support),
        mallory=make_agent("Mallory", team=returns),
        vera=make_agent("Vera", role=Role.VIEWER, team=support),
        adam=make_agent("Adam", role=Role.ADMIN),
    )


ZOE = Address("Zoe Bauer", "zoe@customer.example")


def mail(channel: Channel, **fields: Any) -> InboundMessage:
    """A mail of Zoe's to the channel; every field can be said."""
    values: dict[str, Any] = {
        "channel_id": channel.pk,
        "dedupe_key": uuid.uuid4(),
        "external_id": f"{uuid.uuid4().hex}@customer.example",
        "at": NOW,
        "received_at": NOW,
        "sender": ZOE,
        "subject": "Where is my parcel?",
        "text": "Hello, my parcel has not arrived.",
        "to": (Address("", channel.address),),
    }
    return InboundMessage(**(values | fields))


def receive(channel: Channel, **fields: Any) -> IngestResult:
    """Let a mail of Zoe's in."""
    return ingest(mail(channel, **fields))


def open_ticket(channel: Channel, **fields: Any) -> Ticket:
    """A ticket as a mail of Zoe's opens it."""
    return Ticket.objects.get(pk=receive(channel, **fields).ticket_id)


def events_of(ticket_id: int) -> list[str]:
    """The kinds of a ticket's events, in order."""
    stream = Event.objects.filter(stream_type="ticket", stream_id=ticket_id).order_by("sequence")
    return list(stream.values_list("kind", flat=True))


def assert_gapless(ticket_id: int) -> None:
    """The stream's sequence counts 1, 2, 3 without a gap."""
    stream = Event.objects.filter(stream_type="ticket", stream_id=ticket_id).order_by("id")
    numbers = list(stream.values_list("sequence", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def our_tables() -> list[str]:
    """Every table of an app of this repository; what a new app brings is among them unasked."""
    ours = tuple(f"{app.label}_" for app in apps.get_app_configs() if Path(app.path).parent == settings.BASE_DIR)
    with connection.cursor() as cursor:
        return sorted(name for name in connection.introspection.table_names(cursor) if name.startswith(ours))


def row_counts() -> dict[str, int]:
    """Rows of every table of ours, but for what signing in for a test leaves behind."""
    counts = {}
    with connection.cursor() as cursor:
        for table in our_tables():
            if table == "people_agentsession":
                continue
            but = " WHERE kind <> 'signed_in'" if table == "events_auditentry" else ""
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}{but}")
            counts[table] = cursor.fetchone()[0]
    return counts
