"""Every address of the helpdesk, app by app."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import include, path

from channels_inbound.hooks.out_files import out_file
from channels_inbound.hooks.receive import hook
from helpdesk import health
from helpdesk.health_page import health_page

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("health/", health_page, name="health"),
    # Providers wait for this one, and every address before it would be compared first.
    path("hooks/file/", out_file, name="out_file"),
    path("hooks/<slug:provider>/<slug:key>/", hook, name="hook"),
    path("api/", include("helpdesk.api_urls")),
]
handler400 = "helpdesk.error_pages.bad_request"
handler404 = "helpdesk.error_pages.not_found"
handler500 = "helpdesk.error_pages.server_error"
MODULES = (
    "tickets.urls",
    "tickets.notices.urls",
    "commerce.urls",
    "metrics.urls",
    "people.urls",
    "knowledge.urls",
    "channels_inbound.urls",
    "livechat.urls",
    "assistant.urls",
    "privacy.urls",
)
for module in MODULES:
    if find_spec(module):
        urlpatterns.append(path("", include(module)))
