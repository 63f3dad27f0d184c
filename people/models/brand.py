"""A shop as its customers know it. A company that runs several has one for each; the channels of each belong to it."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Brand(models.Model):
    """`name` is what customers read; `color` is `#rrggbb` or "" for the product's own; `locale` is the language of
    whoever asks for none of ours; `url` is the shop's own address. `signature` stands where a channel has none;
    `logo_key` is the key of its picture."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    color = models.CharField(_("colour"), max_length=7, blank=True, default="")
    locale = models.CharField(_("language"), max_length=8, blank=True, default="")
    url = models.CharField(_("web address"), max_length=300, blank=True, default="")
    review_url = models.CharField(_("where promoters may review it"), max_length=300, blank=True, default="")
    signature = models.TextField(_("signature"), blank=True, default="")
    signature_html = models.TextField(blank=True, default="")
    logo_key = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class BrandLogo(models.Model):
    """A brand's picture in our own encoding, some kilobytes. Another picture has another key, so a key may be kept by
    whoever fetched it; the row stands apart so that nobody reads the bytes with the name."""

    key = models.UUIDField(primary_key=True)
    brand = models.OneToOneField(Brand, on_delete=models.CASCADE, related_name="+")
    content = models.BinaryField()
    content_type = models.CharField(max_length=40)

    def __str__(self) -> str:
        return str(self.key)
