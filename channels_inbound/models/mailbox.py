"""IMAP mailboxes: how to get in, how far we are, what was fetched."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tickets.models import Channel

from .raw import RawDelivery


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

    holds_credentials = True

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="mailboxes")
    is_active = models.BooleanField(_("active"), default=True)
    host = models.CharField(_("server"), max_length=253)
    port = models.PositiveIntegerField(_("port"), default=993)
    security = models.CharField(
        _("encryption"), max_length=8, choices=MailboxSecurity.choices, default=MailboxSecurity.TLS
    )
    username = models.CharField(_("user name"), max_length=320)
    auth = models.CharField(_("sign-in"), max_length=8, choices=MailboxAuth.choices, default=MailboxAuth.PASSWORD)
    authorize_url = models.CharField(_("sign-in page"), max_length=300, blank=True, default="", db_default="")
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
    # Somebody wants it fetched once more: so far only its header could be had.
    wanted_again = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailbox", "epoch", "uid"], name="fetchedmail_once")]
        indexes = [
            models.Index(fields=["mailbox", "digest"], name="fetchedmail_digest"),
            models.Index(fields=["mailbox", "uid"], name="fetchedmail_owed", condition=models.Q(action_owed=True)),
            models.Index(fields=["mailbox", "uid"], name="fetchedmail_again", condition=models.Q(wanted_again=True)),
        ]

    def __str__(self) -> str:
        return f"UID {self.uid} of mailbox {self.mailbox_id}"
