"""What templates draw with: icons, times, sizes, the sidebar. The one module whose strings are trusted as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.template.loader import get_template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape, format_html, json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_info, gettext, pgettext

from events import replica
from people.models import Agent
from people.templating import constant
from tickets.inbox.dates import short_date, short_moment
from tickets.inbox.due import Due, due_of_ticket, span
from tickets.inbox.faces import hue, initials
from tickets.inbox.keys import KEY_OF, keymap
from tickets.inbox.places import HELP, SETTINGS, Place, places_for, sidebar_places
from tickets.inbox.rows import Mark, Row
from tickets.inbox.sidebar import Sidebar, sidebar_for
from tickets.inbox.strings import STRINGS
from tickets.kinds import Traits, traits_of, traits_of_channel
from tickets.models import UNTIL_ANSWER, Channel, LinkReason, Ticket
from tickets.notices import unread_count
from tickets.reasons import retold
from tickets.sensitive.masking import DOTS

register = template.Library()


@register.simple_tag
@constant
def icon(name: str, extra: str = "") -> SafeString:
    """A picture from the sprite; decorative, so hidden from screen readers."""
    return _icon(name, extra)


@lru_cache(512)
def _icon(name: str, extra: str) -> SafeString:
    return format_html(
        '<svg class="i{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        f" {extra}" if extra else "", static("dist/icons.svg"), name,
    )  # fmt: skip


@register.simple_tag
def avatar(name: str, id: int | None, size: str = "m") -> SafeString:
    """Initials on the person's own hue. The name stands beside it, so it is hidden from screen readers."""
    return format_html('<span class="av {} h-{}" aria-hidden="true">{}</span>', size, hue(id), initials(name))


@register.simple_tag
def read_behind() -> int | None:
    """How many seconds what this page reads may be behind; None when it reads the primary."""
    return replica.behind_now()


@register.simple_tag
def age(at: datetime) -> SafeString:
    """How long ago, in two or three signs; the browser keeps it true. A week back it becomes a date."""
    return format_html('<time datetime="{}" data-age>{}</time>', at.isoformat(), short_age(at))


@register.simple_tag
def row_of_list(row: Row, mark: Mark) -> SafeString:
    """`_row.html`, drawn once for all who see the same: fifty rows are most of what a list costs."""
    if settings.DEBUG:
        return _drawn.__wrapped__(row, mark)
    waits = row.waiting_since
    reader = (get_language(), timezone.get_current_timezone_name(), timezone.localdate())
    due = row.due and (row.due.label, row.due.level)
    return _drawn(row, mark, *reader, short_age(row.at), waits and short_age(waits), due)


@lru_cache(1024)
def _drawn(row: Row, mark: Mark, *_what_else_it_depends_on: object) -> SafeString:
    return SafeString(get_template("tickets/_row.html").render({"row": row, "mark": mark}))


@register.simple_tag
def now_ms() -> int:
    """Our clock, by which the browser counts down; its own may be wrong."""
    return int(timezone.now().timestamp() * 1000)


@register.simple_tag
def due_pill(due: Due) -> SafeString:
    """Time left to a deadline; the browser counts on and colours it when its moments come."""
    if due.at is None:
        words = format_html('<span class="vh">{} </span>{}', due.name, gettext("Paused"))
        return format_html('<span class="pill due">{}{}</span>', _icon(_icon_name(icon="pause"), ""), words)
    level = f" {due.level}" if due.level else ""
    facts = format_html(
        ' data-due="{}" data-amber="{}" data-red="{}"',
        *(at.isoformat() if at else "" for at in (due.at, due.amber_at, due.red_at)),
    )
    return format_html(
        '<span class="pill due{}"{} title="{}">{}<span class="vh">{} </span><span class="left">{}</span></span>',
        level, facts, due.name, _icon(_icon_name(icon="timer"), ""), due.name, due.label,
    )  # fmt: skip


@register.simple_tag
def due_pill_of(ticket: Ticket) -> SafeString | str:
    due = due_of_ticket(ticket)
    return due_pill(due) if due else ""


@register.filter
def unlocalise(number: float) -> str:
    """A number for a drawing, whatever the reader's decimal sign."""
    return f"{number:g}"


@register.filter
def length_of_time(seconds: float | None) -> str:
    """12m, 3h 05m, 2d 4h; seconds below a minute."""
    return "" if seconds is None else span(timedelta(seconds=seconds))


@register.simple_tag
def moment(at: datetime | None) -> SafeString | str:
    """The time today, the date and time otherwise, in the reader's zone; in full on hover."""
    if at is None:
        return ""
    if at == UNTIL_ANSWER:
        return gettext("they write")
    return _moment(at, get_language(), timezone.get_current_timezone_name(), timezone.localdate())


@lru_cache(4096)
def _moment(at: datetime, *_what_else_it_depends_on: object) -> SafeString:
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(), date_format(local, "DATETIME_FORMAT"), short_moment(local),
    )  # fmt: skip


@register.filter
def short_day(at: datetime) -> str:
    """The date, with its year where that is not this one, in the reader's zone."""
    local = timezone.localtime(at)
    return short_date(local, year=local.year != timezone.localtime().year)


@register.simple_tag
def local_clock(zone: str) -> SafeString:
    """What a clock shows there now; the browser keeps it true."""
    there = timezone.localtime(timezone=ZoneInfo(zone))
    return format_html(
        '<time datetime="{}" data-clock="{}">{}</time>', there.isoformat(), zone, there.strftime("%H:%M")
    )


@register.simple_tag
def until(at: datetime) -> SafeString:
    """When something comes back; drawn in the reader's zone by the browser where the row came over the socket."""
    if at == UNTIL_ANSWER:
        return format_html("{}", gettext("they write"))
    local = timezone.localtime(at)
    return format_html('<time datetime="{}" data-until>{}</time>', at.isoformat(), short_moment(local))


def short_age(at: datetime, now: datetime | None = None) -> str:
    """2m, 3h, 5d, then the date. Never negative: clocks differ by seconds."""
    passed = max((now or timezone.now()) - at, timedelta())
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return gettext("now")
    if minutes < 60:
        return pgettext("minutes, short", "%dm") % minutes
    if minutes < 24 * 60:
        return pgettext("hours, short", "%dh") % (minutes // 60)
    if minutes < 7 * 24 * 60:
        return pgettext("days, short", "%dd") % (minutes // (24 * 60))
    return short_day(at)


@register.simple_tag
def day(on: date) -> str:
    """Today, yesterday, or the date in words."""
    today = timezone.localdate()
    if on == today:
        return gettext("Today")
    if on == today - timedelta(days=1):
        return gettext("Yesterday")
    return date_format(on, "j E" if on.year == today.year else "j E Y")


@register.filter
def size(octets: int) -> str:
    return filesizeformat(octets)


@register.filter
def linked(text: str) -> SafeString:
    """Text with its web addresses made links that open apart and tell the other side nothing."""
    pieces: list[SafeString] = []
    done = 0
    for found in _WEB_ADDRESS.finditer(text):
        address = found[0].rstrip(_TRAILING)
        if address.count("(") < address.count(")"):
            address = address.rstrip(")")
        if DOTS in address:  # part of it is masked: it leads nowhere any more
            continue
        end = found.start() + len(address)
        link = '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>'
        pieces += [escape(text[done : found.start()]), format_html(link, address, address)]
        done = end
    pieces.append(escape(text[done:]))
    return SafeString("".join(pieces))


@register.filter
def typed(text: str) -> SafeString:
    """Text whose `names to be typed`, between backticks, stand out as code."""
    pieces = [format_html("<code>{}</code>" if n % 2 else "{}", piece) for n, piece in enumerate(text.split("`"))]
    return SafeString("".join(pieces))


@register.filter
def people(entries: Iterable[Mapping[str, str]] | None) -> str:
    """Addresses as in a mail's header."""
    shown = []
    for entry in entries or ():
        name, address = entry.get("name", ""), entry.get("address", "")
        shown.append(f"{name} <{address}>" if name else address)
    return ", ".join(shown)


@register.filter
def fields(names: str) -> list[str]:
    return names.split()


@register.filter
def language(code: str) -> str:
    """A language's name in the reader's language; the code itself when it has none."""
    try:
        return gettext(get_language_info(code)["name"])
    except KeyError:
        return code


register.filter("retold", retold)


@register.filter
def link_reason(value: str) -> str:
    return str(LinkReason(value).label) if value in LinkReason.values else value


@register.filter
def status_icon(status: str) -> str:
    return _STATUS_ICONS.get(status, "circle-dot")


@register.filter
def priority_icon(priority: int) -> str:
    return _PRIORITY_ICONS.get(priority, "minus")


@register.filter
def traits(channel: Channel) -> Traits:
    """What a channel's kind is called, looks like and can do."""
    return traits_of_channel(channel)


@register.filter
def initials_of(name: object) -> str:
    return initials(str(name))


@register.simple_tag
def shop_name() -> str:
    return settings.SHOP_NAME


@register.simple_tag(takes_context=True)
def sidebar(context: template.Context) -> Sidebar | None:
    """The views with their counts, as the view gave them or read now; None for strangers."""
    given = context.get("sidebar_data")
    if given is not None:
        return given
    agent = _agent(context)
    return sidebar_for(agent) if agent else None


@register.simple_tag(takes_context=True)
def all_places(context: template.Context) -> list[Place]:
    """Every page beside the inbox this agent may open; help and, where there is any, settings among them."""
    agent = _agent(context)
    if agent is None:
        return []
    extra = [HELP, SETTINGS] if any(place.group for place in places_for(agent)) else [HELP]
    return [*places_for(agent), *extra]


@register.simple_tag(takes_context=True)
def manage_links(context: template.Context) -> list[Place]:
    """What of it stands in the sidebar."""
    agent = _agent(context)
    return sidebar_places(agent) if agent else []


@register.simple_tag(takes_context=True)
def unread_notices(context: template.Context) -> int:
    agent = _agent(context)
    return unread_count(agent) if agent else 0


@register.simple_tag
def js_strings() -> SafeString:
    """The words the scripts say, in the reader's language."""
    return _strings_in(get_language() or "")


@cache
def _strings_in(language: str) -> SafeString:
    """Some hundred words and the keys, the same on every page in `language`, which is the active one."""
    return json_script({key: str(text) for key, text in STRINGS.items()} | {"keymap": keymap()}, "strings")


@register.simple_tag
def key(command: str) -> str:
    """The key of a command as a tooltip shows it: (Shift E)."""
    return f"({KEY_OF[command]})"


def _icon_name(*, icon: str) -> str:
    return icon


@register.simple_tag
def address(name: str, *args: object) -> str:
    """Where a page of another app lies; nothing where that app is not there."""
    return _address(name, *args)


@register.simple_tag
def hides(thread: Any, message: Any) -> bool:
    """Whether the message is one of those its channel can hide from others."""
    entry = thread.directory.channels.get(message.conversation.channel_id)
    return bool(entry) and traits_of(entry.kind).hides


@register.simple_tag
def other_channel(thread: Any, message: Any) -> dict[str, str]:
    """The message's channel where it is not the ticket's: its name and the icon of its kind; else nothing."""
    if message.conversation.channel_id == thread.ticket.channel_id or message.kind == "note":
        return {}
    entry = thread.directory.channels.get(message.conversation.channel_id)
    return {"name": entry.name, "icon": traits_of(entry.kind).icon} if entry else {}


def _address(name: str, *args: object) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def _agent(context: template.Context) -> Agent | None:
    request: Any = context.get("request")
    user = getattr(request, "user", None)
    return user if isinstance(user, Agent) else None


# The pattern is linear: one run of characters that are not space or quotes, its trailing punctuation cut after.
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"'«»“”]+")
_TRAILING = ".,;:!?…"
_STATUS_ICONS = {
    "open": _icon_name(icon="circle-dot"), "pending": _icon_name(icon="hourglass"),
    "on_hold": _icon_name(icon="pause"), "solved": _icon_name(icon="circle-check"),
}  # fmt: skip
_PRIORITY_ICONS = {
    10: _icon_name(icon="chevrons-down"), 20: _icon_name(icon="minus"), 30: _icon_name(icon="chevron-up"),
    40: _icon_name(icon="chevrons-up"),
}  # fmt: skip
