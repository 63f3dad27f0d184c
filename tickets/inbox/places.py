"""The pages beside the inbox: which of them an agent may open, and the two pages that lead to them, settings and help.
Pages of other apps are named by their address, so that nothing is imported upward."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, get_urlconf, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from people.models import Agent
from people.permissions import Permission

from .access import agent_of, signed_in

PEOPLE, WAYS_IN, TICKETS, SERVICE, SYSTEM = (
    _("People"),
    _("Channels and shops"),
    _("Tickets"),
    _("Service"),
    _("How it runs"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """`key` names the address; `about` says what is done there. `group` is the card of the settings page it stands on,
    "" for what is opened every day."""

    permission: Permission
    key: str
    name: str | Promise
    icon: str
    about: str | Promise = ""
    group: str | Promise = ""

    @property
    def url(self) -> str:
        """Empty where the page is not there: an app is left out, or a demonstration is over."""
        return _address(self.key, get_urlconf() or None)


@cache
def _address(key: str, urlconf: str | None) -> str:
    try:
        return reverse(key, urlconf)
    except NoReverseMatch:
        return ""


PLACES = (
    Place(Permission.READ_REPORTS, "overview", _("Reports"), icon="chart-column"),
    Place(Permission.REPLY, "calls", _("Calls"), icon="phone"),
    Place(Permission.READ_TICKETS, "demo_mailbox", _("Demo mailbox"), icon="mails"),
    Place(
        Permission.MANAGE_TEAMS, "team", _("People and teams"), icon="users-round", group=PEOPLE,
        about=_("People, their teams, and which channels each looks after."),
    ),
    Place(
        Permission.MANAGE_ROLES, "roles", _("Roles"), icon="shield-check", group=PEOPLE,
        about=_("Who may do what: the built-in roles, and your own."),
    ),
    Place(
        Permission.MANAGE_TEAMS, "assigning", _("Assigning"), icon="shuffle", group=PEOPLE,
        about=_("How new tickets find somebody: in turn, to whoever has fewest, or by hand."),
    ),
    Place(
        Permission.MANAGE_CHANNELS, "channels", _("Channels"), icon="mailbox", group=WAYS_IN,
        about=_("Mailboxes, chat, messengers, the contact form, telephone: where customers write."),
    ),
    Place(
        Permission.MANAGE_CHANNELS, "brands", _("Brands"), icon="store", group=WAYS_IN,
        about=_("Several shops in one house: their names, colours and channels."),
    ),
    Place(
        Permission.MANAGE_CHANNELS, "bots", _("Bot"), icon="bot", group=WAYS_IN,
        about=_("Answers from the help centre and from orders, and when it hands over to people."),
    ),
    Place(
        Permission.MANAGE_SHOPS, "shops", _("Shops"), icon="shopping-bag", group=WAYS_IN,
        about=_("Connect the shop, so that orders stand beside tickets."),
    ),
    Place(
        Permission.HANDLE_QUARANTINE, "quarantine", _("Quarantine"), icon="shield-alert", group=WAYS_IN,
        about=_("Mail that could not be read safely and waits for a person."),
    ),
    Place(
        Permission.SUGGEST_ARTICLES, "knowledge", _("Help centre"), icon="book-open", group=TICKETS,
        about=_("Articles customers read and search, in their languages; what was searched for in vain."),
    ),
    Place(
        Permission.REPLY, "macros_manage", _("Canned replies"), icon="zap", group=TICKETS,
        about=_("Texts and steps you use again and again: your own, your team’s, everyone’s."),
    ),
    Place(
        Permission.MANAGE_SHARED, "statuses", _("Statuses"), icon="circle-dot", group=TICKETS,
        about=_("Names of your own within open, waiting, on hold and solved."),
    ),
    Place(
        Permission.MANAGE_SHARED, "ticket_fields", _("Ticket fields"), icon="list-plus", group=TICKETS,
        about=_("Facts of your own on a ticket; some asked for before it is closed."),
    ),
    Place(
        Permission.MANAGE_SHARED, "merge_policy", _("Automatic merging"), icon="git-merge", group=TICKETS,
        about=_("Whether a new ticket goes into the one it is plainly about, unasked."),
    ),
    Place(
        Permission.MANAGE_SERVICE_LEVELS, "service_levels", _("Deadlines"), icon="timer", group=SERVICE,
        about=_("By when you promise to answer, and the hours and holidays it counts in."),
    ),
    Place(
        Permission.MANAGE_SURVEYS, "surveys", _("Surveys"), icon="star", group=SERVICE,
        about=_("Ask customers how it was, when and on which channels."),
    ),
    Place(
        Permission.SEE_HEALTH, "health", _("Health"), icon="heart-pulse", group=SYSTEM,
        about=_("What runs, what waits, when the last backup was made, what to mend."),
    ),
    Place(
        Permission.HANDLE_PRIVACY, "privacy_rules", _("Privacy rules"), icon="hourglass", group=SYSTEM,
        about=_("What is masked in messages, and how long things are kept."),
    ),
    Place(
        Permission.READ_AUDIT, "audit", _("Audit"), icon="scroll-text", group=SYSTEM,
        about=_("Who changed what, and when."),
    ),
)  # fmt: skip
SETTINGS = Place(Permission.READ_TICKETS, "settings", _("Settings"), icon="settings-2")
HELP = Place(Permission.READ_TICKETS, "help", _("Help"), icon="circle-help")


def places_for(agent: Agent) -> list[Place]:
    """All pages beside the inbox that this agent may open."""
    return [place for place in PLACES if agent.may(place.permission) and place.url and _is_on(place)]


def _is_on(place: Place) -> bool:
    return settings.DEMO_MAILBOX or place.key != "demo_mailbox"


def sidebar_places(agent: Agent) -> list[Place]:
    """What stands in the sidebar: the pages of every day, and one entry for all settings (their page, if it is one)."""
    known = places_for(agent)
    set_up = [place for place in known if place.group]
    return [*(place for place in known if not place.group), *(set_up if len(set_up) < 2 else [SETTINGS]), HELP]


@require_safe
@signed_in
def settings_page(request: HttpRequest) -> HttpResponseBase:
    """Cards that lead to every page on which something is set up, as far as the agent may."""
    known = [place for place in places_for(agent_of(request)) if place.group]
    groups = [(name, [place for place in known if place.group is name]) for name in _groups(known)]
    return render(request, "tickets/settings.html", {"groups": groups})


@require_safe
@signed_in
def help_page(request: HttpRequest) -> HttpResponseBase:
    """Where what is set up, with links for those who may, and where the rest is written."""
    return render(request, "tickets/help.html", {"open": {place.key for place in places_for(agent_of(request))}})


def _groups(places: list[Place]) -> Iterator[str | Promise]:
    seen: list[str | Promise] = []
    for place in places:
        if not any(place.group is name for name in seen):
            seen.append(place.group)
            yield place.group
