"""Where a message belongs: the layers of proof, strongest first. Pure: no database, no clock.

What proves that the sender held our own mail (a 128-bit token, or a Message-ID of ours) may bring a new person into
a thread, as a pending participant. Everything weaker needs somebody who already takes part; a stranger with it gets
a ticket of their own, linked, with the reason. A sender whose authentication failed never enters a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from tickets.inbound import InboundMessage

from .evidence import Evidence, Hit, named_ids, thread_keys

Standing = Literal["active", "pending", "refused", "stranger"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thread a message points at, and how well it proves that it belongs there."""

    ticket_id: int
    conversation_id: int
    layer: str
    proven: bool


@dataclass(frozen=True, slots=True)
class Placement:
    """The decision. `ticket_id` None opens a ticket; `link` then says which other it may belong to, and why."""

    ticket_id: int | None
    conversation_id: int | None
    layer: str
    reason: str
    pending: bool = False
    # Among people whom the customer does not know of: what was forwarded to them is what they answer.
    aside: bool = False
    link: tuple[int, str] | None = None


def place(message: InboundMessage, evidence: Evidence, *, identity_id: int, customer_id: int) -> Placement:
    """Decide where a message goes; the first candidate its sender may use wins."""
    link: tuple[int, str] | None = None
    reason = "names no conversation of ours"
    for candidate in candidates(message, evidence):
        if message.verdict == "fail":
            link = link or (candidate.ticket_id, "failed_authentication")
            reason = f"points at #{candidate.ticket_id}, but the sender's authentication failed"
            continue
        standing = _standing(candidate.ticket_id, evidence, identity_id, customer_id)
        if standing == "active" or (candidate.proven and standing in ("pending", "stranger")):
            if evidence.tickets[candidate.ticket_id].status == "closed":
                return _follow_up(candidate, evidence, identity_id, customer_id)
            # Into a thread of the provider nobody writes whom the provider did not let in.
            pending = standing != "active" and candidate.layer != "external_id"
            conversation_id = _own_conversation(candidate, evidence, identity_id, customer_id)
            aside = _is_aside(conversation_id, candidate.ticket_id, evidence)
            return Placement(candidate.ticket_id, conversation_id, candidate.layer, "", pending, aside)
        link = link or (candidate.ticket_id, "unproven_reference")
        reason = f"points at #{candidate.ticket_id} without proof, from somebody who does not take part in it"
    if link is None and (twin := _differing_twin(message, evidence)):
        link = (twin.ticket_id, "same_message_id")
        reason = f"bears the Message-ID of another mail, in #{twin.ticket_id}"
    return Placement(None, None, "new", reason, link=link)


def candidates(message: InboundMessage, evidence: Evidence) -> Iterator[Candidate]:
    """The threads a message points at, strongest proof first."""
    for key in thread_keys(message):
        if found := evidence.by_thread.get(key):
            yield Candidate(*found, "external_id", proven=True)
    yield from _by_tokens("token", message.tokens, evidence)
    for external_id in named_ids(message):
        for hit in reversed(evidence.by_external_id.get(external_id, [])):
            layer = "own_message_id" if hit.outbound else "known_message_id"
            yield Candidate(hit.ticket_id, hit.conversation_id, layer, proven=hit.outbound)
    yield from _by_tokens("body_token", message.body_tokens, evidence)
    for number in message.subject_numbers:
        if number in evidence.tickets and number in evidence.main_conversation:
            yield Candidate(evidence.root(number), evidence.main_conversation[number], "subject", proven=False)


def _by_tokens(layer: str, tokens: Iterable[str], evidence: Evidence) -> Iterator[Candidate]:
    for token in tokens:
        if hit := evidence.by_token.get(token):
            yield Candidate(hit.ticket_id, hit.conversation_id, layer, proven=True)


def _standing(ticket_id: int, evidence: Evidence, identity_id: int, customer_id: int) -> Standing:
    """How the sender stands in a ticket. A person is themselves under each of their addresses, but a refusal
    counts for the address it was said of."""
    found: set[str] = set()
    for member in evidence.members.get(ticket_id, ()):
        if member.identity_id == identity_id and member.state == "refused":
            return "refused"
        if member.identity_id == identity_id or member.customer_id == customer_id:
            found.add(member.state)
    if "active" in found:
        return "active"
    return "pending" if "pending" in found else "stranger"


def _own_conversation(candidate: Candidate, evidence: Evidence, identity_id: int, customer_id: int) -> int:
    """The conversation pointed at; but who was asked aside stays aside, and who was not does not get in there."""
    members = evidence.members.get(candidate.ticket_id, ())
    theirs = [m for m in members if m.identity_id == identity_id or m.customer_id == customer_id]
    if any(m.conversation_id == candidate.conversation_id for m in theirs) or not theirs:
        return candidate.conversation_id
    if _is_aside(candidate.conversation_id, candidate.ticket_id, evidence) or all(m.aside for m in theirs):
        main = [m.conversation_id for m in theirs if not m.aside]
        return main[-1] if main else theirs[-1].conversation_id
    return candidate.conversation_id


def _is_aside(conversation_id: int, ticket_id: int, evidence: Evidence) -> bool:
    return any(m.aside for m in evidence.members.get(ticket_id, ()) if m.conversation_id == conversation_id)


def _follow_up(candidate: Candidate, evidence: Evidence, identity_id: int, customer_id: int) -> Placement:
    """A closed ticket stays closed: into the follow-up where the sender already takes part, else one of their own.

    Never into somebody else's follow-up, which would fuse two people who once shared a thread.
    """
    closed = candidate.ticket_id
    for heir in evidence.follow_ups.get(closed, ()):
        if heir in evidence.main_conversation and _standing(heir, evidence, identity_id, customer_id) == "active":
            reason = f"#{closed} is closed, its follow-up is #{heir}"
            return Placement(heir, evidence.main_conversation[heir], candidate.layer, reason)
    return Placement(None, None, candidate.layer, f"#{closed} is closed", link=(closed, "follow_up"))


def _differing_twin(message: InboundMessage, evidence: Evidence) -> Hit | None:
    """Another mail that came under the same Message-ID. The same mail never gets this far."""
    hits = evidence.by_external_id.get(message.external_id, []) if message.external_id else []
    return hits[-1] if hits else None


def original_of_bounce(
    message: InboundMessage, evidence: Evidence, *, identity_id: int, customer_id: int
) -> Hit | None:
    """The reply a delivery report is about. It counts only if that reply went to the address reported (threat 10); one
    whose sender's authentication failed, or who was refused in that ticket, is a mail like any other."""
    if message.verdict == "fail":
        return None
    report = message.bounce
    if report is None:
        return None
    hits = [hit for id in report.original_ids for hit in evidence.by_external_id.get(id, ())]
    hits += [evidence.by_token[token] for token in report.tokens if token in evidence.by_token]
    for hit in hits:
        refused = _standing(hit.ticket_id, evidence, identity_id, customer_id) == "refused"
        if hit.outbound and not refused and any(one.recipient in hit.recipients for one in report.everyone):
            return hit
    return None
