"""The API describes itself: OpenAPI 3.1 at /api/schema/, and a page to read and try it at /api/docs/."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import override
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

# Swagger UI sets styles from its script and draws its icons from data addresses; nothing else differs from our own.
DOCS_POLICY = "; ".join([
    "default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:",
    "font-src 'self' data:", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
])  # fmt: skip


@lru_cache(1)
def schema_document() -> dict[str, Any]:
    """The document is the same for everybody and takes long to make, so each process makes it once."""
    with override("en"):
        return dict(SchemaGenerator().get_schema(request=None, public=True))


class JsonFirst(DefaultContentNegotiation):
    """JSON unless `?format=yaml` asks otherwise: it is valid YAML as well, so every tool reads it."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        json_form, yaml_form = renderers
        wanted = yaml_form if request.query_params.get("format") == "yaml" else json_form
        return wanted, wanted.media_type


class PlainJsonRenderer(OpenApiJsonRenderer):
    media_type = "application/json"
    format = "json"


class PlainYamlRenderer(OpenApiYamlRenderer):
    media_type = "application/yaml"
    format = "yaml"


class SchemaView(APIView):
    """No token needed: the document holds no data."""

    authentication_classes = []
    permission_classes = []
    renderer_classes = [PlainJsonRenderer, PlainYamlRenderer]
    content_negotiation_class = JsonFirst

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(schema_document())


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI from our own files under its own content policy; try requests with your token."""

    authentication_classes = []
    permission_classes = []
    renderer_classes = [TemplateHTMLRenderer]
    template_name = "api_docs.html"
    url_name = "api_schema"
    title = str(settings.SPECTACULAR_SETTINGS["TITLE"])

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Content-Security-Policy"] = DOCS_POLICY
        return response
