"""Fields of the shop's own: said on a ticket, asked for before it is closed, and kept by managers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from events.actors import Actor
from events.audit import note_setting
from events.ledger import record_event
from people.models import Agent, Team
from people.permissions import Permission
from tickets.errors import FieldsMissing, InvalidInput, NotFound
from tickets.events import FieldEvent, TicketEvent
from tickets.fields import as_number, clean_value, folded
from tickets.models import FieldKind, FieldValue, Ticket, TicketField
from tickets.order import move_one, note_place

from .base import lock_ticket, record, refuse_closed, require

STREAM = "field"
MOST_CHOICES = 100
MOST_FIELDS = 100


def set_field(ticket_id: int, *, by: Agent, field_id: int, value: object, at: datetime | None = None) -> Ticket:
    """Fill in a field, or (empty) take it back. Repeating it changes nothing."""
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        refuse_closed(ticket)
        say_field(ticket, field_of(ticket, field_id), value, by=by.actor, at=at or timezone.now())
    return ticket


def set_fields(
    ticket_id: int, *, by: Agent, values: Mapping[int, object], at: datetime | None = None
) -> Ticket:  # fmt: skip
    """Say several at once, all or none."""
    at = at or timezone.now()
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        refuse_closed(ticket)
        for field_id in sorted(values):
            say_field(ticket, field_of(ticket, field_id), values[field_id], by=by.actor, at=at)
    return ticket


def field_of(ticket: Ticket, field_id: int) -> TicketField:
    """A field that is asked of this ticket's team."""
    field = fields_of(ticket.team_id).filter(pk=field_id).first()
    if field is None:
        raise InvalidInput("fields", _("This ticket has no such field."))
    return field


def fields_of(team_id: int | None) -> Any:
    """The fields that tickets of a team have, in their order."""
    return TicketField.objects.filter(Q(team=None) | Q(team=team_id), archived_at=None).order_by("position", "pk")


def say_field(
    ticket: Ticket, field: TicketField, value: object, *, by: Actor, at: datetime, undoes: int | None = None
) -> None:
    """`set_field` for a ticket that the caller has locked."""
    said = clean_value(field, value)
    known = FieldValue.objects.filter(ticket=ticket, field=field).first()
    before = known.value if known else ""
    if said == before:
        return
    if not said:
        FieldValue.objects.filter(ticket=ticket, field=field).delete()
    else:
        kept = {"value": said, "folded": folded(said), "number": as_number(field.kind, said)}
        FieldValue.objects.update_or_create(ticket=ticket, field=field, defaults=kept)
    data: dict[str, Any] = {"field": field.pk, "name": field.name, "kind": field.kind, "from": before, "to": said}
    data |= {"undoes": undoes} if undoes else {}
    record(ticket, TicketEvent.TICKET_FIELD_SET, by=by, at=at, data=data)


def missing_fields(ticket: Ticket) -> list[TicketField]:
    """What is asked for before this ticket is closed and was not said yet. One query."""
    said = FieldValue.objects.filter(ticket=ticket, field=OuterRef("pk"))
    return list(fields_of(ticket.team_id).filter(~Exists(said), required=True))


def refuse_incomplete(ticket: Ticket) -> None:
    """A ticket is not closed by a person as long as a field that is asked for is empty."""
    if missing := missing_fields(ticket):
        names = ", ".join(field.name for field in missing)
        raise FieldsMissing(_("Fill in before closing: %(names)s.") % {"names": names}, [one.pk for one in missing])


def save_field(
    field_id: int | None,
    *,
    by: Agent,
    name: str,
    kind: str,
    choices: Sequence[str] = (),
    team: Team | None = None,
    required: bool = False,
    at: datetime | None = None,
) -> TicketField:
    """Make a field or change it; what kind it is never changes. Saving what is there already changes nothing."""
    require(by, Permission.MANAGE_SHARED)
    name, choices = _checked_name(name), _checked_choices(kind, choices)
    with transaction.atomic():
        field = _locked(field_id) if field_id else _new(kind)
        if field.pk and field.kind != kind:
            raise InvalidInput("kind", _("The kind of a field stays as it is. Archive it and make another."))
        same_name = Q(name__iexact=name) | Q(key=key_of(name))
        if TicketField.objects.filter(same_name).exclude(pk=field.pk).exists():
            raise InvalidInput("name", _("There is a field of this name already."))
        wanted = {"name": name, "choices": choices, "team": team, "required": required}
        if field.pk and all(getattr(field, key) == value for key, value in wanted.items()):
            return field
        made = field.pk is None
        if not made:
            note_setting(f"field {field.pk}", {key: getattr(field, key) for key in wanted}, wanted, by=by.actor)
        for key, value in wanted.items():
            setattr(field, key, value)
        # The key stays, since words that were written use it.
        field.key = field.key or key_of(name)
        field.save()
        data = {"name": name, "kind": kind, "team": team.pk if team else None, "required": required}
        _record(field, FieldEvent.MADE if made else FieldEvent.CHANGED, by=by, at=at, data=data)
    return field


def archive_field(field_id: int, *, by: Agent, on: bool = True, at: datetime | None = None) -> TicketField:
    """Ask nobody any more, or again. Repeating it changes nothing."""
    require(by, Permission.MANAGE_SHARED)
    at = at or timezone.now()
    with transaction.atomic():
        field = _locked(field_id)
        if (field.archived_at is not None) == on:
            return field
        note_setting(f"field {field.pk}", {"archived": not on}, {"archived": on}, by=by.actor)
        field.archived_at = at if on else None
        field.save(update_fields=["archived_at"])
        _record(field, FieldEvent.ARCHIVED if on else FieldEvent.RESTORED, by=by, at=at, data={"name": field.name})
    return field


def move_field(field_id: int, *, by: Agent, up: bool, at: datetime | None = None) -> TicketField:
    """Let it stand before its neighbour, or after it; at the end of the list nothing changes."""
    require(by, Permission.MANAGE_SHARED)
    with transaction.atomic():
        order = list(TicketField.objects.select_for_update().filter(archived_at=None).order_by("pk"))
        order.sort(key=lambda one: (one.position, one.pk))
        field = next((one for one in order if one.pk == field_id), None)
        if field is None:
            raise NotFound(_("There is no such field."))
        there = move_one(order, field, up=up)
        if there is None:
            return field
        TicketField.objects.bulk_update(order, ["position"])
        note_place(f"field {field.pk}", there, up=up, by=by)
        _record(field, FieldEvent.MOVED, by=by, at=at, data={"to": there})
    return field


def key_of(name: str) -> str:
    """The word for placeholders: letters, digits and underscores of any alphabet."""
    return re.sub(r"\W+", "_", name.casefold()).strip("_")[:60]


def _new(kind: str) -> TicketField:
    if kind not in FieldKind.values:
        raise InvalidInput("kind", _("There is no such kind."))
    if TicketField.objects.count() >= MOST_FIELDS:
        raise InvalidInput("name", _("These are too many fields."))
    last = TicketField.objects.aggregate(last=Max("position"))["last"]
    return TicketField(kind=kind, position=0 if last is None else last + 1)


def _locked(field_id: int) -> TicketField:
    field = TicketField.objects.select_for_update().filter(pk=field_id).first()
    if field is None:
        raise NotFound(_("There is no such field."))
    return field


def _checked_name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if not 1 <= len(name) <= 60 or not key_of(name) or set(name) & set('=<>"'):
        raise InvalidInput("name", _('A name has 1 to 60 characters, at least one letter, and none of = < > ".'))
    return name


def _checked_choices(kind: str, choices: Sequence[str]) -> list[str]:
    if kind != FieldKind.CHOICE:
        return []
    clean = list(dict.fromkeys(" ".join(one.replace("\x00", "").split()) for one in choices if one.strip()))
    if not clean or len(clean) > MOST_CHOICES or any(len(one) > 100 for one in clean):
        raise InvalidInput("choices", _("Name 1 to 100 choices of at most 100 characters."))
    if len({one.casefold() for one in clean}) < len(clean):
        raise InvalidInput("choices", _("Two choices are the same."))
    return clean


def _record(field: TicketField, kind: str, *, by: Agent, at: datetime | None, data: dict[str, Any]) -> None:
    record_event((STREAM, field.pk), kind, by=by.actor, at=at or timezone.now(), data=data)
