"""The API's addresses, app by app."""

from __future__ import annotations

from django.urls import include, path, re_path

from helpdesk.api_docs import DocsView, SchemaView
from people.api.problems import not_found

urlpatterns = [
    path("v1/", include("people.api.urls")),
    path("v1/", include("tickets.api.urls")),
    path("v1/", include("knowledge.api.urls")),
    path("v1/", include("commerce.api.urls")),
    path("v1/", include("metrics.api.urls")),
    path("schema/", SchemaView.as_view(), name="api_schema"),
    path("docs/", DocsView.as_view(), name="api_docs"),
    re_path(r"^", not_found),
]
