"""What came in, byte for byte, before anyone understood it."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tickets.models import Channel, Message


class RawState(models.TextChoices):
    STORED = "stored", _("Waiting to be read")
    INGESTED = "ingested", _("Read")
    DUPLICATE = "duplicate", _("Seen before")
    IGNORED = "ignored", _("Ignored")
    QUARANTINED = "quarantined", _("Could not be read")


class RawDelivery(models.Model):
    """One delivery as a provider made it: stored and committed before we say yes, kept whatever comes of it.

    `transport_key` names the delivery itself (for mail: sha256 of the bytes, or mailbox, UIDVALIDITY and UID),
    so that a sender who did not hear our yes and tries again is the same delivery.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="raw_deliveries", db_index=False)
    transport = models.CharField(max_length=16)
    transport_key = models.CharField(max_length=128)
    trace_id = models.CharField(max_length=32, blank=True, default="")
    received_at = models.DateTimeField(db_default=Now())
    # {"mail_from": "", "rcpt_tos": [...], "peer": ...}: what the transport said, not the message
    envelope = models.JSONField(default=dict)
    size = models.IntegerField()
    state = models.CharField(max_length=12, choices=RawState.choices, default=RawState.STORED, db_default="stored")
    reason = models.CharField(max_length=500, blank=True, default="", db_default="")
    attempts = models.SmallIntegerField(default=0, db_default=0)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="raw_deliveries")

    class Meta:
        verbose_name_plural = "raw deliveries"
        constraints = [models.UniqueConstraint(fields=["channel", "transport_key"], name="rawdelivery_once")]
        indexes = [
            models.Index(fields=["id"], name="rawdelivery_waiting", condition=models.Q(state="stored")),
            models.Index(fields=["-id"], name="rawdelivery_quarantine", condition=models.Q(state="quarantined")),
        ]

    def __str__(self) -> str:
        return f"{self.transport} delivery {self.pk}: {self.state}"


class RawBody(models.Model):
    """The bytes of a delivery, apart so that nothing else ever reads past them."""

    delivery = models.OneToOneField(RawDelivery, on_delete=models.CASCADE, primary_key=True, related_name="body")
    content = models.BinaryField()

    class Meta:
        verbose_name_plural = "raw bodies"

    def __str__(self) -> str:
        return f"bytes of delivery {self.delivery_id}"


class DemoMail(models.Model):
    """A mail that went out while no outgoing server is set: shown on the demo mailbox page, nowhere else."""

    message = models.ForeignKey(Message, null=True, on_delete=models.CASCADE, related_name="+")
    attempt = models.SmallIntegerField(default=0)
    sent_at = models.DateTimeField(db_default=Now())
    mail_from = models.CharField(max_length=320)
    rcpt_tos = models.JSONField(default=list)
    subject = models.CharField(max_length=500, blank=True, default="")
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "attempt"], name="demomail_once", condition=models.Q(message__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class MailboxSecurity(models.TextChoices):
    TLS = "tls", _("TLS (port 993)")
    STARTTLS = "starttls", _("STARTTLS (port 143)")
    NONE = "none", _("None (this machine only)")


class MailboxAuth(models.TextChoices):
    PASSWORD = "password", _("Password")
    OAUTH = "oauth", _("OAuth 2 (Google, Microsoft)")


class AfterFetch(models.TextChoices):
    LEAVE = "leave", _("Leave it as it is")
    SEEN = "seen", _("Mark it as read")
    MOVE = "move", _("Move it to another folder")


class StartFrom(models.TextChoices):
    NEW = "new", _("Only mail from now on")
    DAYS = "days", _("Also mail of the last days")
    EVERYTHING = "everything", _("Everything in the folder")


class MailboxState(models.TextChoices):
    NEW = "new", _("Not looked at yet")
    OK = "ok", _("Working")
    RETRYING = "retrying", _("Trying again")
    REFUSED = "refused", _("Needs an admin")


class Mailbox(models.Model):
    """One IMAP folder a mail channel takes its mail from: how to get in, how far we are, who is at it, how it goes.

    The cursor is (uidvalidity, last_uid). `epoch` counts how often the server numbered the folder anew, so that a
    number used twice is never taken for the same mail. While `since` is set, a window of older mail is still being
    gone through; at its end `floor_uid` says up to where nobody needs to look again.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="mailboxes")
    is_active = models.BooleanField(_("active"), default=True)
    host = models.CharField(_("server"), max_length=253)
    port = models.PositiveIntegerField(_("port"), default=993)
    security = models.CharField(
        _("encryption"), max_length=8, choices=MailboxSecurity.choices, default=MailboxSecurity.TLS
    )
    username = models.CharField(_("user name"), max_length=320)
    auth = models.CharField(_("sign-in"), max_length=8, choices=MailboxAuth.choices, default=MailboxAuth.PASSWORD)
    token_url = models.CharField(_("token address"), max_length=300, blank=True, default="")
    client_id = models.CharField(_("client id"), max_length=300, blank=True, default="")
    scope = models.CharField(_("scope"), max_length=300, blank=True, default="")
    # Encrypted by `credentials.py`; {"password"} or {"client_secret", "refresh_token", "access_token", "expires_at"}.
    secret = models.TextField(editable=False)
    folder = models.CharField(_("folder"), max_length=200, default="INBOX")
    after_fetch = models.CharField(
        _("once fetched"), max_length=8, choices=AfterFetch.choices, default=AfterFetch.LEAVE
    )
    move_to = models.CharField(_("move to"), max_length=200, blank=True, default="")
    start_from = models.CharField(_("start with"), max_length=12, choices=StartFrom.choices, default=StartFrom.NEW)
    start_days = models.PositiveSmallIntegerField(_("days"), default=7)
    backlog_historic = models.BooleanField(_("older mail is history"), default=True)
    use_idle = models.BooleanField(_("hear of new mail at once"), default=True)
    poll_seconds = models.PositiveIntegerField(_("look every (seconds)"), default=60)
    # Counts changes of the lines above: whoever fetches under an older one stops and starts anew.
    version = models.IntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    epoch = models.IntegerField(default=0)
    uidvalidity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    floor_uid = models.BigIntegerField(default=0)
    since = models.DateTimeField(null=True)
    caught_up_at = models.DateTimeField(null=True)
    stalls = models.SmallIntegerField(default=0)

    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    next_look_at = models.DateTimeField(db_default=Now())

    state = models.CharField(max_length=8, choices=MailboxState.choices, default=MailboxState.NEW)
    trouble = models.CharField(max_length=16, blank=True, default="")
    trouble_detail = models.CharField(max_length=500, blank=True, default="")
    failures = models.IntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    last_look_at = models.DateTimeField(null=True)
    last_mail_at = models.DateTimeField(null=True)
    renumbered_at = models.DateTimeField(null=True)
    action_trouble = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        verbose_name_plural = "mailboxes"
        ordering = ["channel__name", "id"]
        constraints = [models.UniqueConstraint(fields=["host", "port", "username", "folder"], name="mailbox_once")]

    def __str__(self) -> str:
        return f"{self.username} at {self.host}, {self.folder}"


class FetchedMail(models.Model):
    """A mail of a mailbox that is ours: where it stood, what it was, and whether it is still to be marked or moved."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="fetched", db_index=False)
    epoch = models.IntegerField()
    uid = models.BigIntegerField()
    digest = models.BinaryField(max_length=32)
    delivery = models.ForeignKey(RawDelivery, null=True, on_delete=models.SET_NULL, related_name="+")
    action_owed = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailbox", "epoch", "uid"], name="fetchedmail_once")]
        indexes = [
            models.Index(fields=["mailbox", "digest"], name="fetchedmail_digest"),
            models.Index(fields=["mailbox", "uid"], name="fetchedmail_owed", condition=models.Q(action_owed=True)),
        ]

    def __str__(self) -> str:
        return f"UID {self.uid} of mailbox {self.mailbox_id}"


class ConnectionState(models.TextChoices):
    NEW = "new", _("Nothing received yet")
    OK = "ok", _("Working")
    TROUBLE = "trouble", _("Trying again")
    REFUSED = "refused", _("Needs an admin")


class Connection(models.Model):
    """What a provider's channel needs beside the channel itself: its secret address, credentials, and how it goes.

    `key` stands in the webhook's address, so that one who does not know it cannot even knock. `secret` is encrypted
    by `credentials.py` and goes to no page.
    """

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="connection")
    key = models.CharField(max_length=40, unique=True)
    provider = models.CharField(max_length=24)
    account = models.CharField(max_length=128, blank=True, default="")
    settings = models.JSONField(default=dict, blank=True)
    secret = models.TextField(editable=False)
    verify_token = models.CharField(max_length=64)
    secret_changed_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=8, choices=ConnectionState.choices, default=ConnectionState.NEW)
    trouble = models.CharField(max_length=500, blank=True, default="")
    trouble_at = models.DateTimeField(null=True)
    last_hook_at = models.DateTimeField(null=True)
    last_refused_at = models.DateTimeField(null=True)
    refused = models.IntegerField(default=0, db_default=0)
    # Nothing is sent before this moment: the provider asked us to slow down.
    quiet_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"connection of channel {self.channel_id}"


class SentPart(models.Model):
    """One piece of a reply as the provider took it: a long text goes in several, each file is one."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.SmallIntegerField()
    parts = models.SmallIntegerField()
    external_id = models.CharField(max_length=255)
    sent_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    failed = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="sentpart_once"),
            models.UniqueConstraint(fields=["channel", "external_id"], name="sentpart_external"),
        ]

    def __str__(self) -> str:
        return f"part {self.number} of message {self.message_id}"


class ParkedFact(models.Model):
    """Something said about a message that is not here yet: applied when it comes, dropped after a day."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=16)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    parked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "external_id", "kind", "at"], name="parkedfact_once")]
        indexes = [models.Index(fields=["parked_at"], name="parkedfact_age")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.external_id}"


class FetchState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Fetched")
    FAILED = "failed", _("Could not be fetched")


class RemoteMedia(models.Model):
    """A file of a message that still lies at the provider; fetched by a worker as soon as may be."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="remote_media", db_index=False)
    number = models.SmallIntegerField()
    ref = models.JSONField()
    filename = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=8, choices=FetchState.choices, default=FetchState.WAITING)
    attempts = models.SmallIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        verbose_name_plural = "remote media"
        constraints = [models.UniqueConstraint(fields=["message", "number"], name="remotemedia_once")]
        indexes = [
            models.Index(fields=["next_try_at"], name="remotemedia_waiting", condition=models.Q(state="waiting"))
        ]

    def __str__(self) -> str:
        return f"file {self.number} of message {self.message_id}: {self.state}"


class OutgoingSecurity(models.TextChoices):
    TLS = "tls", _("TLS (port 465)")
    STARTTLS = "starttls", _("STARTTLS (port 587)")
    NONE = "none", _("None (this machine only)")


class OutgoingState(models.TextChoices):
    NEW = "new", _("Not used yet")
    OK = "ok", _("Working")
    FAILING = "failing", _("Failing")


class OutgoingServer(models.Model):
    """One SMTP server a channel's mail leaves by. The lowest `position` is tried first, the next when it cannot be
    used at all; a server that could not is passed over until `quiet_until`."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="outgoing_servers")
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(_("active"), default=True)
    host = models.CharField(_("server"), max_length=253)
    port = models.PositiveIntegerField(_("port"), default=587)
    security = models.CharField(
        _("encryption"), max_length=8, choices=OutgoingSecurity.choices, default=OutgoingSecurity.STARTTLS
    )
    username = models.CharField(_("user name"), max_length=320, blank=True, default="")
    auth = models.CharField(_("sign-in"), max_length=8, choices=MailboxAuth.choices, default=MailboxAuth.PASSWORD)
    token_url = models.CharField(_("token address"), max_length=300, blank=True, default="")
    client_id = models.CharField(_("client id"), max_length=300, blank=True, default="")
    scope = models.CharField(_("scope"), max_length=300, blank=True, default="")
    # Encrypted by `credentials.py`, as a mailbox's; empty for a server that lets us in without.
    secret = models.TextField(editable=False, blank=True, default="")
    state = models.CharField(max_length=8, choices=OutgoingState.choices, default=OutgoingState.NEW)
    trouble = models.CharField(max_length=300, blank=True, default="")
    failures = models.IntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    quiet_until = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "host", "port", "username"], name="outgoingserver_once")
        ]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class DomainPace(models.Model):
    """How fast mail goes to one domain: what was sent in the running minute, and until when it wants none."""

    domain = models.CharField(max_length=253, primary_key=True)
    minute = models.DateTimeField()
    sent = models.IntegerField(default=0)
    paused_until = models.DateTimeField(null=True, db_index=True)
    streak = models.SmallIntegerField(default=0)
    detail = models.CharField(max_length=300, blank=True, default="")

    def __str__(self) -> str:
        return self.domain
