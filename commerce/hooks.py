"""The one endpoint of all shops: verify the raw bytes, keep them, say yes. The rest is a worker's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from collections.abc import Sequence

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from commerce.models import Shop, ShopDelivery, ShopKind
from events.counters import count
from events.doorbell import ring
from events.rates import client_address, spend
from people.credentials import CredentialsError, decrypt

logger = logging.getLogger(__name__)
LARGEST = 3 * 1024 * 1024
# Bad signatures a minute from one address; more cost us no line in the log.
MOST_REFUSED = 60
# Counted for whoever watches.
REFUSED = "shop webhooks refused"


@csrf_exempt
@require_POST
def shop_hook(request: HttpRequest, key: str) -> HttpResponse:
    """A shop calls. 404 for an address that is none, 403 for whoever is not the shop, 413 for too much; 200 once it is
    committed, also for what was here before."""
    shop = Shop.objects.filter(key=key, is_active=True).exclude(kind=ShopKind.OTHER).first()
    if shop is None:
        return HttpResponse(status=404)
    body = request.read(LARGEST + 1)
    if len(body) > LARGEST:
        return HttpResponse(status=413)
    if shop.kind == ShopKind.WOOCOMMERCE and _is_ping(request, body):
        return HttpResponse(status=200)
    if not _is_signed(request, shop, body):
        wait = spend([(f"shop-refused:{shop.pk}:{client_address(request)}", MOST_REFUSED, 60)])
        if wait:
            return HttpResponse(status=429, headers={"Retry-After": str(wait)})
        count(REFUSED)
        logger.warning("shop webhook refused", extra={"shop": shop.pk})
        return HttpResponse(status=403)
    topic, dedupe = _named(request, shop, body)
    with transaction.atomic():
        row = ShopDelivery(shop=shop, dedupe_key=dedupe, topic=topic, body=body)
        ShopDelivery.objects.bulk_create([row], ignore_conflicts=True)
        ring("orders")
    return HttpResponse(status=200)


def _is_ping(request: HttpRequest, body: bytes) -> bool:
    """What WooCommerce sends, unsigned, when a webhook is made; it says nothing and must be answered with 200."""
    said = body.strip()
    return (
        request.content_type == "application/x-www-form-urlencoded"
        and said.startswith(b"webhook_id=")
        and (said[11:].isdigit() and len(said) < 40)
    )


def _is_signed(request: HttpRequest, shop: Shop, body: bytes) -> bool:
    """Whether one of the shop's secrets signs these very bytes. No secret, no header: no."""
    header = "X-Shopify-Hmac-Sha256" if shop.kind == ShopKind.SHOPIFY else "X-WC-Webhook-Signature"
    given = request.headers.get(header, "").encode("utf-8", "replace")
    if shop.kind == ShopKind.SHOPIFY and request.headers.get("X-Shopify-Shop-Domain", "").lower() != shop.address:
        return False
    found = False
    for secret in secrets_of(shop):
        expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
        found |= hmac.compare_digest(expected, given)
    return found


def secrets_of(shop: Shop) -> Sequence[str]:
    """The shop's secrets, newest first: while one is being changed the old one still signs."""
    try:
        said = decrypt(shop.secret) if shop.secret else {}
    except CredentialsError:
        logger.error("the secret of a shop cannot be opened", extra={"shop": shop.pk})
        return ()
    return [said[name] for name in ("secret", "before") if said.get(name)]


def _named(request: HttpRequest, shop: Shop, body: bytes) -> tuple[str, str]:
    """(topic, what makes this delivery one). WooCommerce's own delivery number repeats within a second."""
    if shop.kind == ShopKind.SHOPIFY:
        topic = request.headers.get("X-Shopify-Topic", "")[:64]
        event = request.headers.get("X-Shopify-Event-Id") or request.headers.get("X-Shopify-Webhook-Id", "")
        return topic, f"{event[:60]}:{topic}" if event else hashlib.sha256(topic.encode() + body).hexdigest()
    topic = request.headers.get("X-WC-Webhook-Topic", "")[:64]
    webhook = request.headers.get("X-WC-Webhook-ID", "")
    return topic, hashlib.sha256(f"{webhook}:{topic}:".encode() + body).hexdigest()
