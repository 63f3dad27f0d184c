"""What was found in a message and hidden from its words."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from .message import Message


class SecretKind(models.TextChoices):
    CARD = "card", _("Card number")
    IBAN = "iban", _("Bank account")
    DOCUMENT = "document", _("Identity document")
    PASSWORD = "password", _("Password")
    KEY = "key", _("Key")
    CHOSEN = "chosen", _("Text taken out")


class SecretManner(models.TextChoices):
    """What a channel does with what is found in its messages."""

    OFF = "off", _("Leave it as it is")
    MASK = "mask", _("Mask it, and show it to those who may")
    REDACT = "redact", _("Take it out for good")


class Secret(models.Model):
    """One thing that stood in a message, whose words have a mask in its place.

    `secret` holds it encrypted, {"value"}, for those who may see it; "" once it is gone for good. `ends` are its last
    characters, where they may stay. While `going`, it is still to be taken out of copies: the raw mail, quotes.
    """

    holds_credentials = True  # and so is encrypted anew when the keys change

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="secrets")
    kind = models.CharField(max_length=8, choices=SecretKind.choices)
    ends = models.CharField(max_length=4, blank=True, default="", db_default="")
    secret = models.TextField(blank=True, default="", db_default="")
    going = models.BooleanField(default=False, db_default=False)
    found_at = models.DateTimeField(db_default=Now())
    gone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["id"], name="secret_going", condition=models.Q(going=True))]

    def __str__(self) -> str:
        return f"{self.kind} in message {self.message_id}"
