"""Canned replies and macros: kept, changed, and used on a ticket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from events.audit import note_setting
from events.ledger import record_event
from events.models import Event
from people.languages import LANGUAGES
from people.models import Agent, Customer, Identity
from people.permissions import Permission
from people.written_html import LONGEST, clean_written_html, replace_pictures, text_of_html
from tickets.errors import InvalidInput, NotFound
from tickets.events import TICKET_STREAM, MacroEvent, TicketEvent
from tickets.fields import clean_value
from tickets.models import Channel, Macro, MacroText, Priority, Ticket, TicketField
from tickets.placeholders import Filled, fill, fill_html, in_braces, opening_values, unknown_placeholders, values_for
from tickets.statuses import is_status

from .assignment import assign_ticket
from .base import lock_ticket, record, require
from .fields import fields_of, set_field
from .labels import add_tag, set_priority, tag_name
from .notes import add_note
from .status import set_status
from .views import Audience, require_audience, shown_to

STREAM = "macro"
MOST_TAGS = 10
TEXTS_IN = ("", *LANGUAGES)


TOLD = ("name", "status", "priority", "assign", "tags", "note", "fields", "owner", "team")


@dataclass(frozen=True, slots=True)
class Content:
    """What a macro says by language, and what it does; what is empty is left as it is. Where `htmls` has a language,
    its text is made of that."""

    name: str
    texts: Mapping[str, str]
    status: str = ""
    priority: int | None = None
    assign: str = ""
    tags: Sequence[str] = ()
    fields: Mapping[int, str] = field(default_factory=dict)
    note: str = ""
    htmls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Used:
    """What using a macro gave: the words for the composer, with formatting if they have any, the status to send them
    with, and the events it made."""

    ticket: Ticket
    reply: Filled
    html: str
    then: str
    changes: tuple[int, ...]


def save_macro(
    macro_id: int | None, content: Content, *, by: Agent, audience: Audience, at: datetime | None = None
) -> Macro:
    """Make a macro, or change one."""
    require_audience(by, audience)
    require(by, Permission.REPLY)
    wanted = _checked(content)
    htmls = _formatted(content.htmls)
    texts = {language: text.strip() for language, text in content.texts.items()}
    texts |= {language: text_of_html(html).strip() for language, html in htmls.items()}
    texts = {language: text for language, text in texts.items() if text}
    _check_texts(texts, content, wanted)
    with transaction.atomic():
        macro = Macro() if macro_id is None else _locked(macro_id, by)
        before = _told(macro)
        for name, value in (wanted | {"owner": audience.owner, "team": audience.team}).items():
            setattr(macro, name, value)
        macro.save()
        MacroText.objects.filter(macro=macro).exclude(language__in=texts).delete()
        for language, text in texts.items():
            said = {"text": text, "html": htmls.get(language, "")}
            MacroText.objects.update_or_create(macro=macro, language=language, defaults=said)
        kind = MacroEvent.MADE if macro_id is None else MacroEvent.CHANGED
        record_event((STREAM, macro.pk), kind, by=by.actor, at=at or timezone.now(), data={"name": macro.name})
        if before:
            note_setting(f"{STREAM} {macro.pk}", before, dict.fromkeys(before) | _told(macro, shared=True), by=by.actor)
    return macro


def _told(macro: Macro, *, shared: bool = False) -> dict[str, Any]:
    """What the audit keeps of a macro of a team or of everyone; nothing of an agent's own."""
    if macro.pk is None or (macro.owner_id is not None and not shared):
        return {}
    told = {name: getattr(macro, name) for name in TOLD}
    texts = MacroText.objects.filter(macro=macro).order_by("language")
    return told | {f"text {language}": text for language, text in texts.values_list("language", "text")}


def remove_macro(macro_id: int, *, by: Agent, at: datetime | None = None) -> None:
    """Remove a macro; what it did stays done."""
    with transaction.atomic():
        macro = _locked(macro_id, by)
        data = {"name": macro.name}
        record_event((STREAM, macro.pk), MacroEvent.REMOVED, by=by.actor, at=at or timezone.now(), data=data)
        macro.delete()


def use_macro(
    ticket_id: int, macro_id: int, *, by: Agent, client_id: UUID, at: datetime | None = None
) -> Used:  # fmt: skip
    """Do to the ticket what the macro does, and give its words filled in. The same `client_id` does nothing again.

    The words are for the composer: nothing is sent. A note with a placeholder that cannot be filled in stops it all.
    """
    at = at or timezone.now()
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.REPLY)
        macro = Macro.objects.filter(shown_to(by), pk=macro_id).first()
        if macro is None:
            raise NotFound(_("There is no such macro."))
        values = values_for(ticket, by, email=_address_of(ticket))
        text, html = _words(macro, ticket.language)
        reply, html = fill(text, values), fill_html(html, values)
        then = macro.status if reply.text else ""
        earlier = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket.pk, kind=TicketEvent.MACRO_USED)
        if earlier.filter(data__client=str(client_id)).exists():
            return Used(ticket, reply, html, then, ())
        note = fill(macro.note, values)
        if note.missing:
            raise InvalidInput("note", _("Nobody can fill in: %(names)s.") % {"names": in_braces(note.missing)})
        data = {"macro": macro.pk, "name": macro.name, "client": str(client_id)}
        record(ticket, TicketEvent.MACRO_USED, by=by.actor, at=at, data=data)
        changes = _do(macro, ticket, note.text, by=by, client_id=client_id, at=at)
        Macro.objects.filter(pk=macro.pk).update(used=F("used") + 1, last_used_at=at)
    ticket.refresh_from_db()
    return Used(ticket, reply, html, then, changes)


def opening_words(
    macro_id: int, *, by: Agent, customer: Customer | None, channel: Channel | None, email: str, language: str
) -> tuple[str, str]:
    """(text, html) of a canned reply for a conversation that is not begun yet, filled in as far as it can be; empty
    where there is no such reply. Nothing is changed."""
    require(by, Permission.REPLY)
    macro = Macro.objects.filter(shown_to(by), pk=macro_id).first()
    if macro is None:
        return "", ""
    text, html = _words(macro, language)
    values = opening_values(customer, channel, by, email=email)
    return fill(text, values).text, fill_html(html, values)


def _do(macro: Macro, ticket: Ticket, note: str, *, by: Agent, client_id: UUID, at: datetime) -> tuple[int, ...]:
    """The macro's changes by the ordinary actions, in the transaction that locked the ticket."""
    made = [add_tag(ticket.pk, by=by, name=name, at=at) for name in macro.tags]
    if macro.priority is not None:
        made.append(set_priority(ticket.pk, by=by, priority=macro.priority, at=at))
    if macro.assign:
        made.append(assign_ticket(ticket.pk, by=by, assignee=_assignee(macro.assign, by), at=at))
    if note:
        add_note(ticket.pk, by=by, text=note, client_id=uuid5(client_id, "note"), at=at)
    if macro.fields:
        made += _say_fields(macro, ticket, by=by, at=at)
    if macro.status and not macro.texts.exists():
        made.append(set_status(ticket.pk, by=by, status=macro.status, at=at))
    return tuple(one.recorded for one in made if one.recorded)


def _say_fields(macro: Macro, ticket: Ticket, *, by: Agent, at: datetime) -> list[Ticket]:
    """Those of its fields that this ticket has."""
    asked = fields_of(Ticket.objects.values_list("team_id", flat=True).get(pk=ticket.pk)).filter(pk__in=macro.fields)
    return [
        set_field(ticket.pk, by=by, field_id=one.pk, value=macro.fields[str(one.pk)], at=at) for one in asked
    ]  # fmt: skip


def _words(macro: Macro, language: str) -> tuple[str, str]:
    """(text, html) in the ticket's language, else in the one for all others, else in whichever there is."""
    texts = {one.language: (one.text, one.html) for one in macro.texts.order_by("pk")}
    return texts.get(language) or texts.get("") or next(iter(texts.values()), ("", ""))


def _address_of(ticket: Ticket) -> str:
    known = Identity.objects.filter(customer=ticket.customer_id, kind="email").order_by("suspect", "pk")
    return known.values_list("value", flat=True).first() or ""


def _assignee(wanted: str, by: Agent) -> Agent | None:
    if wanted == "none":
        return None
    agent = by if wanted == "me" else Agent.objects.filter(pk=int(wanted), is_active=True).first()
    if agent is None:
        raise InvalidInput("assignee", _("There is no such agent."))
    return agent


def _locked(macro_id: int, by: Agent) -> Macro:
    require(by, Permission.REPLY)
    macro = Macro.objects.select_for_update(of=("self",)).filter(shown_to(by), pk=macro_id).first()
    if macro is None:
        raise NotFound(_("There is no such macro."))
    require_audience(by, Audience(macro.owner, macro.team))
    return macro


def _checked(content: Content) -> dict[str, Any]:
    name = " ".join(content.name.replace("\x00", "").split())
    if not 1 <= len(name) <= 80:
        raise InvalidInput("name", _("A name has 1 to 80 characters."))
    if content.status and not is_status(content.status):
        raise InvalidInput("status", _("A ticket cannot be set to “%(status)s”.") % {"status": content.status})
    if content.priority is not None and content.priority not in Priority.values:
        raise InvalidInput("priority", _("There is no such priority."))
    if content.assign not in ("", "me", "none") and not content.assign.isdecimal():
        raise InvalidInput("assign", _("There is no such agent."))
    tags = list(dict.fromkeys(tag_name(tag) for tag in content.tags))
    if len(tags) > MOST_TAGS:
        raise InvalidInput("tags", _("These are too many tags."))
    return {
        "name": name, "status": content.status, "priority": content.priority, "assign": content.assign, "tags": tags,
        "note": content.note.strip(), "fields": _checked_fields(content.fields),
    }  # fmt: skip


def _checked_fields(said: Mapping[int, str]) -> dict[str, str]:
    known = TicketField.objects.in_bulk(said)
    clean = {str(number): clean_value(known[number], value) for number, value in said.items() if number in known}
    return {number: value for number, value in clean.items() if value}


def _formatted(htmls: Mapping[str, str]) -> dict[str, str]:
    """What is left of each by the rules for what agents write, without pictures, which belong to one message."""
    cleaned = {language: replace_pictures(clean_written_html(html), {}) for language, html in htmls.items() if html}
    if any(len(html) > LONGEST for html in cleaned.values()):
        raise InvalidInput("texts", _("The text is too long."))
    return {language: html for language, html in cleaned.items() if html}


def _check_texts(texts: Mapping[str, str], content: Content, wanted: Mapping[str, Any]) -> None:
    if not set(texts) <= set(TEXTS_IN):
        raise InvalidInput("texts", _("There is no such language."))
    if any(len(text) > settings.MAX_REPLY_LENGTH for text in (*texts.values(), content.note)):
        raise InvalidInput("texts", _("The text is too long."))
    if unknown := unknown_placeholders("\n".join([*texts.values(), content.note])):
        raise InvalidInput("texts", _("Nobody can fill in: %(names)s.") % {"names": in_braces(unknown)})
    does = (
        any(wanted[name] for name in ("status", "assign", "tags", "note", "fields")) or wanted["priority"] is not None
    )
    if not texts and not does:
        raise InvalidInput("texts", _("Write what it says, or choose what it does."))
