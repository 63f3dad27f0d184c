"""Brands, as admins keep them, and which channels belong to each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from events.audit import note_setting
from events.ledger import record_event
from people.brands import uses_of
from people.colours import is_color
from people.languages import LANGUAGES
from people.models import Agent, Brand
from people.permissions import Permission
from people.signatures import unknown_variables, unknown_words, written_signature
from tickets.errors import InvalidInput, NotFound
from tickets.events import BrandEvent
from tickets.models import Channel

from .base import require

STREAM = "brand"
LONGEST = 60
MOST = 50


@dataclass(frozen=True, slots=True)
class BrandSaid:
    """What is said of a brand, as the row has it."""

    name: str
    color: str = ""
    locale: str = ""
    url: str = ""
    review_url: str = ""
    signature: str = ""
    signature_html: str = ""


def save_brand(
    brand_id: int | None, said: BrandSaid, *, by: Agent, channels: Collection[int] | None = (),
    at: datetime | None = None,
) -> Brand:  # fmt: skip
    """Make a brand or change it. `channels` are all that belong to it from then on: one that belonged to another comes
    over, one that is left out belongs to none; None leaves them as they are. Saving what is there already changes
    nothing."""
    require(by, Permission.MANAGE_CHANNELS)
    try:
        with transaction.atomic():
            brand = lock_brand(brand_id) if brand_id else _new()
            _save(brand, said, None if channels is None else frozenset(channels), by=by, at=at or timezone.now())
    except IntegrityError:  # another of this name at the same moment
        raise InvalidInput("name", _("Another brand has this name.")) from None
    return brand


def _save(brand: Brand, said: BrandSaid, channels: frozenset[int] | None, *, by: Agent, at: datetime) -> None:
    wanted = _wanted(said, brand)
    moved = [] if channels is None else _channels(brand, channels)
    changed = [name for name, value in wanted.items() if getattr(brand, name) != value]
    made = brand.pk is None
    if not (made or changed or moved):
        return
    if not made:
        before = {name: getattr(brand, name) for name in changed}
        note_setting(f"brand {brand.pk}", before, {name: wanted[name] for name in changed}, by=by.actor)
    for name in changed:
        setattr(brand, name, wanted[name])
    brand.save()
    for channel in moved:
        channel.brand = brand if channels and channel.pk in channels else None
    Channel.objects.bulk_update(moved, ["brand"])
    data = {"changed": changed, "moved": sorted(channel.pk for channel in moved), "channels": _of(brand)}
    _record(brand.pk, BrandEvent.MADE if made else BrandEvent.CHANGED, by=by, at=at, data=data)


def remove_brand(brand_id: int, *, by: Agent, at: datetime | None = None) -> None:
    """Take a brand away. Its channels then belong to none; what came by them stays. Refused as long as a policy or a
    survey names it. Removing it again changes nothing."""
    require(by, Permission.MANAGE_CHANNELS)
    with transaction.atomic():
        brand = Brand.objects.select_for_update().filter(pk=brand_id).first()
        if brand is None:
            return
        if named := uses_of(brand_id):
            raise InvalidInput(
                "brand", _("Change these first, they name the brand: %(names)s.") % {"names": ", ".join(named)}
            )
        data = {"name": brand.name, "channels": [], "moved": _of(brand)}
        brand.delete()
        _record(brand_id, BrandEvent.REMOVED, by=by, at=at or timezone.now(), data=data)


def _new() -> Brand:
    if Brand.objects.count() >= MOST:
        raise InvalidInput("name", _("These are too many brands."))
    return Brand()


def lock_brand(brand_id: int) -> Brand:
    """The brand, and nobody else at it until the transaction ends. NotFound where there is none."""
    brand = Brand.objects.select_for_update().filter(pk=brand_id).first()
    if brand is None:
        raise NotFound(_("There is no such brand."))
    return brand


def _wanted(said: BrandSaid, brand: Brand) -> dict[str, str]:
    values = {field.name: getattr(said, field.name).replace("\x00", "").strip() for field in fields(said)}
    values["name"] = _name(values["name"], brand)
    values["color"] = values["color"].lower()
    if values["color"] and not is_color(values["color"]):
        raise InvalidInput("color", _("Write a colour as #1f57d6."))
    if values["locale"] and values["locale"] not in LANGUAGES:
        raise InvalidInput("locale", _("We do not speak this language."))
    _require_address("url", values["url"], ["https", "http"])
    _require_address("review_url", values["review_url"], ["https"])
    kept = (brand.signature, brand.signature_html)
    text, html = written_signature(said.signature, said.signature_html, kept=kept)
    if unknown := unknown_variables(text + html):
        raise InvalidInput("signature", unknown_words(unknown))
    return values | {"signature": text, "signature_html": html}


def _name(name: str, brand: Brand) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST:
        raise InvalidInput("name", _("A name has 1 to 60 characters."))
    if Brand.objects.filter(name__iexact=name).exclude(pk=brand.pk).exists():
        raise InvalidInput("name", _("Another brand has this name."))
    return name


def _require_address(field: str, address: str, schemes: list[str]) -> None:
    if not address:
        return
    try:
        URLValidator(schemes=schemes)(address)
    except ValidationError:
        raise InvalidInput(field, _("This is not an address of a page.")) from None


def _channels(brand: Brand, wanted: frozenset[int]) -> list[Channel]:
    """Those that come or go, locked; all others stay where they are."""
    concerned = Q(pk__in=wanted) | Q(brand=brand.pk) if brand.pk else Q(pk__in=wanted)
    found = list(Channel.objects.select_for_update(no_key=True).filter(concerned).order_by("pk"))
    if wanted - {channel.pk for channel in found}:
        raise InvalidInput("channels", _("There is no such channel."))
    return [one for one in found if (one.pk in wanted) != (brand.pk is not None and one.brand_id == brand.pk)]


def _of(brand: Brand) -> list[int]:
    return sorted(Channel.objects.filter(brand=brand).values_list("pk", flat=True))


def _record(brand_id: int, kind: str, *, by: Agent, at: datetime, data: dict[str, Any]) -> None:
    record_event((STREAM, brand_id), kind, by=by.actor, at=at, data=data)
