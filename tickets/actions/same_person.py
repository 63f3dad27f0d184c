"""Two customers who are one person: suggested by evidence, decided by an agent, undone at any time.

A joined customer keeps their addresses and points at the one who stays; what was theirs (tickets, conversations)
follows, and the row of the decision says what, so that all of it can go back. Nothing is joined by a claim alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from people.identities import family
from people.models import Agent, Claim, Customer, Identity, IdentityKind
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.events import TicketEvent
from tickets.kinds import registered_kinds
from tickets.models import Conversation, CustomerMatch, MatchState, Participant, ParticipantRole, Ticket
from tickets.realtime import announce

from .base import lock_ticket, record, require

SUGGESTED = 3
_LOOKED_AT = 40
Address = tuple[str, str]


@dataclass(slots=True)
class Suggestion:
    """Somebody who may be the same person: which addresses say so, and whether a provider proved it."""

    customer: Customer
    evidence: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> int:
        return self.customer.pk


def family_of(customer_id: int) -> list[int]:
    """The customer and those who were joined to them."""
    return list(family(customer_id).order_by("pk").values_list("pk", flat=True))


def suggestions(customer_id: int, agent: Agent) -> list[Suggestion]:
    """Who may be the same person, as far as the agent may see a ticket of theirs; the best proven first."""
    family = family_of(customer_id)
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for owner, fact in _evidence(family):
        if fact not in found[owner]:
            found[owner].append(fact)
    apart = CustomerMatch.objects.filter(state=MatchState.APART)
    pairs = apart.filter(Q(kept__in=family) | Q(other__in=family)).values_list("kept_id", "other_id")
    refused = {one for pair in pairs for one in pair}
    seen = set(Ticket.objects.visible_to(agent).filter(customer__in=found).values_list("customer_id", flat=True))
    people = Customer.objects.filter(pk__in=seen - refused, merged_into=None).order_by("pk")
    listed = [Suggestion(person, found[person.pk]) for person in people]
    listed.sort(key=lambda one: (not any(fact["proven"] for fact in one.evidence), one.id))
    return listed[:SUGGESTED]


def _evidence(family: Collection[int]) -> list[tuple[int, dict[str, Any]]]:
    """(customer, fact) for every address of ours that somebody else has or claims, or the other way round."""
    kinds = [IdentityKind.EMAIL, IdentityKind.PHONE, IdentityKind.PAGE_USER]
    ours = Identity.objects.filter(customer__in=family, suspect=False)
    have = list(ours.filter(kind__in=kinds).order_by("pk").values_list("kind", "value")[:_LOOKED_AT])
    said = dict[Address, bool]()
    for kind, value, proven in (
        Claim.objects.filter(identity__in=ours).order_by("pk").values_list("kind", "value", "proven")[:_LOOKED_AT]
    ):
        said[kind, value] = proven
    found: list[tuple[int, dict[str, Any]]] = []
    owners = Identity.objects.filter(_any_of(said), suspect=False).exclude(customer__in=family)
    for identity in owners.select_related("customer"):
        proven = said[identity.kind, identity.value]
        found.append((_root(identity.customer), _fact("theirs", identity.kind, identity.value, proven=proven)))
    others = Claim.objects.filter(_any_of([*have, *said]), identity__suspect=False)
    for claim in others.exclude(identity__customer__in=family).select_related("identity__customer"):
        word = "ours" if (claim.kind, claim.value) in have else "both"
        fact = _fact(word, claim.kind, claim.value, proven=claim.proven)
        found.append((_root(claim.identity.customer), fact))
    return found


def _any_of(addresses: Collection[Address]) -> Q:
    wanted = Q(pk__in=[])
    for kind, value in addresses:
        wanted |= Q(kind=kind, value=value)
    return wanted


def _root(customer: Customer) -> int:
    return customer.merged_into_id or customer.pk


def _fact(word: str, kind: str, value: str, *, proven: bool) -> dict[str, Any]:
    """`theirs`: ours named an address the other has; `ours`: the other named one of ours; `both`: both name it."""
    return {"who": word, "kind": kind, "value": value, "proven": proven}


def join_customers(ticket_id: int, other_id: int, *, by: Agent, at: datetime | None = None) -> CustomerMatch:
    """Make the other the same person as this ticket's customer; the one known longer stays. Only what is suggested can
    be joined (NotFound otherwise). Two agents at once, or one twice, join once."""
    at = at or timezone.now()
    with transaction.atomic():
        kept, other = _locked_pair(_customer_of(ticket_id, by=by), other_id)
        _lock_tickets(Ticket.objects.filter(Q(customer=other) | Q(pk=ticket_id)))
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        if kept.pk == other.pk:
            done = CustomerMatch.objects.filter(kept=kept.pk, state=MatchState.JOINED).order_by("-pk").first()
            # Joined meanwhile, from this end or, with this ticket among what moved, from the other.
            if done is not None and (other_id != ticket.customer_id or ticket_id in done.moved["tickets"]):
                return done
            raise NotFound(_("There is no such customer."))
        fitting = {one.id: one for one in suggestions(_root(ticket.customer), by)}
        found = fitting.get(other.pk) or fitting.get(kept.pk)
        if found is None:
            raise NotFound(_("There is no such customer."))
        match = CustomerMatch.objects.create(
            kept=kept, other=other, state=MatchState.JOINED, evidence=found.evidence, by=by, at=at
        )
        match.moved = _move(other, kept, ticket)
        match.save(update_fields=["moved"])
        _record(ticket, TicketEvent.CUSTOMER_JOINED, match, match.moved["tickets"], at)
    return match


def join_who_came(
    ticket_id: int, other_id: int, *, by: Agent, evidence: Collection[dict[str, Any]], at: datetime
) -> CustomerMatch | None:
    """Make somebody new who came by an agent's invitation the same person as the ticket's customer: it is that agent's
    decision, undone like every other. The caller has seen to it that the invitation is good and nobody knew them."""
    with transaction.atomic():
        kept, other = _locked_pair(Ticket.objects.values_list("customer_id", flat=True).get(pk=ticket_id), other_id)
        ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket_id)
        if kept.pk == other.pk:
            return None
        match = CustomerMatch.objects.create(
            kept=kept, other=other, state=MatchState.JOINED, evidence=list(evidence), by=by, at=at
        )
        match.moved = _move(other, kept, ticket)
        match.save(update_fields=["moved"])
        _record(ticket, TicketEvent.CUSTOMER_JOINED, match, match.moved["tickets"], at)
    return match


def _customer_of(ticket_id: int, *, by: Agent) -> int:
    """The ticket's customer, for somebody who may decide about them. Everything here locks customers before tickets,
    each in id order: two agents may begin from both ends."""
    require(by, Permission.EDIT_TICKETS)
    found = Ticket.objects.visible_to(by).filter(pk=ticket_id).values_list("customer_id", flat=True).first()
    if found is None:
        raise NotFound(_("There is no such ticket."))
    return found


def _locked_pair(first_id: int, second_id: int) -> tuple[Customer, Customer]:
    """Both as they point now, locked in id order: the older stays. NotFound."""
    ids = Customer.objects.filter(pk__in=[first_id, second_id]).values_list("pk", "merged_into_id")
    roots = {pk: into or pk for pk, into in ids}
    if len(roots) != len({first_id, second_id}):
        raise NotFound(_("There is no such customer."))
    wanted = sorted({*roots.values(), *roots})
    rows = {one.pk: one for one in Customer.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")}
    now = sorted({_root(rows[first_id]), _root(rows[second_id])})
    if any(pk not in rows for pk in now):  # joined elsewhere in this very moment: the caller may look again
        raise NotFound(_("There is no such customer."))
    return rows[now[0]], rows[now[-1]]


def _move(other: Customer, kept: Customer, ticket: Ticket) -> dict[str, Any]:
    children = list(Customer.objects.filter(merged_into=other).order_by("pk").values_list("pk", flat=True))
    Customer.objects.filter(pk__in=[other.pk, *children]).update(merged_into=kept)
    tickets = _lock_tickets(Ticket.objects.filter(customer=other))
    conversations = list(Conversation.objects.filter(customer=other).order_by("pk").values_list("pk", flat=True))
    _hand_over(tickets, conversations, kept.pk)
    if ticket.customer_id == other.pk:
        ticket.customer_id = kept.pk
    return {"tickets": tickets, "conversations": conversations, "children": children}


def _lock_tickets(rows: Any) -> list[int]:
    return list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))


def _hand_over(tickets: Collection[int], conversations: Collection[int], customer_id: int) -> None:
    Ticket.objects.filter(pk__in=tickets).update(customer=customer_id)
    Conversation.objects.filter(pk__in=conversations).update(customer=customer_id)


def _record(ticket: Ticket, kind: TicketEvent, match: CustomerMatch, moved: Collection[int], at: datetime) -> None:
    """One fact, on the ticket where it was decided; the screens that show the others hear of it too."""
    by = match.undone_by if kind == TicketEvent.CUSTOMER_PARTED else match.by
    assert by is not None
    data = {"customer": match.kept_id, "other": match.other_id, "match": match.pk, "name": match.other.name}
    recorded = record(ticket, kind, by=by.actor, at=at, data=data)
    for ticket_id in moved:
        if ticket_id != ticket.pk:
            announce(ticket_id, kind=kind, event_id=recorded.id)


def part_customers(ticket_id: int, match_id: int, *, by: Agent, at: datetime | None = None) -> CustomerMatch:
    """Take a joining back: what moved goes home, with what they have begun since by their own addresses. Twice is
    once. NotFound unless the decision is about this ticket's customer."""
    at = at or timezone.now()
    with transaction.atomic():
        whose = Customer.objects.get(pk=_customer_of(ticket_id, by=by))
        match = CustomerMatch.objects.filter(pk=match_id).exclude(state=MatchState.APART).first()
        if match is None or not {_root(whose), whose.pk} & _touched(match):
            raise NotFound(_("There is no such decision."))
        kept, other = _locked_apart(match)
        _lock_tickets(Ticket.objects.filter(Q(customer=kept) | Q(pk=ticket_id)))
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        match.refresh_from_db()
        if match.state != MatchState.JOINED:
            return match
        family = [other.pk, *match.moved["children"]]
        Customer.objects.filter(pk__in=match.moved["children"], merged_into=kept).update(merged_into=other)
        Customer.objects.filter(pk=other.pk).update(merged_into=None)
        tickets, conversations = _theirs(match, kept.pk, family)
        _hand_over(tickets, conversations, other.pk)
        match.state, match.undone_by, match.undone_at = MatchState.UNDONE, by, at
        match.save(update_fields=["state", "undone_by", "undone_at"])
        _record(ticket, TicketEvent.CUSTOMER_PARTED, match, tickets, at)
    return match


def _touched(match: CustomerMatch) -> set[int]:
    kept = Customer.objects.get(pk=match.kept_id)
    return {match.kept_id, match.other_id, _root(kept)}


def _locked_apart(match: CustomerMatch) -> tuple[Customer, Customer]:
    """Who holds what was joined now (the kept one may have been joined on), and who is to go."""
    root = Customer.objects.get(pk=match.other_id).merged_into_id or match.kept_id
    wanted = sorted({root, match.other_id})
    rows = {one.pk: one for one in Customer.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")}
    return rows[root], rows[match.other_id]


def _theirs(match: CustomerMatch, holder: int, family: Collection[int]) -> tuple[list[int], list[int]]:
    """What of the holder's is theirs: what moved with them, and what was begun by one of their addresses since."""
    begun = Participant.objects.filter(
        identity__customer__in=family, role=ParticipantRole.REQUESTER, conversation__customer=holder
    )
    since = list(begun.values_list("conversation_id", "conversation__ticket_id"))
    moved = {*match.moved["tickets"], *(ticket for _c, ticket in since)}
    tickets = _lock_tickets(Ticket.objects.filter(pk__in=moved, customer=holder))
    talks = {*match.moved["conversations"], *(conversation for conversation, _t in since)}
    conversations = Conversation.objects.filter(pk__in=talks, customer=holder).order_by("pk")
    return tickets, list(conversations.values_list("pk", flat=True))


def keep_apart(ticket_id: int, other_id: int, *, by: Agent, at: datetime | None = None) -> CustomerMatch:
    """They are two people: not suggested again. Only what is suggested can be refused; twice is once."""
    at = at or timezone.now()
    with transaction.atomic():
        kept, other = _locked_pair(_customer_of(ticket_id, by=by), other_id)
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        known = CustomerMatch.objects.filter(kept=kept, other=other, state=MatchState.APART).first()
        if known is not None:
            return known
        found = next((one for one in suggestions(_root(ticket.customer), by) if one.id in (kept.pk, other.pk)), None)
        if found is None or kept.pk == other.pk:
            raise NotFound(_("There is no such customer."))
        match = CustomerMatch.objects.create(
            kept=kept, other=other, state=MatchState.APART, evidence=found.evidence, by=by, at=at
        )
        _record(ticket, TicketEvent.CUSTOMER_KEPT_APART, match, (), at)
    return match


def prefer_channel(ticket_id: int, kind: str, *, by: Agent, at: datetime | None = None) -> Customer:
    """Note by which kind of channel the customer likes to be answered; empty for no wish."""
    if kind and kind not in {traits.kind for traits in registered_kinds() if traits.writes}:
        raise InvalidInput("kind", _("There is no such kind of channel."))
    with transaction.atomic():
        whose = Customer.objects.get(pk=_customer_of(ticket_id, by=by))
        customer = Customer.objects.select_for_update(no_key=True).get(pk=_root(whose))
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        if customer.prefers != kind:
            customer.prefers = kind
            customer.save(update_fields=["prefers"])
            data = {"customer": customer.pk, "kind": kind}
            record(ticket, TicketEvent.CUSTOMER_PREFERS, by=by.actor, at=at or timezone.now(), data=data)
    return customer


def joinings_of(customer_id: int) -> list[CustomerMatch]:
    """Who was joined to this customer and can be taken apart again, the newest first."""
    found = CustomerMatch.objects.filter(state=MatchState.JOINED, other__in=family_of(customer_id))
    return list(found.select_related("other", "by").order_by("-pk"))
