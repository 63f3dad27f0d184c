"""A brand's logo: taken in our own encoding, so that what customers see is never what somebody sent."""

from __future__ import annotations

import io
import uuid
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.audit import note_setting
from events.ledger import record_event
from people.models import Agent, Brand, BrandLogo
from people.permissions import Permission
from people.sniff import sniff
from people.thumbs import NoPicture, make_picture
from tickets.errors import InvalidInput
from tickets.events import BrandEvent

from .base import require
from .brands import STREAM, lock_brand

MOST_BYTES = 2 * 1024 * 1024
TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
# Twice what is shown, for screens that draw finely.
BOUND = 320


def set_logo(brand_id: int, content: bytes, filename: str, *, by: Agent, at: datetime | None = None) -> Brand:
    """Show this picture with the brand's name. The same picture again changes nothing; InvalidInput for what is none,
    or larger than two megabytes."""
    require(by, Permission.MANAGE_CHANNELS)
    drawn, media_type = _drawn(content, filename)
    with transaction.atomic():
        brand = lock_brand(brand_id)
        kept = BrandLogo.objects.filter(brand=brand).first()
        if kept is None or bytes(kept.content) != drawn:
            key = uuid.uuid4()
            _replace(brand, key, by=by, at=at)
            BrandLogo.objects.create(key=key, brand=brand, content=drawn, content_type=media_type)
    return brand


def remove_logo(brand_id: int, *, by: Agent, at: datetime | None = None) -> Brand:
    """Show the name alone. Removing it again changes nothing."""
    require(by, Permission.MANAGE_CHANNELS)
    with transaction.atomic():
        brand = lock_brand(brand_id)
        if brand.logo_key is not None:
            _replace(brand, None, by=by, at=at)
    return brand


def _replace(brand: Brand, key: uuid.UUID | None, *, by: Agent, at: datetime | None) -> None:
    BrandLogo.objects.filter(brand=brand).delete()
    before = {"logo": str(brand.logo_key or "")}
    brand.logo_key = key
    brand.save(update_fields=["logo_key"])
    note_setting(f"brand {brand.pk}", before, {"logo": str(key or "")}, by=by.actor)
    data = {"changed": ["logo"], "moved": []}
    record_event((STREAM, brand.pk), BrandEvent.CHANGED, by=by.actor, at=at or timezone.now(), data=data)


def _drawn(content: bytes, filename: str) -> tuple[bytes, str]:
    if len(content) > MOST_BYTES or sniff(content, filename) not in TYPES:
        raise InvalidInput("file", _("Only PNG, JPEG and WebP pictures up to 2 MB."))
    try:
        return make_picture(io.BytesIO(content), bound=BOUND)
    except NoPicture:
        raise InvalidInput("file", _("This picture could not be read.")) from None
