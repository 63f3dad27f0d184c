"""What every endpoint of the API shares: who asks, what they may, and how it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django.db import OperationalError
from django.db.models import Model, QuerySet
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from people.api.access import READING, ScopedToken
from people.api.idempotency import Effect, run_once
from people.api.pagination import decode_cursor, encode_cursor, keyset_page, page_body
from people.api.problems import NotFoundProblem, problem_response
from people.api.schema import ApiSchema
from people.api.throttling import TokenThrottle
from people.models import Agent
from people.tokens import TokenAuthentication

M = TypeVar("M", bound=Model)


class AlwaysJson(BaseContentNegotiation):
    """There is one form of answer, so no Accept header is refused."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        wanted = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type


class SafeJSONParser(JSONParser):
    """JSON nested deeper than Python can follow is a mistake of the sender, not ours."""

    def parse(self, *arguments: Any, **keywords: Any) -> Any:
        try:
            return super().parse(*arguments, **keywords)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not list, so that a misspelt one is not silently ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}
            if unknown := [name for name in data if name not in known]:
                problem = serializers.ErrorDetail("There is no such field here.", "unknown")
                names = [str(name)[:80].encode("utf-8", "replace").decode() for name in unknown[:20]]
                raise serializers.ValidationError({name: [problem] for name in names})
        return super().to_internal_value(data)


class ApiView(APIView):
    """Token only, JSON only; refusals are problem documents, writes run at most once for a key."""

    # Whose narrow scopes open it ("tickets" for "tickets:read"); without one only the wide ones do.
    area = ""
    any_scope = False

    authentication_classes = [TokenAuthentication]
    permission_classes = [ScopedToken]
    throttle_classes = [TokenThrottle]
    renderer_classes = [JSONRenderer]
    parser_classes = [SafeJSONParser]
    content_negotiation_class = AlwaysJson
    metadata_class = None
    http_method_names = ["get", "head", "post", "patch", "delete", "put"]
    schema = ApiSchema()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in READING and not request.content_type.startswith("multipart/"):
            # DRF reads the stream itself and so past Django's size limit; asking for the body applies it.
            _ = request._request.body

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        return lambda exc, context: problem_response(self._explain(exc), context)

    def _explain(self, exc: Exception) -> Exception:
        try:
            return self.translate(exc)
        except OperationalError as away:  # what a refusal tells is asked of the database too
            return away

    def translate(self, exc: Exception) -> Exception:
        """An app's own refusals as problems; higher apps add theirs."""
        return exc

    @property
    def agent(self) -> Agent:
        """Who asks: never taken from the body."""
        agent = self.request.user
        assert isinstance(agent, Agent)
        return agent

    def query(self, form: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The address's parameters, checked; an unknown one is a 400. A repeated one is a list, as with commas."""
        given = {name: ",".join(values) for name, values in self.request.query_params.lists()}
        checked = form(data=given, context={"agent": self.agent})
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)

    def body(self, form: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The body's fields, checked."""
        checked = form(data=self.request.data, context={"agent": self.agent})
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)

    def once(self, effect: Effect) -> HttpResponseBase:
        """Run a write in one transaction, and only once for an Idempotency-Key."""
        return run_once(self.request, effect)

    def page(
        self,
        rows: QuerySet[M],
        serializer: type[serializers.Serializer[Any]],
        *,
        key: str = "id",
        query: Mapping[str, Any],
    ) -> Response:
        """One page of `rows` in the order of `key`, from the cursor in the query on."""
        after = decode_cursor(query["cursor"], width=1) if query.get("cursor") else None
        found = keyset_page(rows, key=key, limit=query["limit"], after=after)
        shown = found[: query["limit"]]
        more = len(found) > len(shown)
        cursor = encode_cursor((getattr(shown[-1], key.removeprefix("-")),)) if more else None
        return Response(page_body(self.request, list(serializer(shown, many=True).data), cursor))

    @staticmethod
    def one(rows: QuerySet[M], **lookup: Any) -> M:
        """The only row there, or 404."""
        row = rows.filter(**lookup).first()
        if row is None:
            raise NotFoundProblem
        return row
