"""A brand's colour on pages of its customers, as a style sheet: their content policy allows no styles in a page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from people.colours import accent_sheet


@require_safe
def colour_sheet(request: HttpRequest, color: str) -> HttpResponse:
    """`/looks/1f57d6.css`: made of its address alone, so it may be kept for good."""
    response = HttpResponse(accent_sheet(f"#{color}"), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
