"""What customers are asked, why somebody was not asked, what they said, and who sees to it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from metrics.surveys.scales import Kind
from people.models import Agent, Customer, Team
from tickets.models import Message, Ticket

KINDS = [
    (Kind.CSAT.value, _("Satisfaction (1 to 5)")), (Kind.CSAT10.value, _("Satisfaction (1 to 10)")),
    (Kind.NPS.value, _("Recommendation (0 to 10)")), (Kind.CES.value, _("Effort (1 to 7)")),
]  # fmt: skip


class Survey(models.Model):
    """One question to customers, for the tickets that fit its conditions; the first that fits a ticket is asked.

    `conditions` maps a trait of a ticket to the values it allows, as a policy's do. `percent` of what fits is asked.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(pgettext_lazy("of a survey", "name"), max_length=80, unique=True)
    kind = models.CharField(_("question"), max_length=8, choices=KINDS, default=Kind.CSAT.value)
    position = models.IntegerField(default=0)
    is_active = models.BooleanField(_("in force"), default=True)
    conditions = models.JSONField(default=dict)
    delay_minutes = models.PositiveIntegerField(_("minutes after solving"), default=60)
    percent = models.PositiveSmallIntegerField(_("percent of solved tickets"), default=100)
    web_link = models.BooleanField(_("may also be answered by a public link"), default=False)
    follows_up = models.BooleanField(_("a low score opens a follow-up"), default=True)
    follow_up_hours = models.PositiveSmallIntegerField(_("hours to follow up"), default=24)
    review_url = models.CharField(_("where promoters may review us"), max_length=300, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class SurveyState(models.TextChoices):
    PLANNED = "planned", _("Planned")
    ASKED = "asked", _("Asked")
    WITHHELD = "withheld", _("Not asked")


class SurveyInvitation(models.Model):
    """What became of asking after one period of a ticket: planned, asked, or not asked and why not.

    `probability` is the chance this one had of being asked, kept so that later weighting is possible. Channel, team
    and agent are those of the solved ticket, whatever becomes of it. `secret` is what the signed link proves.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="invitations", db_index=False)
    cycle = models.SmallIntegerField()
    survey = models.ForeignKey(Survey, null=True, on_delete=models.SET_NULL, related_name="invitations", db_index=False)
    kind = models.CharField(max_length=8, default="")
    state = models.CharField(max_length=8, choices=SurveyState.choices)
    reason = models.CharField(max_length=24, default="")
    probability = models.FloatField(default=1.0)
    planned_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="invitations")
    channel_id = models.BigIntegerField()
    team_id = models.BigIntegerField(null=True)
    agent_id = models.BigIntegerField(null=True)
    language = models.CharField(max_length=8, default="")
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    secret = models.CharField(max_length=26, null=True, unique=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "cycle"], name="invitation_once")]
        indexes = [
            models.Index(fields=["due_at"], name="invitation_due", condition=Q(state="planned")),
            models.Index(fields=["asked_at"], name="invitation_asked", condition=Q(state="asked")),
            models.Index(fields=["planned_at"], name="invitation_withheld", condition=Q(state="withheld")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of #{self.ticket_id}: {self.state}"


class Via(models.TextChoices):
    MAIL = "mail", _("By mail")
    CHAT = "chat", _("In the chat")
    SOCIAL = "dm", _("By message")
    WEB = "web", _("By public link")


class SurveyAnswer(models.Model):
    """What somebody said. One row an invitation, or one a visitor of a public link (`key`); changed within a day."""

    invitation = models.OneToOneField(SurveyInvitation, null=True, on_delete=models.CASCADE, related_name="answer")
    key = models.UUIDField(null=True, unique=True)
    survey = models.ForeignKey(Survey, null=True, on_delete=models.SET_NULL, related_name="answers", db_index=False)
    kind = models.CharField(max_length=8, choices=KINDS)
    score = models.SmallIntegerField()
    reasons = models.JSONField(default=list)
    comment = models.TextField(default="")
    language = models.CharField(max_length=8, default="")
    via = models.CharField(max_length=4, choices=Via.choices)
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.CASCADE, related_name="survey_answers")
    cycle = models.SmallIntegerField(null=True)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="survey_answers")
    channel_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    agent_id = models.BigIntegerField(null=True)
    answered_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "answered_at"], name="answer_by_kind"),
            models.Index(fields=["-answered_at", "-id"], name="answer_commented", condition=~Q(comment="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.score}"


class FollowUpState(models.TextChoices):
    OPEN = "open", _("Open")
    DONE = "done", _("Done")


class FollowUp(models.Model):
    """Somebody was disappointed and a lead is to see to it by `due_at`. One open one a customer: what comes while it
    is open joins it. `recovered_at`: when the same customer later scored well again."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="follow_ups", db_index=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="follow_ups")
    answer = models.ForeignKey(SurveyAnswer, on_delete=models.CASCADE, related_name="follow_ups")
    state = models.CharField(max_length=4, choices=FollowUpState.choices, default=FollowUpState.OPEN)
    owner = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    team = models.ForeignKey(Team, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=500, default="")
    recovered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer"], condition=Q(state="open"), name="followup_one_open")
        ]
        indexes = [
            models.Index(fields=["due_at"], name="followup_due", condition=Q(state="open")),
            models.Index(fields=["customer", "-opened_at"], name="followup_customer"),
        ]

    def __str__(self) -> str:
        return f"follow-up of #{self.ticket_id}: {self.state}"
