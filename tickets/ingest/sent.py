"""Answers of ours out of an old Sent folder: outbound messages of the thread they belong to, with their own dates.

A history without our answers is half of one. Nothing is sent, nothing waits, nobody is told.
"""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from events.actors import SYSTEM, Actor
from people.identities import IdentityKey, Newcomer, resolve_identities
from people.models import Agent
from tickets.events import TicketEvent
from tickets.inbound import InboundMessage, IngestResult
from tickets.models import Message, MessageKind, OutboxState
from tickets.sensitive.arriving import hide_secrets

from .door import MAX_COPIED, is_ours
from .evidence import Evidence, load_evidence, named_ids
from .plan import Plan, add_message, join, open_ticket
from .threading import Placement
from .write import write_plan


def ingest_sent(message: InboundMessage) -> IngestResult:
    """Make an old mail of ours part of the ticket it answers, else of a new, solved one of its first recipient.

    Exactly once: the same mail again is a duplicate, and a reply that this helpdesk sent itself is `own`. Raises
    ValueError when it went to nobody but us.
    """
    # Its HTML was not written here and may quote anybody's; the words are what a history needs.
    message = replace(message, html="", html_version=0)
    with transaction.atomic():
        evidence = load_evidence([message])
        message = hide_secrets(message, evidence.channels[message.channel_id].secrets)
        if twin := evidence.by_dedupe.get(message.dedupe_key):
            return IngestResult("duplicate", twin.message_id, twin.ticket_id, "", "the same message came before")
        known = evidence.by_external_id.get(message.external_id, []) if message.external_id else []
        if own := next((hit for hit in known if hit.outbound), None):
            return IngestResult("own", own.message_id, own.ticket_id, "", "our own mail coming back")
        return _add(message, evidence)


def _add(message: InboundMessage, evidence: Evidence) -> IngestResult:
    addresses = dict.fromkeys(entry.address for entry in (*message.to, *message.cc) if entry.address)
    others = [address for address in addresses if not is_ours(address, evidence.own_addresses)][:MAX_COPIED]
    if not others:
        raise ValueError("a mail of ours to nobody")
    names = {entry.address: entry.name for entry in (*message.to, *message.cc)}
    keys = [IdentityKey(message.identity_kind, address) for address in others]
    people = resolve_identities({key: Newcomer(names.get(key.value, ""), locale=message.language) for key in keys})
    plan = Plan(evidence.ids)
    hit = next((hit for id in named_ids(message) for hit in evidence.by_external_id.get(id, ())), None)
    placement = Placement(None, None, "new", "")
    if hit:
        placement = Placement(hit.ticket_id, hit.conversation_id, "known_message_id", "")
    if hit:
        ticket, conversation_id = evidence.tickets[hit.ticket_id], hit.conversation_id
    else:
        ticket, conversation_id = open_ticket(message, evidence, plan, placement, people[keys[0]])
    inbound_sequence, preview = ticket.inbound_sequence, ticket.preview
    newest = message.at >= ticket.last_message_at
    planned = add_message(message, plan, ticket, conversation_id, people[keys[0]], placement)
    ticket.inbound_sequence, ticket.preview = inbound_sequence, ticket.preview if newest else preview
    for person in people.values():
        join(evidence, plan, ticket, conversation_id, person, "requester" if not hit else "copied", message)
    agent = _author(message)
    _as_ours(plan, agent)
    write_plan(plan)
    Message.objects.filter(pk=planned.message_id).update(
        kind=MessageKind.OUTBOUND, identity=None, agent=agent, outbox=OutboxState.SENT, sent_at=message.at
    )
    return IngestResult("threaded" if hit else "new", planned.message_id, ticket.id, placement.layer, "")


def _author(message: InboundMessage) -> Agent | None:
    """The agent whose name stands in From, if only one is called so; else the mail's own words name the author."""
    name = message.sender.name.partition("(")[0].strip()
    found = list(Agent.objects.filter(name__iexact=name)[:2]) if name else []
    return found[0] if len(found) == 1 else None


def _as_ours(plan: Plan, agent: Agent | None) -> None:
    """The facts say who wrote: not a customer. Nothing that reacts to answers hears of it."""
    by = Actor.agent(agent.pk) if agent else SYSTEM
    for index, event in enumerate(plan.events):
        if event.kind == TicketEvent.MESSAGE_RECEIVED:
            plan.events[index] = replace(event, kind=TicketEvent.MESSAGE_IMPORTED, by=by)
        elif event.kind == TicketEvent.TICKET_OPENED:
            plan.events[index] = replace(event, by=by)
