"""How mail leaves: by which servers, how fast, signed with which key."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tickets.models import Channel

from .mailbox import MailboxAuth


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

    holds_credentials = True

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
    authorize_url = models.CharField(_("sign-in page"), max_length=300, blank=True, default="", db_default="")
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


class DkimKey(models.Model):
    """A key our mail from a domain is signed with, once `signs_since` is set: at most one a domain signs. Its public
    half is to be published in DNS under the selector. Channels of the same domain share it."""

    holds_credentials = True

    domain = models.CharField(max_length=253)
    selector = models.CharField(max_length=63)
    # The value of the TXT record.
    record = models.CharField(max_length=1000)
    # Encrypted by `credentials.py`; {"private_key"}: PEM.
    secret = models.TextField(editable=False)
    created_at = models.DateTimeField(db_default=Now())
    signs_since = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "DKIM key"
        constraints = [
            models.UniqueConstraint(fields=["domain", "selector"], name="dkimkey_once"),
            models.UniqueConstraint(
                fields=["domain"], name="dkimkey_one_signs", condition=models.Q(signs_since__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Where its record stands."""
        return f"{self.selector}._domainkey.{self.domain}"
