"""What each agent has open: drafts, what they have seen, what they were told."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from events.models import Event
from people.models import Agent, Identity

from .channel import Channel
from .message import Message
from .ticket import Ticket


class Acknowledgement(models.Model):
    """When an address last heard automatically that a message of theirs arrived."""

    identity = models.OneToOneField(Identity, on_delete=models.CASCADE, primary_key=True, related_name="+")
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"identity {self.identity_id} at {self.at}"


class DraftKind(models.TextChoices):
    REPLY = "outbound", _("Reply")
    NOTE = "note", _("Note")
    FORWARD = "forward", _("Forwarding")


class Draft(models.Model):
    """Something being written, one a ticket, agent and kind; kept here so that no reload or crash loses it.

    `html` is the text with its formatting, "" for plain text. `about` is the message answered or forwarded.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="drafts", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="drafts")
    kind = models.CharField(max_length=8, choices=DraftKind.choices)
    text = models.TextField(blank=True, default="")
    html = models.TextField(blank=True, default="")
    about = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    recipients = models.JSONField(default=dict)
    # A draft saved by an older keystroke must not overwrite a newer one: the browser counts its saves.
    revision = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "agent", "kind"], name="draft_once")]

    def __str__(self) -> str:
        return f"draft of {self.agent_id} on #{self.ticket_id}"


class RemovedUpload(models.Model):
    """A file taken out of a draft while it was still on its way; when it arrives it is not kept. Swept after a day."""

    public_id = models.UUIDField(primary_key=True)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return f"{self.public_id} of {self.agent_id}"


class Seen(models.Model):
    """How far an agent has read a ticket."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="seen", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="seen", db_index=False)
    sequence = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "ticket"], name="seen_once")]

    def __str__(self) -> str:
        return f"{self.agent_id} saw #{self.ticket_id} up to {self.sequence}"


class Follow(models.Model):
    """An agent who wants to be told of what happens on a ticket, whoever's it is."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="follows", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="follows")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "agent"], name="follow_once")]

    def __str__(self) -> str:
        return f"{self.agent_id} follows #{self.ticket_id}"


class Cause(models.TextChoices):
    """Why somebody is told of an event; each may be switched off, but for what is theirs to mend."""

    MENTION = "mention", _("Somebody mentions me in a note")
    TEAM = "team", _("Somebody mentions a team of mine, or hands it a ticket")
    ASSIGNED = "assigned", _("A ticket is given to me")
    ANSWER = "answer", _("A customer writes on a ticket of mine")
    FOLLOWING = "following", _("Something happens on a ticket I follow")
    OTHER = "", _("A reply of mine did not arrive, or something else needs me")


class NoticeSettings(models.Model):
    """What an agent is told of. `off` are causes; unread notices are mailed `digest_minutes` after they came while
    the agent is away, 0 for never."""

    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, primary_key=True, related_name="notice_settings")
    off = models.JSONField(default=list)
    digest_minutes = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"notices of {self.agent_id}"


class Notification(models.Model):
    """Something an agent should know, made once from an event: of a ticket, or of a channel; `cause`
    says why it is them."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="notifications", db_index=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+", db_index=False)
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.CASCADE, related_name="notifications")
    channel = models.ForeignKey(Channel, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    cause = models.CharField(max_length=10, choices=Cause.choices, blank=True, default="", db_default="")
    mailed_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "agent"], name="notification_once")]
        indexes = [
            models.Index(fields=["agent", "-id"], name="notification_unread", condition=models.Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id}: event {self.event_id}"
