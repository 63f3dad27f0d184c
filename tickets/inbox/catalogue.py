"""The views of the sidebar: what each is called and which tickets stand in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from people.models import Agent
from people.permissions import Permission
from tickets.conditions import resolve
from tickets.facets import COUNTED, HasFacets, Where, matches
from tickets.kinds import traits_of
from tickets.models import DueState, Status, ViewOrder

from .directory import Directory, ViewEntry, read_directory

TO_DO = (Status.OPEN.value, Status.ON_HOLD.value)
SAVED = "saved"
DONE = (Status.SOLVED.value, Status.CLOSED.value)


@dataclass(frozen=True, slots=True)
class View:
    """One entry of the sidebar. `where` is read by the list, the counts and the browser alike (tickets.facets).

    `counted`: by tallies, always right. `deep`: by a look at the tickets, now and then, "99+" beyond.
    """

    key: str
    name: str | Promise
    icon: str
    where: Where
    group: str = ""
    empty: str | Promise = field(default=_("Nothing here."))
    alarming: bool = False
    counted: bool = True
    deep: bool = False
    order: str = ViewOrder.NEWEST
    edits: int = 0  # the saved view behind it, where its conditions are the agent's to change

    def matches(self, facets: HasFacets) -> bool:
        return matches(self.where, facets)


def views_for(agent: Agent, directory: Directory | None = None) -> list[View]:
    """The agent's views in the order shown; teams and channels only where their tickets may be seen."""
    known = directory or read_directory([agent])
    return [
        *_standing(agent),
        *_put_by(agent),
        *_saved_views(agent, known),
        *_team_views(agent, known),
        *_channel_views(agent, known),
    ]


def deep_wheres(agent: Agent, directory: Directory | None = None) -> dict[str, Where]:
    """The conditions of the agent's views whose tickets no tally counts, by key."""
    return {view.key: view.where for view in views_for(agent, directory) if view.deep}


def wheres_for(agent: Agent, directory: Directory | None = None) -> dict[str, Where]:
    """The conditions of the agent's counted views by key."""
    return {view.key: view.where for view in views_for(agent, directory) if view.counted}


def _standing(agent: Agent) -> Iterator[View]:
    awake = {"snoozed": (False,)}
    yield View(
        "mine", _("My inbox"), icon="inbox", where={"assignee": (agent.pk,), "status": TO_DO, **awake},
        empty=_("You are all caught up."),
    )  # fmt: skip
    yield View(
        "unassigned", _("Unassigned"), icon="user-round-x",
        where={"assignee": (None,), "status": (Status.OPEN.value,), **awake},
        empty=_("Every open ticket has somebody."),
    )  # fmt: skip
    yield View("open", _("All open"), icon="layers", where={"status": TO_DO, **awake}, empty=_("No open tickets."))
    yield View(
        "waiting", _("Waiting on customer"), icon="hourglass", where={"status": (Status.PENDING.value,), **awake},
        empty=_("No customer owes us an answer."),
    )  # fmt: skip
    yield View(
        "my-waiting", _("My waiting"), icon="hourglass",
        where={"assignee": (agent.pk,), "status": (Status.PENDING.value,), **awake},
        empty=_("Nobody owes you an answer."),
    )  # fmt: skip


def _put_by(agent: Agent) -> Iterator[View]:
    """What waits, what is wrong, and what is done."""
    yield View("snoozed", _("Snoozed"), icon="clock", where={"snoozed": (True,)}, empty=_("Nothing is snoozed."))
    yield View(
        "attention", _("Needs attention"), icon="triangle-alert", where={"attention": (True,)}, alarming=True,
        empty=_("Every mail arrived and nobody waits to be let in."),
    )  # fmt: skip
    yield View(
        "deadlines", _("By deadline"), icon="timer", counted=False, deep=True, order=ViewOrder.DEADLINE,
        where={"due": (DueState.RUNNING.value, DueState.LATE.value), "status": TO_DO},
        empty=_("No deadline is running."),
    )  # fmt: skip
    yield View(
        "overdue", _("Overdue"), icon="timer-off", counted=False, deep=True, alarming=True,
        order=ViewOrder.DEADLINE,
        where={"due": (DueState.LATE.value,), "status": TO_DO}, empty=_("Nothing is overdue."),
    )  # fmt: skip
    yield View(
        "solved", _("Solved"), icon="circle-check", where={"status": DONE}, counted=False,
        empty=_("Nothing has been solved yet."),
    )  # fmt: skip
    yield View(
        "spam", _("Spam"), icon="shield-alert", where={"status": (Status.SPAM.value,)}, counted=False,
        empty=_("No spam. What is marked as such, and what its senders write next, stands here."),
    )  # fmt: skip


def _saved_views(agent: Agent, directory: Directory) -> Iterator[View]:
    """Those made by people: by whoever looks, for their teams, for everyone, each kind in its own order."""
    for entry in directory.views:
        mine = entry.owner_id == agent.pk
        shared = entry.owner_id is None and (
            entry.team_id is None or agent.sees_everything or entry.team_id in agent.team_ids
        )
        if not (mine or shared):
            continue
        where = {**_by_channels(resolve(entry.where, agent), directory), **_SHOWN_BY.get(entry.order, {})}
        counted = all(name in COUNTED for name in where)
        yield View(
            entry.key, entry.name, icon=_saved_icon(entry), where=where, group=SAVED, counted=counted, deep=not counted,
            order=entry.order, edits=entry.id if mine or agent.may(Permission.MANAGE_SHARED) else 0,
        )  # fmt: skip


def _by_channels(where: Where, directory: Directory) -> Where:
    """The same with channels instead of brands: these are counted by tallies and known to the browser. 0 is none."""
    if "brand" not in where:
        return where
    of_brands = {id for id, brand in directory.brand_of.items() if brand in where["brand"]}
    wanted = of_brands.intersection(where["channel"]) if "channel" in where else of_brands
    return {name: allowed for name, allowed in where.items() if name != "brand"} | {
        "channel": tuple(sorted(wanted)) or (0,)
    }


# A list sorted by a moment holds only tickets that have it; so do its count and "all in this view".
_SHOWN_BY: dict[str, Where] = {ViewOrder.WAITING: {"waits": (True,)}, ViewOrder.DEADLINE: {"promised": (True,)}}


def _saved_icon(entry: ViewEntry) -> str:
    if entry.owner_id:
        return _icon_name(icon="bookmark")
    return _icon_name(icon="users-round") if entry.team_id else _icon_name(icon="list-filter")


def _icon_name(icon: str) -> str:
    return icon


def _team_views(agent: Agent, directory: Directory) -> Iterator[View]:
    for id, name in directory.teams.items():
        if agent.scope.sees_team(id):
            where: Where = {"team": (id,), "status": TO_DO, "snoozed": (False,)}
            yield View(f"team-{id}", name, icon="users-round", where=where, group="team", empty=_("No open tickets."))


def _channel_views(agent: Agent, directory: Directory) -> Iterator[View]:
    for channel in directory.channels.values():
        if agent.scope.sees_place(channel.team_id, channel.id):
            where: Where = {"channel": (channel.id,), "status": TO_DO, "snoozed": (False,)}
            yield View(
                f"channel-{channel.id}",
                channel.name,
                traits_of(channel.kind).icon,
                where,
                group="channel",
                empty=_("No open tickets."),
            )
