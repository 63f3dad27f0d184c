"""Events as plain sentences: who did what, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from events.actors import ActorKind
from events.models import Event
from tickets.events import TicketEvent
from tickets.fields import shown_value
from tickets.kinds import traits_of
from tickets.models import UNTIL_ANSWER, LinkReason, Priority

from .directory import Directory
from .given import flood, given, held_back, status_word, why_together, withheld

# These stand in the timeline as their message, or change only how their message looks.
UNTOLD = frozenset({
    TicketEvent.MESSAGE_RECEIVED, TicketEvent.MESSAGE_QUEUED, TicketEvent.NOTE_ADDED, TicketEvent.MESSAGE_SENT,
    TicketEvent.DELIVERY_ACCEPTED, TicketEvent.DELIVERY_DELAYED, TicketEvent.DELIVERY_FAILED,
    TicketEvent.DELIVERY_UNKNOWN, TicketEvent.ACKNOWLEDGEMENT_DUE, TicketEvent.DELIVERY_DELIVERED,
    TicketEvent.DELIVERY_READ, TicketEvent.MESSAGE_EDITED, TicketEvent.MESSAGE_REACTED, TicketEvent.MESSAGE_FILED,
    TicketEvent.MESSAGE_MIRRORED, TicketEvent.MESSAGE_IMPORTED, TicketEvent.CALL_LOGGED,
    TicketEvent.SECRETS_FOUND, TicketEvent.QUESTION_ANSWERED,
    # Between an agent and the helpdesk.
    TicketEvent.REMINDER_SET, TicketEvent.REMINDER_DUE, TicketEvent.REMINDER_DONE,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """Who the ids in events stand for."""

    directory: Directory
    customer: str
    identities: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Sentence:
    icon: str
    html: SafeString


def sentence(event: Event, names: Names) -> Sentence | None:
    """What happened; None for what the timeline shows in another way."""
    if event.kind in UNTOLD:
        return None
    tell = _TELLERS.get(event.kind)
    if tell is None:
        return Sentence(icon="circle-dot", html=format_html("{}", event.kind))
    who = _bold(_actor(event, names))
    return tell(who, event.data, names)


def _actor(event: Event, names: Names) -> str:
    if event.actor_kind == ActorKind.AGENT:
        return names.directory.agent_name(event.actor_id) or _("A former agent")
    if event.actor_kind == ActorKind.CUSTOMER:
        return names.customer
    return _("Bot") if event.actor_kind == ActorKind.BOT else _("Helpdesk")


def _bold(text: str) -> SafeString:
    return format_html("<b>{}</b>", text)


Teller = Callable[[SafeString, dict[str, Any], Names], Sentence | None]


def teach_sentence(kind: str, teller: Teller) -> None:
    """Learn to tell of an event of a higher app; called once, when that app is ready."""
    _TELLERS[kind] = teller


def _opened(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    channel = names.directory.channels.get(data.get("channel") or 0)
    if "begun" in data:
        text = _("{who} began the conversation by {channel}") if channel else _("{who} began the conversation")
        named = _bold(channel.name if channel else "")
        return Sentence(icon="pencil", html=format_html(text, who=who, channel=named))
    if channel and "split" not in data and traits_of(channel.kind).writes:  # whoever rings up writes nothing
        return Sentence(
            icon="circle-plus",
            html=format_html(
                _("{who} opened the ticket by writing to {channel}"), who=who, channel=_bold(channel.name)
            ),
        )
    return Sentence(icon="circle-plus", html=format_html(_("{who} opened the ticket"), who=who))


def _answered_aside(icon: str) -> Sentence:
    return Sentence(icon, format_html("{}", _("Somebody the ticket was forwarded to answered, so it is open again")))


def _reopened(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    if data.get("aside"):
        return _answered_aside("rotate-ccw")
    if "message" in data:
        return Sentence(icon="rotate-ccw", html=format_html(_("{who} answered, so the ticket is open again"), who=who))
    return Sentence(icon="rotate-ccw", html=format_html(_("{who} reopened the ticket"), who=who))


def _assigned(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    if "auto" in data:
        return Sentence(*given(data, names.directory))
    if data.get("to") is None:
        return Sentence(icon="user-round-x", html=format_html(_("{who} took away the assignee"), who=who))
    to = _bold(names.directory.agent_name(data["to"]))
    if to == who:
        return Sentence(icon="user-round-plus", html=format_html(_("{who} took the ticket"), who=who))
    return Sentence(icon="user-round-plus", html=format_html(_("{who} assigned {whom}"), who=who, whom=to))


def _moved(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    team = names.directory.teams.get(data.get("to") or 0)
    if team is None:
        return Sentence(icon="users-round", html=format_html(_("{who} took the ticket out of its team"), who=who))
    return Sentence(
        icon="users-round", html=format_html(_("{who} moved the ticket to {team}"), who=who, team=_bold(team))
    )


def _status(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    if data.get("aside"):
        return _answered_aside("rotate-ccw")
    if "message" in data:
        return Sentence(icon="rotate-ccw", html=format_html(_("{who} answered, so the ticket is open again"), who=who))
    label = status_word(data)
    return Sentence(
        icon="circle-dot", html=format_html(_("{who} set the status to {status}"), who=who, status=_bold(label))
    )


def _snoozed(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    at = parse_datetime(data.get("until") or "")
    if at == UNTIL_ANSWER:
        return Sentence(
            icon="clock", html=format_html(_("{who} snoozed the ticket until the customer writes"), who=who)
        )
    when = _bold(date_format(timezone.localtime(at), "DATETIME_FORMAT") if at else "")
    return Sentence(icon="clock", html=format_html(_("{who} snoozed the ticket until {when}"), who=who, when=when))


def _rescheduled(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    at = parse_datetime(data.get("until") or "")
    when = _bold(date_format(timezone.localtime(at), "DATETIME_FORMAT") if at else "")
    return Sentence(icon="clock", html=format_html(_("{who} set the reply to leave at {when}"), who=who, when=when))


def _woken(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    if data.get("aside"):
        return _answered_aside("bell")
    if "due" in data:
        return Sentence(icon="bell", html=format_html("{}", _("The snooze is over")))
    if "message" in data:
        return Sentence(icon="bell", html=format_html(_("{who} answered, so the snooze is over"), who=who))
    return Sentence(icon="bell", html=format_html(_("{who} ended the snooze"), who=who))


def _prioritised(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    label = _label(Priority, data.get("to"))
    return Sentence(
        icon="chevrons-up", html=format_html(_("{who} set the priority to {priority}"), who=who, priority=_bold(label))
    )


def _linked(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    if data.get("reason") == LinkReason.DISTINCT:
        text = _("{who} said that this is not the same as {ticket}")
        return Sentence("unlink", format_html(text, who=who, ticket=_number(data.get("other"))))
    if data.get("reason") in (LinkReason.CHILD, LinkReason.RELATED, LinkReason.DUPLICATE):
        return _linked_by_hand(who, data, names, _("{who} linked this with {ticket}: {reason}"))
    number = data.get("other")
    link = format_html('<a href="/tickets/{}/">#{}</a>', number, number)
    reason = _label(LinkReason, data.get("reason"))
    return Sentence(icon="link", html=format_html(_("Linked with {ticket}: {reason}"), ticket=link, reason=reason))


def _number(number: object) -> SafeString:
    return format_html('<a href="/tickets/{}/">#{}</a>', number, number)


def _pointing(icon: str, key: str, text: Callable[[], str]) -> Teller:
    """A sentence about another ticket, which `key` names."""
    return lambda who, data, names: Sentence(icon, format_html(text(), who=who, ticket=_number(data.get(key))))


def _merged(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    if auto := data.get("auto"):
        return _by_house(_("Merged into {ticket} by itself: {why}"), data.get("into"), auto)
    text = _("{who} put this back into {ticket}") if data.get("back") else _("{who} merged this ticket into {ticket}")
    return Sentence(icon="git-merge", html=format_html(text, who=who, ticket=_number(data.get("into"))))


def _by_house(text: str, number: object, auto: dict[str, Any]) -> Sentence:
    why = why_together(auto.get("why", ()), str(auto.get("named", "")))
    return Sentence("git-merge", format_html(text, ticket=_number(number), why=why))


def _absorbed(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    if auto := data.get("auto"):
        return _by_house(_("{ticket} was merged in by itself: {why}"), data.get("other"), auto)
    text = _("{who} put back what was split off into {ticket}") if "split" in data else _("{who} merged {ticket} in")
    return Sentence(icon="git-merge", html=format_html(text, who=who, ticket=_number(data.get("other"))))


def _linked_by_hand(who: SafeString, data: dict[str, Any], names: Names, text: str) -> Sentence:
    reason = _label(LinkReason, data.get("reason"))
    if data.get("from") and data.get("reason") == LinkReason.CHILD:
        reason = _("Has this as a part")
    html = format_html(text, who=who, ticket=_number(data.get("other")), reason=reason)
    return Sentence("link", format_html("{} ({})", html, data["note"]) if data.get("note") else html)


def _unlinked(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    if data.get("reason") == LinkReason.DISTINCT:
        text = _("{who} took back that this is not the same as {ticket}")
        return Sentence("undo-2", format_html(text, who=who, ticket=_number(data.get("other"))))
    return _linked_by_hand(who, data, names, _("{who} took back the link with {ticket}: {reason}"))


def _bounced(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    address = _bold(data.get("recipient") or _("the recipient"))
    if data.get("permanent"):
        return Sentence(
            icon="mail-x", html=format_html(_("A delivery report says that {address} was not reached"), address=address)
        )
    return Sentence(
        icon="mail-warning",
        html=format_html(_("A delivery report says that {address} is not reached yet"), address=address),
    )


def _plain(icon: str, text: Callable[[], str]) -> Teller:
    return lambda who, data, names: Sentence(icon, format_html(text(), who=who))


def _tag(icon: str, text: Callable[[], str]) -> Teller:
    return lambda who, data, names: Sentence(icon, format_html(text(), who=who, tag=_bold(data.get("name", ""))))


def _macro(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    name = _bold(data.get("name", ""))
    return Sentence(icon="zap", html=format_html(_("{who} used the canned reply {name}"), who=who, name=name))


def _field(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    name, value = _bold(data.get("name", "")), data.get("to") or ""
    if not value:
        return Sentence("list-plus", format_html(_("{who} emptied {field}"), who=who, field=name))
    shown = _bold(shown_value(data.get("kind", ""), value))
    return Sentence("list-plus", format_html(_("{who} set {field} to {value}"), who=who, field=name, value=shown))


def _participant(icon: str, text: Callable[[], str]) -> Teller:
    def tell(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
        whom = names.identities.get(data.get("identity") or 0) or _("somebody")
        return Sentence(icon, format_html(text(), who=who, whom=_bold(whom)))

    return tell


def _label(choices: Any, value: object) -> str:
    return str(choices(value).label) if value in choices.values else str(value)


def _told(icon: str, why: Callable[[dict[str, Any]], str]) -> Teller:
    """A sentence that is only in the facts."""
    return lambda who, data, names: Sentence(icon=icon, html=format_html("{}", why(data)))


def _hidden(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    if data.get("hidden"):
        return Sentence(icon="eye-off", html=format_html(_("{who} hid a comment from others"), who=who))
    return Sentence(icon="eye", html=format_html(_("{who} let everybody see a comment again"), who=who))


def _prefers(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    kind = data.get("kind")
    if not kind:
        return Sentence(
            icon="heart-off", html=format_html(_("{who} noted that the customer has no favourite channel"), who=who)
        )
    label = _bold(str(traits_of(kind).label))
    text = _("{who} noted that the customer likes to be answered by {kind}")
    return Sentence(icon="heart", html=format_html(text, who=who, kind=label))


def _same_person(icon: str, text: Callable[[], str]) -> Teller:
    def tell(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
        return Sentence(icon, format_html(text(), who=who, whom=_bold(str(data.get("name") or "?"))))

    return tell


def _closed(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    begun = "withdrawn" in data
    text = _("{who} took the beginning back before it left") if begun else _("Closed after staying solved")
    return Sentence("archive", format_html(text, who=who))


_TELLERS: dict[str, Teller] = {
    TicketEvent.MESSAGE_REDACTED: _plain("eraser", text=lambda: _("{who} took text out of a message for good")),
    TicketEvent.MESSAGE_HIDDEN: _hidden,
    TicketEvent.CUSTOMER_JOINED: _same_person(icon="link", text=lambda: _("{who} joined the customer with {whom}")),
    TicketEvent.CUSTOMER_PARTED: _same_person(
        icon="unlink", text=lambda: _("{who} took the customer and {whom} apart again")
    ),
    TicketEvent.CUSTOMER_KEPT_APART: _same_person(
        icon="users-round", text=lambda: _("{who} said that the customer and {whom} are two people")
    ),
    TicketEvent.CUSTOMER_PREFERS: _prefers,
    TicketEvent.ACKNOWLEDGEMENT_WITHHELD: _told(icon="mail-minus", why=withheld),
    TicketEvent.TICKET_OPENED: _opened,
    TicketEvent.TICKET_REOPENED: _reopened,
    TicketEvent.TICKET_ASSIGNED: _assigned,
    TicketEvent.TICKET_MOVED: _moved,
    TicketEvent.TICKET_STATUS_CHANGED: _status,
    TicketEvent.TICKET_STATUS_NAMED: _status,
    TicketEvent.TICKET_SOLVED: _plain(icon="circle-check", text=lambda: _("{who} solved the ticket")),
    TicketEvent.TICKET_CLOSED: _closed,
    TicketEvent.TICKET_SNOOZED: _snoozed,
    TicketEvent.TICKET_WOKEN: _woken,
    TicketEvent.TICKET_PRIORITISED: _prioritised,
    TicketEvent.TICKET_TAGGED: _tag(icon="tag", text=lambda: _("{who} added the tag {tag}")),
    TicketEvent.TICKET_UNTAGGED: _tag(icon="tag", text=lambda: _("{who} removed the tag {tag}")),
    TicketEvent.TICKET_LINKED: _linked,
    TicketEvent.TICKET_UNLINKED: _unlinked,
    TicketEvent.TICKET_MARKED_SPAM: _plain(
        icon="shield-alert", text=lambda: _("{who} marked this as spam and blocked its sender")
    ),
    TicketEvent.TICKET_UNMARKED_SPAM: _plain(
        icon="shield-check", text=lambda: _("{who} said that this is no spam; its sender may write again")
    ),
    TicketEvent.ASIDE_SETTLED: _plain(
        icon="circle-check", text=lambda: _("{who} noted that what was asked aside is settled")
    ),
    TicketEvent.ASIDE_REOPENED: _plain(icon="rotate-ccw", text=lambda: _("{who} opened what was asked aside again")),
    TicketEvent.ADDRESS_UNBLOCKED: _participant(
        icon="shield-check", text=lambda: _("{who} let {whom} write to us again")
    ),
    TicketEvent.TICKET_FIELD_SET: _field,
    TicketEvent.TICKET_MERGED: _merged,
    TicketEvent.TICKET_ABSORBED: _absorbed,
    TicketEvent.TICKET_UNMERGED: _pointing(
        icon="split", key="from", text=lambda: _("{who} took this ticket out of {ticket} again")
    ),
    TicketEvent.TICKET_RELEASED: _pointing(
        icon="split", key="other", text=lambda: _("{who} took back the merge with {ticket}")
    ),
    TicketEvent.TICKET_SPLIT: _pointing("split", "into", lambda: _("{who} split messages off into {ticket}")),
    TicketEvent.TICKET_SPLIT_OFF: _pointing("split", "from", lambda: _("{who} split this off from {ticket}")),
    TicketEvent.MACRO_USED: _macro,
    TicketEvent.MESSAGE_WITHDRAWN: _plain(icon="undo-2", text=lambda: _("{who} withdrew a reply before it went out")),
    TicketEvent.MESSAGE_UNSENT: _plain(icon="eraser", text=lambda: _("{who} took a message back")),
    TicketEvent.CALLBACK_DONE: _plain(icon="phone-outgoing", text=lambda: _("{who} noted that the callback is done")),
    TicketEvent.MESSAGE_RESCHEDULED: _rescheduled,
    TicketEvent.MESSAGE_HELD: _told(icon="circle-pause", why=held_back),
    TicketEvent.DELIVERY_BOUNCED: _bounced,
    TicketEvent.DELIVERY_RETRIED: _plain(icon="refresh-cw", text=lambda: _("{who} sent the reply again")),
    TicketEvent.DELIVERY_CONFIRMED: _plain(icon="mail-check", text=lambda: _("{who} noted that the reply arrived")),
    TicketEvent.PARTICIPANT_JOINED: _participant(icon="user-round-plus", text=lambda: _("{whom} takes part now")),
    TicketEvent.PARTICIPANT_PENDING: _participant(
        icon="user-round-search",
        text=lambda: _("{whom} answered from an address we did not know and waits to be let in"),
    ),
    TicketEvent.PARTICIPANT_ACCEPTED: _participant(
        icon="user-round-check", text=lambda: _("{who} let {whom} take part")
    ),
    TicketEvent.PARTICIPANT_REFUSED: _participant(icon="user-round-x", text=lambda: _("{who} kept {whom} out")),
    TicketEvent.PARTICIPANT_UNDECIDED: _participant(
        icon="undo-2", text=lambda: _("{who} took the decision on {whom} back; they wait again")
    ),
    TicketEvent.ADDRESS_RESTORED: _participant(
        icon="mail-check", text=lambda: _("{who} had mail sent to {whom} again")
    ),
    TicketEvent.ADDRESS_SUBSCRIBED: _participant(
        icon="mail-check", text=lambda: _("{who} noted that {whom} wants mail it had unsubscribed from again")
    ),
    TicketEvent.STORM_BEGAN: _told(icon="tornado", why=flood),
    TicketEvent.STORM_ENDED: _plain(icon="sun", text=lambda: _("The flood of mail is over")),
    TicketEvent.FOLDING_REJECTED: _plain(
        icon="unfold-vertical", text=lambda: _("{who} said that a mail was folded wrongly; it is shown whole")
    ),
    TicketEvent.FOLDING_RESTORED: _plain(icon="fold-vertical", text=lambda: _("{who} had a mail folded again")),
    TicketEvent.IMAGES_SHOWN: _plain(icon="image", text=lambda: _("{who} let a mail load its pictures")),
}
