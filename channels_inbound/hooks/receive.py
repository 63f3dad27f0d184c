"""The one endpoint of all providers: verify, keep, say yes. Everything else is a worker's."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from channels_inbound.credentials import CredentialsError
from channels_inbound.hooks.accounts import account_of, connection_called
from channels_inbound.hooks.provider import Account, BadSignature, Hook, Provider, Unverifiable
from channels_inbound.hooks.reading import parse_form
from channels_inbound.hooks.registry import provider as provider_named
from channels_inbound.models import Connection
from channels_inbound.raw import store_raw
from events.rates import client_address, spend
from events.tracing import current_trace

logger = logging.getLogger(__name__)

TRANSPORT = "hook"
MAX_HEADER = 500
# Bad signatures a minute from one address, at one webhook address.
MOST_REFUSED = 60


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def hook(request: HttpRequest, provider: str, key: str) -> HttpResponse:
    """A provider calls. 404 for an address that is none, 403 for whoever is not the provider (429 for who keeps on),
    413 for too much; 200 once it is committed. Our own failure is a 5xx, so that they come again: 503 while the
    database cannot be written to."""
    try:
        return _called(request, provider, key)
    except (OperationalError, InterfaceError) as error:
        logger.warning("webhook not kept", extra={"provider": provider, "error": type(error).__name__})
        return HttpResponse(status=503, headers={"Retry-After": "5"})


def _called(request: HttpRequest, provider: str, key: str) -> HttpResponse:
    handler = provider_named(provider)
    connection = connection_called(provider, key) if handler and handler.takes_hooks else None
    if handler is None or connection is None or not connection.channel.is_active:
        return HttpResponse(status=404)
    body = request.read(handler.max_body + 1) if request.method == "POST" else b""
    if len(body) > handler.max_body:
        return HttpResponse(status=413)
    seen = _as_hook(request, body)
    try:
        account = account_of(connection)
        if request.method != "POST":
            return _shake(handler, seen, account)
        handler.verify(seen, account)
    except (BadSignature, CredentialsError) as error:
        return _refused(request, connection, error)
    except Unverifiable as error:
        logger.warning("webhook not checked", extra={"channel": connection.channel_id, "reason": str(error)})
        return HttpResponse(status=503)
    _keep(handler, connection, seen, account)
    kind, text = handler.answer(seen, account)
    return HttpResponse(text, content_type=kind)


def _shake(handler: Provider, seen: Hook, account: Account) -> HttpResponse:
    answer = handler.handshake(seen, account)
    if answer is None:
        return HttpResponse(status=405)
    return HttpResponse(answer[1], content_type=answer[0])


def _keep(handler: Provider, connection: Connection, seen: Hook, account: Account) -> None:
    kept = {name: seen.header(name)[:MAX_HEADER] for name in handler.kept_headers if seen.header(name)}
    envelope: dict[str, Any] = {}
    envelope |= {"headers": kept} if kept else {}
    store_raw(
        handler.targets(seen, connection, account), transport=TRANSPORT,
        content=handler.body_of(seen), envelope=envelope,
        trace_id=current_trace(), transport_key=handler.delivery_key(seen)[:128], bell="hooks",
    )  # fmt: skip


def _refused(request: HttpRequest, connection: Connection, error: Exception) -> HttpResponse:
    """Counted and logged, up to a limit an address: from then on somebody who guesses costs us no row and no line.
    What is rightly signed never comes here, whoever guesses beside it."""
    wait = spend([(f"hook-refused:{connection.pk}:{client_address(request)}", MOST_REFUSED, 60)])
    if wait:
        return HttpResponse(status=429, headers={"Retry-After": str(wait)})
    Connection.objects.filter(pk=connection.pk).update(refused=F("refused") + 1, last_refused_at=timezone.now())
    logger.warning("webhook refused", extra={"channel": connection.channel_id, "reason": type(error).__name__})
    return HttpResponse(status=403)


def _as_hook(request: HttpRequest, body: bytes) -> Hook:
    form: list[tuple[str, str]] = []
    if request.content_type == "application/x-www-form-urlencoded":
        form = parse_form(body)
    return Hook(
        method=request.method or "",
        # What the provider was told, not what a Host header says.
        url=f"{settings.BASE_URL}{request.get_full_path()}",
        body=body,
        headers={name.lower(): value for name, value in request.headers.items()},
        query={name: value for name, value in request.GET.items() if isinstance(value, str)},
        form=form,
    )
