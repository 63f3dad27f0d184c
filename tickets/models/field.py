"""Facts of a shop's own about its tickets."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.models import Team

from .ticket import Ticket


class FieldKind(models.TextChoices):
    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    CHOICE = "choice", _("Choice")
    DATE = "date", _("Date")
    CHECKBOX = "checkbox", _("Checkbox")


class TicketField(models.Model):
    """One such fact, of a team's tickets or (null) of all. What is archived is asked of nobody; what was said stays.

    `key` names it in placeholders: {{field.order_kind}}. `choices` are the words of a choice, in their order.
    """

    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=60, unique=True)
    key = models.CharField(max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=FieldKind.choices)
    choices = models.JSONField(default=list)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="fields")
    required = models.BooleanField(_("asked for before a ticket is closed"), default=False)
    position = models.SmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class FieldValue(models.Model):
    """What is said of one ticket. Only what is said has a row, so a field costs tickets without it nothing.

    `value` is plain text: a date as 2026-03-02, a number as 12.5, a ticked box as 1. `folded` is what is compared,
    `number` what is compared as a number.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="field_values", db_index=False)
    field = models.ForeignKey(TicketField, on_delete=models.CASCADE, related_name="values", db_index=False)
    value = models.CharField(max_length=500)
    folded = models.CharField(max_length=200)
    number = models.DecimalField(max_digits=20, decimal_places=6, null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "field"], name="fieldvalue_once")]
        indexes = [
            models.Index(fields=["field", "folded", "ticket"], name="fieldvalue_said"),
            models.Index(
                fields=["field", "number"], name="fieldvalue_number", condition=models.Q(number__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field_id} of #{self.ticket_id}"
