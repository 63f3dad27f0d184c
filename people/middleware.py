"""Every page in the reader's language and time zone."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from .languages import asked_for, choose_language, is_customers
from .models import Agent
from .second_factor import is_missing

Handler = Callable[[HttpRequest], HttpResponse]
# The API knows tokens and no sessions; the others know nobody, and reading a session would cost each a query. The help
# centre is the same for everyone, so that a cache may keep its pages; it says its language in the address.
NOBODYS = ("/api/", "/healthz", "/readyz", "/metrics", "/help/")
# Pages nobody reads in a language.
WORDLESS = ("/static/", "/files/", *NOBODYS)


class PreferencesMiddleware:
    """Uses the agent's language and time zone; a stranger's browser says its language. Pages of customers speak more
    languages than agents' do, and the browser's whoever opens them."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(WORDLESS):
            return self.get_response(request)
        agent = request.user if isinstance(request.user, Agent) else None
        language = self._language(request, agent)
        with translation.override(language), timezone.override(zone_of(agent)):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response

    @staticmethod
    def _language(request: HttpRequest, agent: Agent | None) -> str:
        if is_customers(request):
            return choose_language(asked_for(request))
        language = agent.locale if agent else translation.get_language_from_request(request)
        return language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


class SecondFactorMiddleware:
    """Where a second factor is required, whoever has none can set one up or sign out, and nothing else."""

    ALLOWED = frozenset({
        "security", "account_logout", "account_reauthenticate", "mfa_index", "mfa_activate_totp", "mfa_add_webauthn",
        "mfa_reauthenticate", "sso_start", "sso_done",
    })  # fmt: skip

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
        name = request.resolver_match.url_name if request.resolver_match else None
        if name in self.ALLOWED or request.path.startswith(NOBODYS):
            return None
        if SESSION_KEY not in request.session or not is_missing(request):
            return None
        if request.headers.get("X-Requested-With") == "fetch":
            message = _("Set up the second step of your sign-in first.")
            return JsonResponse({"code": "second_factor_missing", "message": message}, status=403)
        return redirect("security")


def zone_of(agent: Agent | None) -> zoneinfo.ZoneInfo:
    """The agent's time zone; the shop's for strangers and for names this machine does not know."""
    try:
        return zoneinfo.ZoneInfo(agent.time_zone if agent else settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)
