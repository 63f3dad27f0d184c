"""Fields of the shop's own in forms: as conditions of a saved view, and as what a macro says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.errors import InvalidInput
from tickets.fields import TICKED, clean_value
from tickets.models import FieldKind, TicketField

EMPTY, SAID = "=", "*"


def own_name(field: TicketField) -> str:
    return f"own_{field.pk}"


class Asked(forms.CharField):
    """A value, or one to be above or below: gift, >5, <2026-03-01."""

    def __init__(self, field: TicketField, **kwargs: Any) -> None:
        self.of = field
        super().__init__(required=False, max_length=200, **kwargs)

    def clean(self, value: Any) -> str:
        typed = super().clean(value).strip()
        if not typed or typed == SAID:
            return typed
        how, said = (typed[0], typed[1:].strip()) if typed[0] in "<>=" else ("=", typed)
        try:
            return how + clean_value(self.of, said)
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from None


def own_field(field: TicketField, asked: Sequence[str]) -> forms.Field:
    """A form's field for one of the shop's own; `asked` are its conditions as they are kept."""
    if field.kind == FieldKind.CHECKBOX:
        choices = [("", _("Ticked or not")), (f"={TICKED}", _("Ticked")), (EMPTY, _("Not ticked"))]
        return forms.ChoiceField(label=field.name, required=False, choices=choices, initial=next(iter(asked), ""))
    if field.kind == FieldKind.CHOICE:
        gone = [one[1:] for one in asked if one[1:] and one[1:] not in field.choices]
        named = [(f"={one}", one) for one in [*field.choices, *gone]]
        return forms.MultipleChoiceField(
            label=field.name, required=False, widget=forms.CheckboxSelectMultiple, initial=list(asked),
            choices=[*named, (EMPTY, _("Empty"))],
        )  # fmt: skip
    help_text = gettext_lazy("A value, * for any, = for none; >5 or <5 for more or less.")
    first = next(iter(asked), "")
    return Asked(field, label=field.name, help_text=help_text, initial=first.removeprefix("=") or first)


def own_stored(field: TicketField, typed: Any) -> list[str]:
    """What was chosen, as a saved view keeps it."""
    chosen = typed if isinstance(typed, list) else [typed] if typed else []
    return [f"{field.pk}{one}" for one in chosen]


def said_field(field: TicketField, said: str) -> forms.Field:
    """A form's field for what a macro says in one of the shop's own; empty leaves it as it is."""
    if field.kind in (FieldKind.CHOICE, FieldKind.CHECKBOX):
        names = [(TICKED, _("Ticked"))] if field.kind == FieldKind.CHECKBOX else [(one, one) for one in field.choices]
        choices = [("", _("Leave as it is")), *names]
        return forms.ChoiceField(label=field.name, required=False, choices=choices, initial=said)
    return Said(field, label=field.name, initial=said)


class Said(forms.CharField):
    """A value that the field can hold."""

    def __init__(self, field: TicketField, **kwargs: Any) -> None:
        self.of = field
        super().__init__(required=False, max_length=500, **kwargs)

    def clean(self, value: Any) -> str:
        try:
            return clean_value(self.of, super().clean(value))
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from None
