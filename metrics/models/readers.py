"""What readers of reports keep beside the figures."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from people.models import Agent, Team
from tickets.models import Channel


class Annotation(models.Model):
    """What happened on a day that a drawing over time should tell: for everything, or for one channel or team."""

    day = models.DateField()
    text = models.CharField(max_length=120)
    channel = models.ForeignKey(Channel, null=True, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="+")
    author = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-day", "-pk"]
        indexes = [models.Index(fields=["-day", "-id"], name="annotation_by_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.text}"


class ReportMailing(models.Model):
    """A report somebody wants by mail: which, with what filters (`query`, without a period), how often and at what
    hour of which zone; due next at `next_at`."""

    owner = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")
    report = models.CharField(max_length=16)
    as_pdf = models.BooleanField(default=False, db_default=False)
    query = models.CharField(max_length=500, blank=True)
    rhythm = models.CharField(max_length=8)
    hour = models.SmallIntegerField()
    time_zone = models.CharField(max_length=64)
    readers = models.ManyToManyField(Agent, through="ReportReader", related_name="+")
    next_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="mailing_due")]

    def __str__(self) -> str:
        return f"{self.report}, {self.rhythm}"


class ReportReader(models.Model):
    """Who is sent it."""

    mailing = models.ForeignKey(ReportMailing, on_delete=models.CASCADE)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailing", "agent"], name="reportreader_once")]

    def __str__(self) -> str:
        return f"{self.mailing_id} to {self.agent_id}"


class LetterState(models.TextChoices):
    """`unknown`: a process ended between handing it over and noting that; it is not sent again."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


class ReportLetter(models.Model):
    """One report of one period to one reader: the row is what keeps it from going out twice. `claimed_at` is a lease;
    from `handed_at` on the mail may have left. `reason` says why it was not sent."""

    mailing = models.ForeignKey(ReportMailing, on_delete=models.CASCADE, related_name="letters")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")
    first = models.DateField()
    last = models.DateField()
    state = models.CharField(max_length=8, choices=LetterState, default=LetterState.WAITING)
    attempt = models.SmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    handed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailing", "agent", "first", "last"], name="reportletter_once")]
        indexes = [
            models.Index(
                fields=["id"], name="reportletter_open",
                condition=models.Q(state__in=[LetterState.WAITING, LetterState.SENDING]),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.first} to {self.agent_id}: {self.state}"


class TopicAlert(models.Model):
    """That a tag or word rose beyond chance on a day, as `sight` saw it: all tickets, or those of one agent."""

    day = models.DateField()
    kind = models.CharField(max_length=4)
    name = models.CharField(max_length=200)
    sight = models.CharField(max_length=40)
    count = models.IntegerField()
    expected = models.FloatField()
    chance = models.FloatField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "kind", "name", "sight"], name="topicalert_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.name}"
