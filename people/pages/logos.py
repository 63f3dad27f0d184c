"""A brand's logo, for whoever sees its pages."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from people.models import BrandLogo


@require_safe
def brand_logo(request: HttpRequest, key: UUID) -> HttpResponse:
    """Our own encoding of it, with headers that keep it a picture; under one key it never changes."""
    row = BrandLogo.objects.filter(pk=key).first()
    if row is None:
        raise Http404("no such logo")
    response = HttpResponse(bytes(row.content), content_type=row.content_type)
    response["Content-Disposition"] = "inline"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
