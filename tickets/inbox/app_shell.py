"""What makes the helpdesk an application of its own on a phone or desk: its manifest, its service worker, and the page
shown without a connection. Nothing here says anything of a ticket or an agent."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tickets.built import built_file

WORKER = "dist/service-worker.js"


@require_safe
def manifest(request: HttpRequest) -> HttpResponseBase:
    icons = [
        {"src": static("icon-192.png"), "sizes": "192x192", "type": "image/png"},
        {"src": static("icon-512.png"), "sizes": "512x512", "type": "image/png"},
        {"src": static("icon-maskable-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
    ]
    said: dict[str, Any] = {
        "name": settings.SHOP_NAME, "short_name": settings.SHOP_NAME[:12], "lang": get_language(), "id": "/",
        "start_url": reverse("start"), "scope": "/", "display": "standalone", "background_color": "#ffffff",
        "theme_color": "#ffffff", "icons": icons,
        "shortcuts": [
            {"name": _("My inbox"), "url": reverse("inbox", args=["mine"])},
            {"name": _("Search"), "url": reverse("search")},
        ],
    }  # fmt: skip
    return JsonResponse(said, content_type="application/manifest+json")


@require_safe
def favicon(request: HttpRequest) -> HttpResponseBase:
    """Asked for by whatever reads no page's head; pages name their own icon."""
    return redirect(static("icon-192.png"))


@require_safe
def service_worker(request: HttpRequest) -> HttpResponseBase:
    """At the root, since it may only see what lies below its own address."""
    response = HttpResponse(built_file(WORKER), content_type="text/javascript")
    response["Cache-Control"] = "no-cache"
    return response


@require_safe
def offline(request: HttpRequest) -> HttpResponseBase:
    return render(request, "tickets/offline.html")
