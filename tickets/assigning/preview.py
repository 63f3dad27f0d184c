"""Who would get a team's next ticket, and why the others would not; nothing is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from people.desks import agents_at_their_desks
from people.models import Presence
from tickets.models import Assigning, Method

from .giving import next_choice, waiting_tickets
from .rules import Waiting, choose
from .staff import USUALLY, Member, members, rows_of

MOST_COUNTED = 99


@dataclass(frozen=True, slots=True)
class Standing:
    """One of the team as the manager sees them; `chosen` would get the next."""

    member: Member
    state: str
    tone: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """`ticket` is the one at the head (None: a mail, if one came); `said` names who gets it and why."""

    said: str
    ticket: int | None
    waiting: str
    people: list[Standing]


def preview_of(rule: Assigning, *, at: datetime) -> Preview:
    """By what is saved and what is so now. A rule that is off shows what "the fewest" would do."""
    people = members(rule, rows_of(rule.team_id), here=agents_at_their_desks(), at=at)
    waiting = waiting_tickets(rule.team_id)[: MOST_COUNTED + 1].count()
    choice = next_choice(rule, people)
    ticket = choice.ticket_id if choice else None
    if not waiting:
        # Of no channel yet, so of none that somebody could be kept from.
        candidates = [replace(one.candidate, channels=None) for one in people if one.takes_work]
        mail = Waiting(ticket_id=0, weight=USUALLY)
        choice = choose([mail], candidates, method=rule.method, last_given=rule.last_given)
    chosen = choice.agent_id if choice else None
    name = next((one.agent.name for one in people if one.agent.pk == chosen), "")
    said = _reason(choice.why, name, choice.load, choice.limit) if choice else _("Nobody can take one now.")
    if rule.method == Method.OFF:
        said = _("Tickets of this team wait until somebody takes them.")
    shown = f"{MOST_COUNTED}+" if waiting > MOST_COUNTED else str(waiting)
    return Preview(said, ticket or None, shown, [_standing(one, chosen) for one in people])


def _reason(why: str, name: str, load: int, limit: int) -> str:
    texts = {
        "fewest": _("%(name)s: fewest open (%(load)d of %(limit)d), online"),
        "turn": _("%(name)s: next in turn (%(load)d of %(limit)d open), online"),
        "back": _("%(name)s: had it before, and is online"),
    }
    return texts[why] % {"name": name, "load": load, "limit": limit}


def _standing(one: Member, chosen: int | None) -> Standing:
    said = Presence(one.said)
    if said != Presence.ONLINE:
        return Standing(one, str(said.label), "", chosen=False)
    if not one.at_desk:
        return Standing(one, _("Helpdesk not open"), "", chosen=False)
    if not one.shift.within:
        return Standing(one, _("Not on shift"), "", chosen=False)
    if one.load >= one.limit:
        return Standing(one, _("Has enough"), "warn", chosen=one.agent.pk == chosen)
    return Standing(one, str(said.label), "ok", chosen=one.agent.pk == chosen)
