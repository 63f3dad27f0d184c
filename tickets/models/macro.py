"""Canned replies and macros: words, and what else happens to the ticket when they are used."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.models import Agent, Team

from .ticket import Priority


class Macro(models.Model):
    """One canned reply: its owner's alone, or of a team's, or (both null) of everyone.

    What is empty is left as it is. `assign` is "me", "none" or an agent's id. `note` is for the team. The words for the
    customer are rows of `MacroText`, one a language; a status goes with those words, so it is set when they are sent.
    """

    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=80)
    owner = models.ForeignKey(Agent, null=True, on_delete=models.CASCADE, related_name="macros")
    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="macros")
    status = models.CharField(_("status"), max_length=8, blank=True, default="")
    priority = models.SmallIntegerField(_("priority"), choices=Priority.choices, null=True)
    assign = models.CharField(max_length=12, blank=True, default="")
    tags = models.JSONField(default=list)
    # What is said in fields of the shop's own, by their numbers.
    fields = models.JSONField(default=dict, db_default={})
    note = models.TextField(blank=True, default="")
    used = models.IntegerField(default=0)
    last_used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(owner=None) | models.Q(team=None), name="macro_one_audience")
        ]

    def __str__(self) -> str:
        return self.name


class MacroText(models.Model):
    """The words of a macro in one language; "" is the language for tickets of all others. `html` is the same with its
    formatting, "" where there is none."""

    macro = models.ForeignKey(Macro, on_delete=models.CASCADE, related_name="texts", db_index=False)
    language = models.CharField(max_length=8, blank=True, default="")
    text = models.TextField()
    html = models.TextField(blank=True, default="", db_default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["macro", "language"], name="macrotext_once")]

    def __str__(self) -> str:
        return f"{self.language or '*'} of macro {self.macro_id}"
