"""How the inbox tells of what happens to chats."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from livechat.askers import segments
from livechat.events import ChatEvent
from livechat.models import Round
from livechat.routing import CLOSED, OPEN, RETURNING, SEGMENT, SIGNED
from people.languages import NAMES
from tickets.inbox.chat_sessions import teach_chat_end
from tickets.inbox.sentences import Names, Sentence, teach_sentence
from tickets.notices.rules import teach_notice


def teach() -> None:
    """Give the inbox the words for events it does not know itself."""
    teach_sentence(ChatEvent.GREETED, _greeted)
    teach_sentence(ChatEvent.ASKED_ABOUT, _asked_about)
    teach_sentence(ChatEvent.INVITED, _invited)
    teach_sentence(ChatEvent.REQUEUED, _requeued)
    teach_sentence(ChatEvent.ROUTED, _routed)
    teach_sentence(ChatEvent.PASSED_ON, _passed_on)
    teach_sentence(ChatEvent.ENDED, lambda who, data, names: _plain("log-out", _("{who} ended the chat"), who))
    teach_sentence(ChatEvent.TAKEN_ABOVE, _taken_above)
    teach_chat_end(ChatEvent.ENDED)
    teach_sentence(ChatEvent.RATED, _rated)
    teach_sentence(ChatEvent.MAIL_WAITS, _mail_waits)
    teach_sentence(ChatEvent.BLOCKED, _blocked)
    teach_sentence(
        ChatEvent.ADDRESS_FREED,
        lambda who, data, names: _plain("circle-check", _("{who} let others in again from the visitor's address"), who),
    )
    teach_sentence(
        ChatEvent.UNBLOCKED, lambda who, data, names: _plain("circle-check", _("{who} let the visitor in again"), who)
    )
    teach_notice(ChatEvent.INVITED, lambda number: _("You are asked to join the chat #%(number)s") % {"number": number})
    teach_notice(
        ChatEvent.REQUEUED,
        lambda number: (
            _("The chat #%(number)s went back into the queue: the visitor waited too long") % {"number": number}
        ),
    )


def _plain(icon: str, text: str, who: SafeString) -> Sentence:
    return Sentence(icon, format_html(text, who=who))


def _greeted(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    text = _("{who} answered our greeting: “{text}”")
    return Sentence(icon="message-circle-heart", html=format_html(text, who=who, text=data.get("text", "")))


def _asked_about(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    text = _("{who} asks about order {number}")
    if data.get("said"):
        text = _("{who} asks about order {number}, a number nobody verified")
    return Sentence(icon="package", html=format_html(text, who=who, number=data.get("order", "")))


def _invited(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    whom = format_html("<b>{}</b>", names.directory.agent_name(data["agent"]) or _("A former agent"))
    return Sentence(icon="user-round-plus", html=format_html(_("{who} asked {whom} to join"), who=who, whom=whom))


def _requeued(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    whom = format_html("<b>{}</b>", names.directory.agent_name(data["from"]) or _("A former agent"))
    text = ngettext(
        "Back in the queue: {whom} did not answer for {n} minute",
        "Back in the queue: {whom} did not answer for {n} minutes",
        data["minutes"],
    )
    return Sentence(icon="rotate-ccw", html=format_html(text, whom=whom, n=data["minutes"]))


def _routed(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    team = format_html("<b>{}</b>", names.directory.teams.get(data["team"]) or _("A former team"))
    text = _("Rule {n} gave the chat to {team}: {why}")
    why = format_html_join(", ", "{}", ((reason,) for reason in reasons(data["because"]))) or _("for every chat")
    return Sentence(icon="split", html=format_html(text, n=data["rule"], team=team, why=why))


def reasons(because: dict[str, Any]) -> list[str]:
    """What a rule asked for, in words."""
    who, cart = str(because.get("who", "")), because.get("cart")
    hours = {OPEN: _("within hours"), CLOSED: _("out of hours")}
    known = {SIGNED: _("signed in at the shop"), RETURNING: _("chatted here before")}
    known |= {f"{SEGMENT}{key}": str(name) for key, name in segments()} if who.startswith(SEGMENT) else {}
    return [
        *([_("language %(name)s") % {"name": NAMES.get(because["language"], because["language"])}]
          if "language" in because else []),
        *([_("page %(path)s") % {"path": because["path"]}] if "path" in because else []),
        *([_("cart of at least %(value)d") % {"value": cart}] if cart else []),
        *([known.get(who, who)] if who else []),
        *([because["trait"]] if "trait" in because else []),
        *([hours.get(because["hours"], because["hours"])] if "hours" in because else []),
    ]  # fmt: skip


def _passed_on(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    teams = [
        format_html("<b>{}</b>", names.directory.teams.get(data[place]) or _("no team")) for place in ("from", "to")
    ]
    text = _("Passed on from {before} to {to} after {n} s: nobody there")
    if data["why"] == "full":
        text = _("Passed on from {before} to {to} after {n} s: everybody there has their hands full")
    html = format_html(text, before=teams[0], to=teams[1], n=data["seconds"])
    return Sentence(icon="arrow-right-left", html=html)


def _taken_above(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    text = {
        "busy": _("{who} said they are busy and took it all the same"),
        "chats": _("{who} had as many chats as one may have and took one more"),
        "units": _("{who} had as much open as they may have and took one more"),
    }[data["why"]]
    return _plain("gauge", text, who)


def _blocked(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    if not data.get("address_until"):
        return _plain("ban", _("{who} blocked the visitor"), who)
    text = _("{who} blocked the visitor, and new visitors from their address until {when}")
    return Sentence("ban", format_html(text, who=who, when=_moment(data["address_until"])))


def _moment(said: str | None) -> str:
    at = parse_datetime(said or "")
    return date_format(timezone.localtime(at), "DATETIME_FORMAT") if at else ""


def _mail_waits(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    why = {
        "address": _("The visitor has not seen the answer and left no address: it waits in the chat"),
        "channel": _("The visitor has not seen the answer and there is no mail channel for it: it waits in the chat"),
        "limit": _("The visitor has not seen the answer; their address got its mails of today, so it goes at {when}"),
    }[data["why"]]  # fmt: skip
    return Sentence(icon="hourglass", html=format_html(why, when=_moment(data.get("until"))))


def _rated(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    """The comment is kept where it can be erased; only rated chats cost the look for it."""
    rated = format_html(_("{who} rated the chat {score} of 5"), who=who, score=data["score"])
    if data.get("again"):
        rated = format_html(_("{who} said of the chat"), who=who)
    found = Round.objects.filter(pk=data["rating"]).first() if data.get("commented") else None
    icon = "smile" if data["score"] >= 4 else "meh" if data["score"] == 3 else "frown"
    if found and found.comment:
        return Sentence(icon, format_html(_("{rated}: “{comment}”"), rated=rated, comment=found.comment))
    return Sentence(icon, rated)
