"""Who chats: visitors of a shop's pages, the browsers that may speak for them, and replies they have not seen yet.

The channel's own settings and secrets lie in its `channels_inbound.Connection`, like those of every provider.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from people.models import Identity
from tickets.models import Channel, Ticket


class Visitor(models.Model):
    """Somebody on the other side of a widget. `public_id` names their thread; only a key opens it.

    `subject` is who the shop's signature says they are; empty for anonymous ones. `email` is what they typed
    (claimed) or what the shop signed: `email_signed` tells which. `traits` are what else the shop signed of them: text
    by name.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="visitors", db_index=False)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subject = models.CharField(max_length=200, blank=True, default="")
    identity = models.ForeignKey(Identity, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=120, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")
    email_signed = models.BooleanField(default=False)
    language = models.CharField(max_length=8, blank=True, default="")
    traits = models.JSONField(default=dict, db_default={})
    blocked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "subject"], name="visitor_subject", condition=~Q(subject="")),
        ]

    def __str__(self) -> str:
        return f"visitor {self.thread}"

    @property
    def thread(self) -> str:
        """The name of their conversations, and of their identity."""
        return self.public_id.hex

    @property
    def called(self) -> str:
        return self.name or f"Visitor {self.thread[:4].upper()}"


class VisitorKey(models.Model):
    """A browser that may speak for a visitor: the hash of a secret it made itself and never shows to the shop."""

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="keys")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"key of {self.visitor_id}"


class BlockedAddress(models.Model):
    """An address from which nobody unknown may begin a chat until then, since a visitor there was blocked: a keyed
    hash of it (of IPv6 its /64), of which nothing can be read."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="blocked_addresses")
    digest = models.CharField(max_length=64)
    until = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "digest"], name="blockedaddress_once")]
        verbose_name_plural = "blocked addresses"

    def __str__(self) -> str:
        return f"blocked until {self.until}"


class UsedToken(models.Model):
    """A signed identity that was used: the same one proves nothing to another browser, nor to the same one once that
    was forgotten (no `digest`). Swept once expired."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    jti = models.CharField(max_length=128)
    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "jti"], name="usedtoken_once")]
        indexes = [models.Index(fields=["digest"], name="usedtoken_by_browser")]

    def __str__(self) -> str:
        return self.jti


class Round(models.Model):
    """One chat of a ticket, from the visitor's words to its end: how it ended, and what they said of it then.

    `number` is that of the ticket's period. `ended_sequence` is how many messages had come from outside when it
    ended: with the next one it goes on. The score is 1 (very bad) to 5 (very good).
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="chat_rounds", db_index=False)
    number = models.SmallIntegerField()
    ended_at = models.DateTimeField(null=True)
    ended_sequence = models.IntegerField(null=True)
    score = models.SmallIntegerField(null=True)
    comment = models.CharField(max_length=500, blank=True, default="")
    rated_at = models.DateTimeField(null=True)
    transcript_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "number"], name="chatround_number")]

    def __str__(self) -> str:
        return f"chat {self.number} of #{self.ticket_id}"


class Greeting(models.Model):
    """What the widget says of itself on some pages. Zero or empty conditions do not count.

    `path` is a pattern of the page's path (`/cart*`); `min_cart` is in whole units of the shop's currency; `hours` is
    when it may be said; `again_hours` how long it then stays silent in that browser.
    """

    class Hours(models.TextChoices):
        ANY = "", _("At any time")
        OPEN = "open", _("While somebody is there")
        CLOSED = "closed", _("While nobody is there")

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="greetings")
    name = models.CharField(max_length=80)
    texts = models.JSONField(default=dict)
    path = models.CharField(max_length=200, blank=True, default="")
    after_seconds = models.IntegerField(default=10)
    min_cart = models.IntegerField(default=0)
    returning = models.BooleanField(default=False)
    hours = models.CharField(max_length=8, choices=Hours.choices, blank=True, default="")
    again_hours = models.IntegerField(default=24)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    def text(self, language: str) -> str:
        """In this language, else in English, else in whichever there is."""
        return self.texts.get(language) or self.texts.get("en") or next(iter(self.texts.values()), "")


class UnseenReplies(models.Model):
    """A visitor has replies they may not have seen; at `due_at`, or once they are gone, those go by mail. What `waits`
    goes at `due_at` at the earliest, whether they are gone or not."""

    class Waits(models.TextChoices):
        NOT = "", "no"
        GATHERS = "gathers", "they got a mail today"
        LIMIT = "limit", "their address got its mails of today"
        ADDRESS = "address", "no address is known"
        CHANNEL = "channel", "no mail channel is there"

    visitor = models.OneToOneField(Visitor, on_delete=models.CASCADE, primary_key=True, related_name="unseen")
    since = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    waits = models.CharField(max_length=8, choices=Waits.choices, blank=True, default="", db_default="")

    class Meta:
        verbose_name_plural = "unseen replies"

    def __str__(self) -> str:
        return f"unseen by {self.visitor_id} since {self.since}"
