"""What people do with shops: connect, change, remove; bring in a file. Each change one transaction, one event."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import uuid4

from django.core.files.storage import storages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.events import SHOP_STREAM, CommerceEvent
from commerce.facts import Unreadable, clean
from commerce.importing import FIELDS, REQUIRED, columns_of, guess_mapping
from commerce.models import ImportState, OrderImport, Shop, ShopKind
from commerce.streams import lock_shop
from events.audit import note_setting
from events.ledger import record_event
from people.credentials import CredentialsError, decrypt, encrypt
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput, NotFound

LARGEST_FILE = 512 * 1024 * 1024


def save_shop(shop_id: int | None, *, by: Agent, secret: str = "", **fields: Any) -> Shop:
    """Make or change a shop; an empty secret keeps the stored one, a new one leaves the old in force beside it.
    Saving what is there already changes nothing."""
    _may(by)
    with transaction.atomic():
        lock_shop(shop_id or 0)
        shop = shop_of(shop_id) if shop_id else Shop(key=secrets.token_hex(16))
        if shop_id and not secret and all(getattr(shop, name) == value for name, value in fields.items()):
            return shop
        if Shop.objects.filter(name=fields["name"]).exclude(pk=shop.pk).exists():
            raise InvalidInput("name", _("Another shop has this name."))
        if shop_id and fields["kind"] != shop.kind:
            raise InvalidInput("kind", _("The kind of a shop stays; connect another one."))
        if shop_id:
            note_setting(f"shop {shop.pk}", {name: getattr(shop, name) for name in fields}, fields, by=by.actor)
        for name, value in fields.items():
            setattr(shop, name, value)
        if secret:
            shop.secret = _with(shop, secret)
        if shop.kind != ShopKind.OTHER and not shop.secret:
            raise InvalidInput("secret", _("Without its secret no word of the shop could be believed."))
        shop.save()
        data = {"shop": shop.pk, "name": shop.name, "secret": bool(secret)}
        record_event((SHOP_STREAM, shop.pk), CommerceEvent.SHOP_SAVED, by=by.actor, at=timezone.now(), data=data)
    return shop


def _with(shop: Shop, secret: str) -> str:
    try:
        before = decrypt(shop.secret).get("secret", "") if shop.secret else ""
        return encrypt({"secret": secret, "before": before})
    except CredentialsError as error:
        raise InvalidInput("secret", str(error)) from None


def remove_shop(shop_id: int, *, by: Agent) -> None:
    """Switch a shop off and forget its secret. Its orders stay."""
    _may(by)
    with transaction.atomic():
        shop_of(shop_id)  # or a number that is none would reach the lock
        lock_shop(shop_id)
        shop = shop_of(shop_id)
        if not shop.is_active and not shop.secret:
            return
        note_setting(
            f"shop {shop.pk}",
            {"is_active": shop.is_active, "secret": 1},
            {"is_active": False, "secret": 0},
            by=by.actor,
        )
        shop.is_active, shop.secret = False, ""
        shop.save(update_fields=["is_active", "secret"])
        data = {"shop": shop.pk}
        record_event((SHOP_STREAM, shop.pk), CommerceEvent.SHOP_REMOVED, by=by.actor, at=timezone.now(), data=data)


def begin_import(shop_id: int, *, by: Agent, upload: UploadedFile) -> OrderImport:
    """Keep a file of orders and guess what its columns are; nothing is brought in yet."""
    _may(by)
    shop = shop_of(shop_id)
    if (upload.size or 0) > LARGEST_FILE:
        raise InvalidInput("file", _("The file is larger than %(size)d MB.") % {"size": LARGEST_FILE // 1024 // 1024})
    stored = storages["attachments"].save(f"imports/{uuid4().hex}.csv", upload)
    try:
        columns = columns_of(stored)
    except Unreadable:
        storages["attachments"].delete(stored)
        raise InvalidInput("file", _("Could not be read")) from None
    known = {field: name for field, name in shop.mapping.items() if name in columns}
    mapping = guess_mapping(columns) | known
    return OrderImport.objects.create(
        shop=shop, by=by, filename=clean(upload.name, 255), stored_as=stored, mapping=mapping
    )


def map_import(import_id: int, *, by: Agent, mapping: dict[str, str], start: bool) -> OrderImport:
    """Say which column is which, and start. Starting again what runs or is done changes nothing."""
    _may(by)
    with transaction.atomic():
        row = OrderImport.objects.select_for_update(of=("self",)).select_related("shop").filter(pk=import_id).first()
        if row is None:
            raise NotFound(_("There is no such file."))
        if row.state != ImportState.MAPPING:
            return row
        columns = columns_of(row.stored_as)
        row.mapping = {field: name for field, name in mapping.items() if field in FIELDS and name in columns}
        missing = [field for field in REQUIRED if field not in row.mapping]
        if start and missing:
            raise InvalidInput("mapping", _("Say which column is: %(fields)s.") % {"fields": ", ".join(missing)})
        if start:
            row.state = ImportState.WAITING
            lock_shop(row.shop_id)
            Shop.objects.filter(pk=row.shop_id).update(mapping=row.mapping)
            data = {"import": row.pk, "file": row.filename}
            stream = (SHOP_STREAM, row.shop_id)
            record_event(stream, CommerceEvent.IMPORT_STARTED, by=by.actor, at=timezone.now(), data=data)
        row.save(update_fields=["mapping", "state"])
    return row


def shop_of(shop_id: int) -> Shop:
    found = Shop.objects.filter(pk=shop_id).first()
    if found is None:
        raise NotFound(_("There is no such shop."))
    return found


def _may(by: Agent) -> None:
    if not by.may(Permission.MANAGE_SHOPS):
        raise PermissionDenied(_("Your role does not allow this."))
