"""Every page in the reader's language and time zone."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from .models import Agent

Handler = Callable[[HttpRequest], HttpResponse]
# Pages nobody reads in a language: asking who the agent is would cost each of them two queries.
WORDLESS = ("/static/", "/api/", "/healthz", "/readyz", "/metrics", "/files/")


class PreferencesMiddleware:
    """Uses the agent's language and time zone; a stranger's browser says its language."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(WORDLESS):
            return self.get_response(request)
        agent = request.user if isinstance(request.user, Agent) else None
        language = agent.locale if agent else translation.get_language_from_request(request)
        if language not in dict(settings.LANGUAGES):
            language = settings.LANGUAGE_CODE
        with translation.override(language), timezone.override(zone_of(agent)):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


def zone_of(agent: Agent | None) -> zoneinfo.ZoneInfo:
    """The agent's time zone; the shop's for strangers and for names this machine does not know."""
    try:
        return zoneinfo.ZoneInfo(agent.time_zone if agent else settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)
