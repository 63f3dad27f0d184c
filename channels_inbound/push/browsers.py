"""Which browsers are told: subscribing, letting go, and the key that names us."""

from __future__ import annotations

from datetime import datetime

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.credentials import decrypt, encrypt
from channels_inbound.models import PushKey, PushSubscription
from people.egress import EgressError, is_loopback
from people.http_client import Unreachable, parsed
from people.models import Agent
from tickets.errors import InvalidInput

from .crypto import BadKey, b64, check_browser_keys, new_private_key, public_bytes

MOST_BROWSERS = 10
LONGEST_ENDPOINT = 1000


def our_key() -> tuple[str, ec.EllipticCurvePrivateKey]:
    """(public, private) key, made the first time. CredentialsError where secrets cannot be kept."""
    row = PushKey.objects.filter(pk=1).first()
    if row is None:
        made = new_private_key()
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        values = {"public": b64(public_bytes(made)), "secret": encrypt({"pem": pem})}
        row, _made = PushKey.objects.get_or_create(pk=1, defaults=values)
    private = serialization.load_pem_private_key(decrypt(row.secret)["pem"].encode(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return row.public, private


def subscribe_browser(
    *,
    by: Agent,
    endpoint: str,
    p256dh: str,
    auth: str,
    session_key: str,
    shows_subject: bool,
    at: datetime | None = None,
) -> PushSubscription:
    """Tell this browser from now on, as the agent's. A browser that was somebody else's is theirs no longer."""
    _check_endpoint(endpoint)
    try:
        check_browser_keys(p256dh, auth)
    except BadKey as error:
        raise InvalidInput("keys", _("The browser gave no usable keys.")) from error
    values = {
        "agent": by, "p256dh": p256dh, "auth": auth, "session_key": session_key, "shows_subject": shows_subject,
        "failures": 0,
    }  # fmt: skip
    with transaction.atomic():
        fresh = {**values, "created_at": at or timezone.now()}
        row, _new = PushSubscription.objects.update_or_create(endpoint=endpoint, defaults=values, create_defaults=fresh)
        kept = PushSubscription.objects.filter(agent=by).order_by("-pk").values_list("pk", flat=True)[:MOST_BROWSERS]
        PushSubscription.objects.filter(agent=by).exclude(pk__in=list(kept)).delete()
    return row


def forget_browser(*, by: Agent, endpoint: str) -> bool:
    """Tell it no more; False when it was not told as this agent's."""
    known = PushSubscription.objects.filter(agent=by, endpoint=endpoint)
    return _is_plain(endpoint) and bool(known.delete()[0])


def _is_plain(endpoint: str) -> bool:
    """Of ASCII without control characters, of which the database would not even look for a NUL."""
    return endpoint.isascii() and endpoint.isprintable()


def _check_endpoint(endpoint: str) -> None:
    """An https address of some push service; plain http only on this machine. Where it leads is judged at each call."""
    try:
        place = parsed(endpoint)
        near = place.scheme == "https" or is_loopback(place.hostname or "")
    except (Unreachable, EgressError) as error:
        raise InvalidInput("endpoint", _("The browser gave no usable address.")) from error
    if not near or len(endpoint) > LONGEST_ENDPOINT or not _is_plain(endpoint):
        raise InvalidInput("endpoint", _("The browser gave no usable address."))
