"""Who a note speaks to: `@` and a name, found in its text, so that it needs no editor and survives every draft."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from people.models import Agent, Team
from tickets.models import Ticket

MOST = 50
_AT = re.compile(r"(?<![\w@./-])@(?=\w)")

Key = tuple[str, int]  # "agent" or "team", and its id


@dataclass(frozen=True, slots=True)
class Mentions:
    """Agents named, teams named, and the agents among the former who may not see the ticket and so are not told."""

    agents: tuple[Agent, ...] = ()
    teams: tuple[Team, ...] = ()
    blind: tuple[Agent, ...] = ()

    def data(self) -> dict[str, list[int]]:
        """As the event of the note keeps it; nothing for a note that names nobody."""
        found = {
            "agents": [agent.pk for agent in self.agents], "teams": [team.pk for team in self.teams],
            "blind": [agent.pk for agent in self.blind],
        }  # fmt: skip
        return {name: ids for name, ids in found.items() if ids}


def mentions_in(ticket: Ticket, text: str) -> Mentions:
    """Who is named in a text on a ticket. No query unless there is an @."""
    if not _AT.search(text):
        return Mentions()
    agents = {agent.pk: agent for agent in Agent.objects.filter(is_active=True)}
    teams = Team.objects.in_bulk()
    names = [(agent.name, ("agent", id)) for id, agent in agents.items()]
    names += [(team.name, ("team", id)) for id, team in teams.items()]
    keys = find_mentions(text, known_names(names))
    named = [agents[id] for kind, id in keys if kind == "agent"]
    blind = [agent for agent in named if not Ticket.objects.visible_to(agent).filter(pk=ticket.pk).exists()]
    return Mentions(tuple(named), tuple(teams[id] for kind, id in keys if kind == "team"), tuple(blind))


def known_names(names: Iterable[tuple[str, Key]]) -> dict[str, Key]:
    """By what each may be called: the whole name, or the first word of it where only one bears it."""
    whole, first = defaultdict[str, set[Key]](set), defaultdict[str, set[Key]](set)
    for name, key in names:
        folded = " ".join(name.casefold().split())
        if folded:
            whole[folded].add(key)
            first[folded.split(" ")[0]].add(key)
    found = {name: next(iter(keys)) for name, keys in first.items() if len(keys) == 1}
    return found | {name: min(keys) for name, keys in whole.items()}


def find_mentions(text: str, known: Mapping[str, Key]) -> list[Key]:
    """The keys of the names that follow an @, in order, each once; the longest name wins."""
    by_length = sorted(known, key=len, reverse=True)
    folded = re.sub(r"[^\S\n]+", " ", text.casefold())
    found: dict[Key, None] = {}
    for at in _AT.finditer(folded):
        rest = folded[at.end() :]
        name = next((name for name in by_length if rest.startswith(name) and _ends(rest, len(name))), None)
        if name is not None and len(found) < MOST:
            found[known[name]] = None
    return list(found)


def _ends(rest: str, place: int) -> bool:
    return place >= len(rest) or not (rest[place].isalnum() or rest[place] == "_")
