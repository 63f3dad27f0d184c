"""What every page passes through: a trace id, the content policy, sessions that last while they are used."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from events.tracing import tracing
from helpdesk.traffic import note_request
from people.sessions import note_use

Handler = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger("helpdesk.requests")
QUIET = ("/static/", "/healthz", "/readyz", "/metrics")


class RequestTrace:
    """Gives the request an id, hands it back as X-Request-Id and logs one line per request."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        with tracing(request.headers.get("X-Request-Id", "")) as trace:
            response = self.get_response(request)
            response["X-Request-Id"] = trace
            seconds = time.perf_counter() - started
            note_request(request.method or "", response.status_code, seconds)
            if not request.path.startswith(QUIET):
                facts = {"status": response.status_code, "ms": round(seconds * 1000, 1), "agent": _agent_id(request)}
                log.info("%s %s", request.method, request.path, extra=facts)
            return response


def _agent_id(request: HttpRequest) -> int | None:
    """The signed-in agent if a view already looked; asking here would cost each request a query."""
    facts = vars(request)
    # The API puts its token's agent where pages have something lazy, which to touch is to ask.
    known = "_cached_user" if isinstance(facts.get("user"), SimpleLazyObject) else "user"
    return getattr(facts.get(known), "pk", None)


class ContentSecurityPolicy:
    """`default-src 'self'` on every answer whose view did not set a stricter policy of its own."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", settings.CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        return response


class SlidingSession:
    """Keeps a session alive while it is used, at the cost of one write in ten minutes and not one per request."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = request.session
        signed_in = session.accessed and not session.is_empty() and SESSION_KEY in session
        if signed_in and note_use(request, address=get_adapter().get_client_ip(request)):
            response.set_cookie(
                settings.SESSION_COOKIE_NAME, session.session_key or "", max_age=settings.SESSION_COOKIE_AGE,
                secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
            )  # fmt: skip
        return response
