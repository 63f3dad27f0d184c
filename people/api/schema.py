"""How the OpenAPI document describes what all endpoints share: the token, the key for writes, the refusals."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from people.api.problems import CONTENT_TYPE


class FieldError(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="Name of the field, nested names joined by dots; empty for the whole body.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemDocument(serializers.Serializer[Any]):
    """RFC 9457. Programs compare `code`; `detail` is for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    request_id = serializers.CharField(help_text="Also in X-Request-Id and in our logs.")
    errors = FieldError(many=True, required=False)  # type: ignore[assignment]  # a field, as DRF means it


SHARED = {
    400: "A parameter or field cannot be used; `errors` names each.",
    401: "No token, or one that is unknown, expired or revoked.",
    403: "The token's scope or the agent's role does not allow this.",
    404: "No such thing, or not within what this agent may see.",
    429: "Too many requests with this token; see Retry-After.",
}
FOR_WRITES = {
    409: "It has changed meanwhile, or a request with the same key is still running.",
    413: "The body is too large.",
    415: "The body's content type is not supported.",
    422: "The values are well-formed but cannot be carried out, or the key was used for a different request.",
}
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER,
    description="Any text of up to 255 characters, unique to this write. A repeated request gets the first answer,"
    " marked `Idempotency-Replayed: true`. Kept for two days.",
)  # fmt: skip


class ApiSchema(AutoSchema):
    """Adds to each operation what the base view does for it."""

    def get_override_parameters(self) -> list[Any]:
        own = list(super().get_override_parameters())
        return own if self.method == "GET" else [*own, IDEMPOTENCY_KEY]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        """Not `get_response_serializers`, which every endpoint that names its answers replaces."""
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        refusals = SHARED | (FOR_WRITES if self.method != "GET" else {})
        for status, description in refusals.items():
            said = OpenApiResponse(ProblemDocument, description)
            bodies.setdefault(str(status), self._get_response_for_code(said, str(status), [CONTENT_TYPE], direction))
        return bodies


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "people.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey", "in": "header", "name": "Authorization",
            "description": "`Token YOUR_TOKEN`; made on your profile page or by `manage.py api_token EMAIL`.",
        }  # fmt: skip


def page_of(row: type[serializers.BaseSerializer[Any]], name: str) -> serializers.BaseSerializer[Any]:
    """The schema of one page of a list."""
    return inline_serializer(
        f"{name}Page",
        {
            "next": serializers.URLField(allow_null=True, help_text="Address of the next page."),
            "results": row(many=True),
        },
    )
