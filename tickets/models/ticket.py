"""The case agents work on: its state, its periods, its links and its counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from people.models import Agent, Customer, Team
from tickets.queries import TicketQuerySet

from .channel import Channel
from .custom_status import CustomStatus

if TYPE_CHECKING:
    from .message import Message


# Snoozed until then means: until the customer writes.
UNTIL_ANSWER = datetime(9999, 1, 1, tzinfo=UTC)


class Status(models.TextChoices):
    OPEN = "open", _("Open")
    PENDING = "pending", _("Waiting on customer")
    ON_HOLD = "on_hold", _("On hold")
    SOLVED = "solved", _("Solved")
    CLOSED = "closed", _("Closed")
    SPAM = "spam", _("Spam")


# What an agent may set by hand; the others come from time, and from marking as spam.
SETTABLE = (Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.SOLVED)


class Priority(models.IntegerChoices):
    LOW = 10, _("Low")
    NORMAL = 20, _("Normal")
    HIGH = 30, _("High")
    URGENT = 40, _("Urgent")


class DueState(models.TextChoices):
    """How the ticket stands to its nearest deadline."""

    NONE = "", _("No deadline")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    LATE = "late", _("Overdue")


class AsideState(models.IntegerChoices):
    """Whether somebody beside the customer is asked something, and has answered. The greater is the more pressing."""

    NONE = 0, "-"
    ASKED = 1, _("Asked aside")
    ANSWERED = 2, _("Answer aside")


class LinkReason(models.TextChoices):
    FOLLOW_UP = "follow_up", _("Follow-up of a closed ticket")
    UNPROVEN_REFERENCE = "unproven_reference", _("Quotes this ticket without proof")
    FAILED_AUTHENTICATION = "failed_authentication", _("Sender's authentication failed")
    SAME_MESSAGE_ID = "same_message_id", _("Differing mail under the same Message-ID")
    SPLIT = "split", _("Split off from this ticket")
    CHILD = "child", _("Part of this ticket")
    RELATED = "related", _("Related")
    DUPLICATE = "duplicate", _("About the same")
    DISTINCT = "distinct", _("Not the same")


class Tag(models.Model):
    name = models.CharField(max_length=60, unique=True)
    hue = models.SmallIntegerField(default=263)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Ticket(models.Model):
    """One case. The id is the number people quote (#1042); every write goes through `tickets.actions`.

    `message_sequence` is the number of the last message (inbound, reply or note) and what the stale-screen
    guard compares; `inbound_sequence` the last from outside; `waiting_since` is null while nobody waits for us.
    """

    subject = models.CharField(_("subject"), max_length=500, blank=True, default="")
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.OPEN)
    # A finer word for the status, which counts while its category is that: `tickets.statuses`.
    custom_status = models.ForeignKey(
        CustomStatus, null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets", db_index=False
    )
    priority = models.SmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NORMAL)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="tickets", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="tickets")
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets", db_index=False
    )
    assignee = models.ForeignKey(
        Agent, null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets", db_index=False
    )
    tags: models.ManyToManyField[Tag, Tagging] = models.ManyToManyField(
        Tag, through="tickets.Tagging", related_name="tickets"
    )
    language = models.CharField(max_length=8, blank=True, default="")
    preview = models.CharField(max_length=200, blank=True, default="")
    message_sequence = models.IntegerField(default=0)
    inbound_sequence = models.IntegerField(default=0)
    opened_at = models.DateTimeField()
    last_message_at = models.DateTimeField()
    waiting_since = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    # What the list shows of a deadline. Written by `actions.show_deadline` alone; who reckons it stands above.
    next_due_at = models.DateTimeField(null=True)
    due_state = models.CharField(max_length=8, choices=DueState.choices, default=DueState.NONE, db_default="")
    due_target = models.CharField(max_length=12, default="", db_default="")
    due_amber_at = models.DateTimeField(null=True)
    due_red_at = models.DateTimeField(null=True)
    solved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    needs_attention = models.BooleanField(default=False)
    aside = models.SmallIntegerField(choices=AsideState.choices, default=AsideState.NONE, db_default=0)
    # Everything of it went there; it stays as a signpost, closed, and takes no change but the undoing.
    merged_into: models.ForeignKey[Ticket | None, Ticket | None] = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="merged", db_index=False
    )

    objects = TicketQuerySet.as_manager()
    # The event that the last action recorded on this instance, for whoever may want to take it back.
    recorded: int | None = None

    class Meta:
        indexes = [
            models.Index(
                fields=["status", "-last_message_at", "-id"], name="ticket_by_status", include=["team", "assignee"]
            ),
            models.Index(
                fields=["assignee", "status", "-last_message_at", "-id"],
                name="ticket_by_assignee",
                condition=models.Q(assignee__isnull=False),
            ),
            models.Index(
                fields=["-last_message_at", "-id"],
                name="ticket_unassigned",
                condition=models.Q(assignee__isnull=True, status="open"),
            ),
            # Who waits for somebody, as their team gives them out (tickets/assigning/).
            models.Index(
                fields=["team", "next_due_at", "id"],
                name="ticket_queue",
                condition=models.Q(assignee__isnull=True, status="open", snoozed_until__isnull=True),
            ),
            models.Index(fields=["team", "status", "-last_message_at", "-id"], name="ticket_by_team"),
            models.Index(fields=["channel", "status", "-last_message_at", "-id"], name="ticket_by_channel"),
            models.Index(
                fields=["-last_message_at", "-id"],
                name="ticket_attention",
                condition=models.Q(needs_attention=True),
            ),
            models.Index(
                fields=["next_due_at", "id"], name="ticket_by_deadline", condition=models.Q(next_due_at__isnull=False)
            ),
            models.Index(
                fields=["waiting_since", "id"],
                name="ticket_by_waiting",
                condition=models.Q(waiting_since__isnull=False),
            ),
            models.Index(fields=["opened_at"], name="ticket_by_opening"),
            models.Index(fields=["status", "opened_at", "id"], name="ticket_by_age"),
            models.Index(fields=["status", "-priority", "id"], name="ticket_by_priority"),
            models.Index(fields=["solved_at"], name="ticket_to_close", condition=models.Q(status="solved")),
            models.Index(
                fields=["snoozed_until"], name="ticket_to_wake", condition=models.Q(snoozed_until__isnull=False)
            ),
            models.Index(
                fields=["custom_status"], name="ticket_named", condition=models.Q(custom_status__isnull=False)
            ),
            models.Index(fields=["merged_into"], name="ticket_merged", condition=models.Q(merged_into__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"

    @property
    def number(self) -> int:
        return self.pk


class Tagging(models.Model):
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="taggings", db_index=False)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="taggings")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "tag"], name="tagging_once")]

    def __str__(self) -> str:
        return f"{self.tag_id} on #{self.ticket_id}"


class Cycle(models.Model):
    """One open-to-solved period; each has its own first human reply, so a reopening never corrupts one."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="cycles", db_index=False)
    number = models.SmallIntegerField()
    opened_at = models.DateTimeField()
    first_reply_at = models.DateTimeField(null=True)
    first_reply: models.ForeignKey[Message | None, Message | None] = models.ForeignKey(
        "tickets.Message", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    solved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "number"], name="cycle_number"),
            models.UniqueConstraint(fields=["ticket"], condition=models.Q(solved_at=None), name="cycle_one_open"),
        ]

    def __str__(self) -> str:
        return f"cycle {self.number} of #{self.ticket_id}"


class TicketLink(models.Model):
    """`ticket` came out of, or may belong to, `other`, and why."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="links_out", db_index=False)
    other = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="links_in")
    reason = models.CharField(max_length=24, choices=LinkReason.choices)
    # Why an agent linked them, in their words.
    note = models.CharField(max_length=200, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "other", "reason"], name="ticketlink_once")]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.reason} #{self.other_id}"


class Tally(models.Model):
    """How many tickets share these traits, as a sum of signed rows written by a database trigger.

    Counting a view then reads as many rows as there are combinations, not tickets. Rows are appended, never
    updated by a ticket's transaction (no hot row), and folded together by `tickets.counts.fold_tally`.
    """

    team_id = models.BigIntegerField(null=True)
    assignee_id = models.BigIntegerField(null=True)
    channel_id = models.BigIntegerField()
    status = models.CharField(max_length=8)
    snoozed = models.BooleanField()
    attention = models.BooleanField()
    n = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.n:+d} {self.status}"
