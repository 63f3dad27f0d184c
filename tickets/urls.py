"""Addresses of the tickets app."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("tickets.inbox.urls")),
    path("", include("tickets.file_urls")),
    path("", include("tickets.assigning.urls")),
    path("", include("tickets.audit.urls")),
]
