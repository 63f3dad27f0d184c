"""A mail channel's contact form."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tickets.models import Channel


class ContactForm(models.Model):
    """`key` stands in the form's address. `origins` are pages that may show it in a frame; none: only the page itself.
    `fields` are the numbers of the shop's own fields it asks. `refused` counts what the guard turned away."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="contact_form")
    key = models.CharField(max_length=32, unique=True)
    is_active = models.BooleanField(_("Takes messages"), default=True)
    origins = models.JSONField(default=list)
    fields = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    greeting = models.CharField(_("Greeting"), max_length=300, blank=True, default="")
    refused = models.IntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"contact form of channel {self.channel_id}"
