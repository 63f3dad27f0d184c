"""Every address of the helpdesk, app by app."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import include, path

urlpatterns = [path("accounts/", include("allauth.urls"))]
for module in ("tickets.urls", "people.urls", "channels_inbound.urls"):
    if find_spec(module):
        urlpatterns.append(path("", include(module)))
