"""What may be said in a field of the shop's own, how it is kept, shown and asked for. Asks no database but to find
fields by name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from django.db.models import Exists, OuterRef, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tickets.errors import InvalidInput
from tickets.models import FieldKind, FieldValue, TicketField

LONGEST = 500
FOLDED = 200
TICKED = "1"
_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off"}
_DIGITS, _PLACES, _FINEST = 14, 6, 100
# A condition on one field: its number, how it is compared, with what. "12=" is "not said", "12*" is "said".
_CONDITION = re.compile(r"(\d{1,18})([=<>*])(.*)", re.DOTALL)


def clean_value(field: TicketField, said: object) -> str:
    """What is kept of what somebody said; empty for nothing. InvalidInput when the field cannot hold it."""
    if isinstance(said, bool):
        said = TICKED if said else "0"
    text = " ".join(str(said if said is not None else "").replace("\x00", "").split())
    text = text.encode("utf-8", "replace").decode()  # JSON can name halves of characters, and no column keeps them
    if not text:
        return ""
    return _CLEAN[FieldKind(field.kind)](field, text)


def _text(field: TicketField, text: str) -> str:
    if len(text) > LONGEST:
        raise InvalidInput(
            "fields", _("“%(field)s” has at most %(most)d characters.") % {"field": field, "most": LONGEST}
        )
    return text


def _number(field: TicketField, text: str) -> str:
    number = _decimal(text.replace(",", ".").replace(" ", ""))
    if number is None or _places(number) > _PLACES:
        raise InvalidInput("fields", _("“%(field)s” is a number.") % {"field": field})
    return f"{number.normalize() + 0:f}"


def _decimal(text: str) -> Decimal | None:
    """The number that is written here, unless it is larger or finer than any that could be kept: the database has no
    place for 1e200000, nor arithmetic for 1e9999999."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and -_FINEST < number.adjusted() < _DIGITS else None


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _choice(field: TicketField, text: str) -> str:
    found = next((one for one in field.choices if one.casefold() == text.casefold()), None)
    if found is None:
        words = _("“%(field)s” is one of: %(choices)s.")
        raise InvalidInput("fields", words % {"field": field, "choices": ", ".join(field.choices)})
    return str(found)


def _date(field: TicketField, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InvalidInput("fields", _("“%(field)s” is a date: 2026-03-02.") % {"field": field}) from None


def _checkbox(field: TicketField, text: str) -> str:
    if text.lower() not in _YES | _NO:
        raise InvalidInput("fields", _("“%(field)s” is ticked or not.") % {"field": field})
    return TICKED if text.lower() in _YES else ""


_CLEAN = {
    FieldKind.TEXT: _text, FieldKind.NUMBER: _number, FieldKind.CHOICE: _choice, FieldKind.DATE: _date,
    FieldKind.CHECKBOX: _checkbox,
}  # fmt: skip


def folded(value: str) -> str:
    """How a value is compared: without case, shortened."""
    return value.casefold()[:FOLDED]


def as_number(kind: str, value: str) -> Decimal | None:
    return Decimal(value) if kind == FieldKind.NUMBER and value else None


def shown_value(kind: str, value: str) -> str:
    """What was said, for people."""
    if kind == FieldKind.CHECKBOX:
        return _("Yes") if value else _("No")
    if kind == FieldKind.DATE and value:
        return date_format(date.fromisoformat(value), "DATE_FORMAT")
    return value


def typed_value(kind: str, value: str) -> str | float | int | bool | None:
    """What was said, for programs."""
    if kind == FieldKind.CHECKBOX:
        return bool(value)
    if kind == FieldKind.NUMBER and value:
        return float(value) if "." in value else int(value)
    return value or None


def fields_condition(values: Sequence[object]) -> Q:
    """Tickets whose fields are so: of one field any of what is asked, of several all."""
    asked: defaultdict[int, Q] = defaultdict(lambda: Q(pk__in=[]))
    for value in values:
        if found := _CONDITION.fullmatch(str(value)):
            asked[int(found[1])] |= _one(int(found[1]), found[2], found[3])
    condition = Q() if asked else Q(pk__in=[])
    for one in asked.values():
        condition &= one
    return condition


def _one(field_id: int, how: str, value: str) -> Q:
    said = FieldValue.objects.filter(ticket=OuterRef("pk"), field=field_id)
    if how == "*":
        return Q(Exists(said))
    if how == "=":
        return Q(Exists(said.filter(folded=folded(value)))) if value else ~Q(Exists(said))
    lookup = "lt" if how == "<" else "gt"
    number = _decimal(value)
    compared: dict[str, object] = {f"number__{lookup}": number}
    if number is None:
        compared = {f"folded__{lookup}": folded(value), "number": None}
    return Q(Exists(said.filter(**compared)))


def named_conditions(typed: str, fields: Iterable[TicketField]) -> tuple[str, ...]:
    """`Name=value`, `Name>5` or a bare `Name` as conditions; none for a name that nothing is called."""
    name, how, value = _taken_apart(typed)
    wanted = name.strip().casefold()
    found = [field for field in fields if wanted in (field.name.casefold(), field.key.casefold())]
    return tuple(f"{field.pk}{how}{_asked(field, how, value.strip())}" for field in found)


def _taken_apart(typed: str) -> tuple[str, str, str]:
    places = sorted((at, sign) for sign in "=<>" if (at := typed.find(sign)) > 0)
    if not places:
        return typed, "*", ""
    at, sign = places[0]
    return typed[:at], sign, typed[at + 1 :]


def _asked(field: TicketField, how: str, value: str) -> str:
    if value.casefold() in ("none", _("nobody").casefold(), "-"):
        return ""
    if field.kind == FieldKind.CHECKBOX and how == "=":
        return TICKED if value.lower() in _YES | {_("Yes").lower()} else ""
    try:
        return clean_value(field, value)
    except InvalidInput:
        return value
