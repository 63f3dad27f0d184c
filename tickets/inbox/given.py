"""Parts of sentences: why somebody was given a ticket by itself, why nothing was answered, what a status was called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tickets.models import Status
from tickets.statuses import label_in

from .directory import Directory


def given(data: dict[str, Any], directory: Directory) -> tuple[str, SafeString]:
    """Icon and words for a `ticket.assigned` with `auto`."""
    auto = data["auto"]
    whom = data.get("to") if data.get("to") is not None else data.get("from")
    name = format_html("<b>{}</b>", directory.agent_name(whom) or _("A former agent"))
    texts = {
        "fewest": _("Given to {whom}: fewest open ({load} of {limit}), online"),
        "turn": _("Given to {whom}: next in turn ({load} of {limit} open), online"),
        "back": _("Given back to {whom}: had it before, and is online"),
        "off": _("Back in the queue: {whom} is off duty"),
        "away": _("Back in the queue: {whom} has been away too long"),
        "shift": _("Back in the queue: the shift of {whom} is over"),
        "left": _("Back in the queue: {whom} does not work here any more"),
    }
    text = texts.get(auto.get("why"), _("Given to {whom}"))
    html = format_html(text, whom=name, load=auto.get("load", 0), limit=auto.get("limit", 0))
    return ("user-round-plus" if data.get("to") is not None else "inbox"), html


def status_word(data: dict[str, Any]) -> str:
    """What the status an event tells of is called: the shop's own word as it was then, or the category's."""
    if "label" in data:
        return label_in(data.get("labels") or {}, str(data["label"]))
    category = data.get("to") or data.get("status")
    return str(Status(category).label) if category in Status.values else str(category)


def held_back(data: dict[str, Any]) -> str:
    """Why a reply did not leave."""
    if data.get("reason") == "spam":
        return _("A reply was held back: this ticket was marked as spam before it left")
    return _("A reply for later was held back: something came in before it left")


def why_together(why: Iterable[str], named: str) -> str:
    """What two tickets have in common."""
    words = {
        "order": _("both are about order %(number)s") % {"number": named.upper()},
        "number": _("both name %(number)s") % {"number": named.upper()},
        "subject": _("the subjects are alike"),
        "near": _("opened within a day"),
    }
    return ", ".join([_("same customer"), *(words[reason] for reason in why if reason in words)])


def withheld(data: dict[str, Any]) -> str:
    """Why an acknowledgement was not sent."""
    texts = {
        "address_limit": _("No acknowledgement was sent: this address got one within the last day"),
        "storm": _("No acknowledgement was sent: too much mail is coming in at once"),
        "ticket_limit": _("No acknowledgement was sent: enough was answered automatically here within an hour"),
    }
    known = texts.get(data.get("reason", ""))
    return known or _("No acknowledgement was sent: the limit for one hour was reached")


def flood(data: dict[str, Any]) -> SafeString:
    """How much mail came at once, and what that means."""
    numbers = {"n": data.get("messages", 0), "minutes": data.get("minutes", 10)}
    if data.get("scope") == "address":
        text = _("{n} mails came from this address within {minutes} minutes.")
    else:
        text = _("{n} mails came into this ticket within {minutes} minutes.")
    kept = _("All are kept. Nothing is answered automatically here until it has been quiet for a quarter of an hour.")
    return format_html("{} {}", format_html(text, **numbers), kept)
