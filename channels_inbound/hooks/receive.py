"""The endpoint of all providers as a page: for whatever does not come by the short way (`helpdesk.hook_door`)."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from channels_inbound.credentials import CredentialsError
from channels_inbound.hooks.accounts import account_of, connection_called
from channels_inbound.hooks.calls import NOT_NOW, Call, Reply, take
from channels_inbound.hooks.provider import BadSignature, Hook
from channels_inbound.hooks.reading import parse_form
from channels_inbound.hooks.registry import provider as provider_named
from events.rates import client_address
from events.tracing import current_trace

logger = logging.getLogger(__name__)

FORM = "application/x-www-form-urlencoded"


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def hook(request: HttpRequest, provider: str, key: str) -> HttpResponse:
    """A provider calls: a handshake is answered at once, a delivery as `take` says; 413 for too much."""
    if request.method != "POST":
        return _shaken(request, provider, key)
    handler = provider_named(provider)
    most = handler.max_body if handler else 0
    body = request.read(most + 1)
    if len(body) > most:
        return HttpResponse(status=413 if handler else 404)
    call = Call(provider, key, _as_hook(request, body), client_address(request), current_trace())
    replies: list[tuple[Call, Reply]] = []
    take([call], replies.extend)
    return _response(replies[0][1])


def as_hook(method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]) -> Hook:
    """A request as providers' code sees it; header names are lower case. The address is what the provider was told,
    not what a Host header says."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return Hook(
        method=method,
        url=f"{settings.BASE_URL}{path}{'?' if query else ''}{query}",
        body=body,
        headers=headers,
        query={name: value for name, value in QueryDict(query).items() if isinstance(value, str)} if query else {},
        form=parse_form(body) if kind == FORM else [],
    )


def _as_hook(request: HttpRequest, body: bytes) -> Hook:
    path, _, query = request.get_full_path().partition("?")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return as_hook(request.method or "", path, query, body, headers)


def _shaken(request: HttpRequest, provider: str, key: str) -> HttpResponse:
    handler = provider_named(provider)
    try:
        connection = connection_called(provider, key) if handler and handler.takes_hooks else None
        if handler is None or connection is None or not connection.channel.is_active:
            return HttpResponse(status=404)
        answer = handler.handshake(_as_hook(request, b""), account_of(connection))
    except (BadSignature, CredentialsError):
        return HttpResponse(status=403)
    except (OperationalError, InterfaceError) as error:
        logger.warning("handshake not answered", extra={"provider": provider, "error": type(error).__name__})
        return _response(NOT_NOW)
    return HttpResponse(answer[1], content_type=answer[0]) if answer else HttpResponse(status=405)


def _response(reply: Reply) -> HttpResponse:
    headers = {"Retry-After": str(reply.wait)} if reply.wait else {}
    return HttpResponse(reply.text, status=reply.status, content_type=reply.kind, headers=headers)
