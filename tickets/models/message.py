"""What was said: inbound, outbound and notes, their files, and the index that finds them."""

from __future__ import annotations

import uuid

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from people.models import Agent, Identity

from .conversation import Conversation
from .ticket import Ticket


class MessageKind(models.TextChoices):
    INBOUND = "inbound", _("From the customer")
    OUTBOUND = "outbound", _("Reply")
    NOTE = "note", _("Note")


class OutboxState(models.TextChoices):
    """Where a reply is on its way out. Only `queued` may be claimed; `unknown` and `held` need a person."""

    NONE = "", "-"
    QUEUED = "queued", _("Waiting to go out")
    HELD = "held", _("Held back")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    UNKNOWN = "unknown", _("Not known whether it arrived")
    FAILED = "failed", _("Not delivered")


class ThreadLayer(models.TextChoices):
    """Which rule put a message where it is."""

    NEW = "new", _("Opened a new ticket")
    TOKEN = "token", _("Our reply address")
    OWN_MESSAGE_ID = "own_message_id", _("Answers a mail of ours")
    KNOWN_MESSAGE_ID = "known_message_id", _("Refers to a mail of this thread")
    BODY_TOKEN = "body_token", _("Our mark in the quoted text")
    SUBJECT = "subject", _("Ticket number in the subject")
    BOUNCE = "bounce", _("Reports on a mail of ours")
    EXTERNAL_ID = "external_id", _("Same thread at the provider")
    AGENT = "agent", _("Written by an agent")
    AUTOMATIC = "automatic", _("Written by the helpdesk")


class AutoKind(models.TextChoices):
    NONE = "", "-"
    AUTO_REPLY = "auto_reply", _("Automatic reply")
    LIST = "list", _("Mailing list")
    BOUNCE = "bounce", _("Delivery report")
    OWN = "own", _("Our own mail coming back")
    RECEIPT = "receipt", _("Automatic acknowledgement")
    CALL = "call", _("Telephone call")
    SURVEY = "survey", _("Question to the customer")
    BOT = "bot", _("Automatic answer")
    ANSWER = "answer", _("Answer to our question")


# What we ourselves send without a person: nobody's answer, so it holds back nobody's.
OWN_AUTOMATIC = (AutoKind.RECEIPT, AutoKind.SURVEY)


class SenderVerdict(models.TextChoices):
    NONE = "none", _("Not checked")
    PASS = "pass", _("Sender verified")
    FAIL = "fail", _("Sender not genuine")


class Message(models.Model):
    """One message of a ticket; `sequence` counts 1, 2, 3 within it. For replies this row is the outbox.

    `quoted` and `signature` are [start, end) pairs in code points of `text`: marked, never deleted.
    `dedupe_key` is the identity of what came in (decision 8); `reply_token` the 128-bit secret of what goes out.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="messages", db_index=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    sequence = models.IntegerField()
    kind = models.CharField(max_length=8, choices=MessageKind.choices)
    # In whose history it is told, where a merge or split brought it here; null for the ticket's own.
    origin = models.ForeignKey(Ticket, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    identity = models.ForeignKey(
        Identity, null=True, on_delete=models.SET_NULL, related_name="messages", db_index=False
    )
    agent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="messages", db_index=False)
    at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    subject = models.CharField(max_length=500, blank=True, default="")
    text = models.TextField(blank=True, default="")
    html = models.TextField(blank=True, default="")
    html_version = models.SmallIntegerField(default=0)
    quoted = models.JSONField(default=list)
    language = models.CharField(max_length=8, blank=True, default="")
    external_id = models.CharField(max_length=255, blank=True, default="")
    dedupe_key = models.UUIDField(null=True, unique=True)
    reply_token = models.CharField(max_length=26, null=True, unique=True)
    thread_layer = models.CharField(max_length=20, choices=ThreadLayer.choices)
    thread_reason = models.CharField(max_length=200, blank=True, default="")
    auto_kind = models.CharField(max_length=12, choices=AutoKind.choices, blank=True, default="")
    verdict = models.CharField(max_length=4, choices=SenderVerdict.choices, default=SenderVerdict.NONE)
    pending = models.BooleanField(default=False)
    truncated = models.BooleanField(default=False)
    show_remote = models.BooleanField(default=False)
    # An agent said that too much or the wrong thing was folded away: `quoted` stays as it was, nobody folds by it.
    shown_whole = models.BooleanField(default=False, db_default=False)
    # {"from": {name,address}, "to": [...], "cc": [...], "bcc": [...], "reply_to": [...], "in_reply_to", "references"}
    envelope = models.JSONField(default=dict)
    # What happened to it since, as providers tell: {"delivered_at", "read_at", "edited_at", "edits": [{text, at}],
    # "unsent_at", "reactions": [{emoji, by, at}], "fetching"}
    marks = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    client_id = models.UUIDField(null=True, unique=True)
    outbox = models.CharField(max_length=9, choices=OutboxState.choices, blank=True, default="")
    not_before = models.DateTimeField(null=True)
    # The moment its author chose for it; null for what leaves at once.
    scheduled_for = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    handed_over_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True, default="")
    # What became of it for each recipient: see `tickets.deliveries`.
    deliveries = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "sequence"], name="message_sequence")]
        indexes = [
            models.Index(fields=["external_id"], name="message_external", condition=~models.Q(external_id="")),
            models.Index(fields=["not_before"], name="message_due", condition=models.Q(outbox="queued")),
            models.Index(fields=["lease_until"], name="message_leased", condition=models.Q(outbox="sending")),
            models.Index(
                fields=["ticket"],
                name="message_delivery_trouble",
                condition=models.Q(outbox__in=["failed", "unknown"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.sequence} of #{self.ticket_id}"


class Attachment(models.Model):
    """A file of a message. The bytes lie on storage under their hash; `content_type` is what they are, not what
    the sender says. `about` holds the few facts its card shows where it is more than a file:
    {"kind": "mail" | "invite" | "signed" | "encrypted", ...}."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    message = models.ForeignKey(Message, null=True, on_delete=models.CASCADE, related_name="attachments")
    uploaded_by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+", db_index=False)
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=127)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    content_id = models.CharField(max_length=255, blank=True, default="")
    inline = models.BooleanField(default=False)
    about = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], name="attachment_orphan", condition=models.Q(message=None)),
        ]

    def __str__(self) -> str:
        return self.filename


class SearchEntry(models.Model):
    """What full-text search reads: one narrow row a message, so that the index walk stays small.

    The index on `ticket` serves common words: tickets are walked newest first and their entries asked one by one.
    """

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="search")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+", db_index=False)
    vector = SearchVectorField()

    class Meta:
        indexes = [
            # A search reads the whole pending list, so it is kept short: about a thousand mails.
            GinIndex(fields=["vector"], name="search_vector", fastupdate=True, gin_pending_list_limit=1024),
            models.Index(fields=["ticket"], name="search_ticket"),
        ]

    def __str__(self) -> str:
        return f"search entry of message {self.message_id}"
