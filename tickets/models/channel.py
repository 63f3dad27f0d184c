"""One configured way in and out: support@, the shop's widget, a phone line."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from people.models import Brand, Team


class ChannelKind(models.TextChoices):
    """The kinds the spine itself knows; the others are registered (`tickets.kinds`)."""

    EMAIL = "email", _("Email")


class ChannelHealth(models.TextChoices):
    OK = "ok", _("Working")
    FAILING = "failing", _("Failing")


class Channel(models.Model):
    """`address` is what customers write to; new tickets land in `team`. A ticket's brand is its channel's."""

    kind = models.CharField(max_length=16, default=ChannelKind.EMAIL)
    name = models.CharField(_("name"), max_length=80, unique=True)
    address = models.CharField(_("address"), max_length=320)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="channels")
    brand = models.ForeignKey(
        Brand, null=True, blank=True, on_delete=models.SET_NULL, related_name="channels", db_index=False
    )
    locale = models.CharField(_("language"), max_length=8, default="en")
    signature = models.TextField(_("signature"), blank=True, default="")
    signature_html = models.TextField(blank=True, default="", db_default="")
    quotes = models.BooleanField(_("quote what is answered"), default=True)
    acknowledges = models.BooleanField(_("acknowledge new tickets"), default=False)
    acknowledgement = models.TextField(_("text of the acknowledgement"), blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    # What is done with card numbers, documents, passwords and keys in its messages: a `SecretManner`.
    secrets = models.CharField(max_length=6, default="mask", db_default="mask")
    capabilities = models.JSONField(default=dict, blank=True)
    # Sending, and whatever concerns both ways. Fetching has its own: mail that goes out mends nothing there.
    health = models.CharField(max_length=8, choices=ChannelHealth.choices, default=ChannelHealth.OK)
    health_detail = models.TextField(blank=True, default="")
    receive_health = models.CharField(
        max_length=8, choices=ChannelHealth.choices, default=ChannelHealth.OK, db_default="ok"
    )
    receive_detail = models.TextField(blank=True, default="", db_default="")
    last_received_at = models.DateTimeField(null=True)
    last_sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["kind", "address"], name="channel_address")]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_name(self) -> str:
        """What customers read: the brand's name where it has one, else its own."""
        return self.brand.name if self.brand else self.name

    @property
    def shop_name(self) -> str:
        """Whose shop it is to customers: its brand's name, the one the house was given, else what it calls itself in
        its mails. The product's own name tells them nothing."""
        named = settings.SHOP_NAME != settings.PRODUCT_NAME
        return str(settings.SHOP_NAME) if named and not self.brand else self.shown_name

    @property
    def overall_health(self) -> str:
        """Failing when either way does."""
        failing = ChannelHealth.FAILING in (self.health, self.receive_health)
        return (ChannelHealth.FAILING if failing else ChannelHealth.OK).value
