"""The keys a domain's mail is signed with: made here, published by the admin, used once DNS shows them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.credentials import CredentialsError, decrypt, encrypt
from channels_inbound.email.dkim_sign import SigningKey, new_private_key, public_part, record_of
from channels_inbound.email.headers_out import wire_address
from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.models import DkimKey
from channels_inbound.outgoing.dns import DnsUnreachable, Lookup
from events.ledger import record_event
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput, NotFound
from tickets.models import Channel


class Published(StrEnum):
    """What DNS says of a key of ours."""

    OURS = "ours"
    OTHER = "other"
    MISSING = "missing"
    UNKNOWN = "unknown"


def sending_domain(address: str) -> str:
    """The domain of an address of ours, as DNS and headers take it."""
    return wire_address(address.lower()).rpartition("@")[2]


def keys_of(domain: str) -> list[DkimKey]:
    """The domain's keys: the one that signs first, then the newest."""
    found = DkimKey.objects.filter(domain=domain).order_by("-created_at", "-pk")
    return sorted(found, key=lambda key: key.signs_since is None)


def signing_key(domain: str) -> SigningKey | None:
    """What mail from the domain is signed with now. Raises CredentialsError when it cannot be opened."""
    key = DkimKey.objects.filter(domain=domain, signs_since__isnull=False).first()
    return SigningKey(domain, key.selector, decrypt(key.secret)["private_key"]) if key else None


def published(key: DkimKey, lookup: Lookup) -> Published:
    """Whether its record is to be found, and is ours."""
    try:
        texts = lookup(key.name, "TXT")
    except DnsUnreachable:
        return Published.UNKNOWN
    found = [part for part in map(public_part, texts) if part is not None]
    if not found:
        return Published.MISSING
    # Of two records receivers take any.
    return Published.OURS if set(found) == {public_part(key.record)} else Published.OTHER


def add_key(channel: Channel, *, by: Agent, at: datetime | None = None) -> DkimKey:
    """A new key for the domain of the channel. It does not sign yet; one that waits already is given back."""
    _check(by)
    at, domain = at or timezone.now(), sending_domain(channel.address)
    private_key = new_private_key()  # takes a moment: nothing is locked meanwhile
    try:
        secret = encrypt({"private_key": private_key})
    except CredentialsError as error:
        raise InvalidInput("key", str(error)) from None
    with transaction.atomic():
        lock_channel(channel.pk)
        waiting = DkimKey.objects.filter(domain=domain, signs_since=None).first()
        if waiting is not None:
            return waiting
        selector = _free_selector(domain, at)
        key = DkimKey.objects.create(domain=domain, selector=selector, secret=secret, record=record_of(private_key))
        _record(channel, ChannelEvent.DKIM_ADDED, key, by=by, at=at)
    return key


def start_signing(
    channel: Channel, key_id: int, *, by: Agent, lookup: Lookup | None, at: datetime | None = None
) -> DkimKey:
    """Sign with this key from now on, and forget the one before. InvalidInput while DNS shows no record, or another;
    where nobody can be asked (`lookup` is None, or no answer) the admin is believed."""
    _check(by)
    at, key = at or timezone.now(), _find(channel, key_id)
    state = published(key, lookup) if lookup else Published.UNKNOWN
    if state in (Published.MISSING, Published.OTHER):
        raise InvalidInput("key", _("DNS does not show this record yet. Changes may take some hours to be seen."))
    try:
        with transaction.atomic():
            lock_channel(channel.pk)
            same = {row.pk: row for row in DkimKey.objects.select_for_update().filter(domain=key.domain).order_by("pk")}
            if key_id not in same:
                raise NotFound(_("There is no such key."))
            key = same[key_id]
            if key.signs_since is None:
                old = [row.selector for row in same.values() if row.signs_since]
                DkimKey.objects.filter(domain=key.domain, signs_since__isnull=False).delete()
                key.signs_since = at
                key.save(update_fields=["signs_since"])
                _record(channel, ChannelEvent.DKIM_STARTED, key, by=by, at=at, instead_of=old, dns=state.value)
    except IntegrityError:
        raise InvalidInput("key", _("Somebody else is changing this key. Look again.")) from None
    return key


def remove_key(channel: Channel, key_id: int, *, by: Agent, at: datetime | None = None) -> None:
    """Sign with it no more, and forget it."""
    _check(by)
    with transaction.atomic():
        lock_channel(channel.pk)
        key = _find(channel, key_id)
        _record(channel, ChannelEvent.DKIM_REMOVED, key, by=by, at=at or timezone.now())
        key.delete()


def _check(by: Agent) -> None:
    if not (by.is_active and by.may(Permission.MANAGE_CHANNELS)):
        raise PermissionDenied(_("Your role does not allow this."))


def _find(channel: Channel, key_id: int) -> DkimKey:
    key = DkimKey.objects.filter(pk=key_id, domain=sending_domain(channel.address)).first()
    if key is None:
        raise NotFound(_("There is no such key."))
    return key


def _free_selector(domain: str, at: datetime) -> str:
    """One that says when, and was not used for another key of the domain: receivers remember old records."""
    taken: Iterable[str] = DkimKey.objects.filter(domain=domain).values_list("selector", flat=True)
    return next(name for name in (f"desk{at:%Y%m%d%H%M%S}{letter}" for letter in ("", *"bcdefgh")) if name not in taken)


def _record(channel: Channel, kind: ChannelEvent, key: DkimKey, *, by: Agent, at: datetime, **data: Any) -> None:
    record_event(
        channel_stream(channel.pk), kind, by=by.actor, at=at,
        data={"key": key.pk, "domain": key.domain, "selector": key.selector} | data,
    )  # fmt: skip
