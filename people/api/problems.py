"""Every refusal of the API as one kind of document: RFC 9457, `application/problem+json`, with the request's id."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import APIException, NotAuthenticated, Throttled, ValidationError
from rest_framework.response import Response

from events.tracing import current_trace
from people.permissions import PermissionDenied

CONTENT_TYPE = "application/problem+json"
log = logging.getLogger("helpdesk.api")

# What a client gets to hear where the exception itself must not speak.
_NOT_FOUND = "There is no such thing, or this token may not see it."
_FAILED = "Something failed on our side. It has been logged; please quote the request id."


class Problem(APIException):
    """A refusal with a stable `code`; `members` are further members of the problem document."""

    def __init__(self, status: int, code: str, detail: str, **members: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.code = code
        self.message = detail
        self.members = members


class NotFoundProblem(Problem):
    """Unknown and forbidden look the same: numbers of tickets can be guessed."""

    def __init__(self) -> None:
        super().__init__(404, "not_found", _NOT_FOUND)


def document(status: int, code: str, detail: str, path: str, **members: Any) -> dict[str, Any]:
    """The problem document; `code` is what programs compare, `detail` is for people."""
    return {
        "type": f"urn:helpdesk:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": path,
        "request_id": current_trace(),
        **members,
    }


def problem_response(exc: Exception, context: Mapping[str, Any]) -> Response:
    """What the API answers to an exception; what nobody foresaw is logged and answered without detail."""
    problem = _as_problem(exc)
    if problem.status_code >= 500:
        log.error("API %s: %s", problem.code, type(exc).__name__, exc_info=exc)
    path = context["request"].path
    body = document(problem.status_code, problem.code, problem.message, path, **problem.members)
    response = Response(body, status=problem.status_code, content_type=CONTENT_TYPE)
    if isinstance(exc, Throttled) and (wait := getattr(exc, "wait", None)):
        response["Retry-After"] = str(int(wait))
    if problem.status_code == 503:
        response["Retry-After"] = "1"
    if challenge := getattr(exc, "auth_header", None):
        response["WWW-Authenticate"] = challenge
    return response


def _as_problem(exc: Exception) -> Problem:
    match exc:
        case Problem():
            return exc
        case ValidationError():
            return invalid_input(list(_field_errors(exc.detail)))
        case NotAuthenticated():
            return Problem(401, "not_authenticated", "Send a token: Authorization: Token YOUR_TOKEN")
        case Http404():
            return NotFoundProblem()
        case PermissionDenied() | DjangoPermissionDenied():
            return Problem(403, "forbidden", str(exc) or "Your role does not allow this.")
        case APIException():
            code = exc.get_codes()
            return Problem(exc.status_code, code if isinstance(code, str) else "refused", str(exc.detail))
        case RequestDataTooBig():
            return Problem(413, "too_large", "The request body is too large.")
        case SuspiciousOperation() | UnreadablePostError():
            return Problem(400, "bad_request", "The request could not be read.")
        case OperationalError():
            # A lock or statement time limit, or the database going away: nothing was written, trying again is right.
            return Problem(503, "busy", "The database is busy or restarting. Nothing was changed; please try again.")
        case _:
            return Problem(500, "internal", _FAILED)


def invalid_input(errors: list[dict[str, str]]) -> Problem:
    """400 with one entry for each field that was wrong."""
    named = ", ".join(dict.fromkeys(error["field"] for error in errors if error["field"]))
    detail = f"Some values cannot be used: {named}." if named else errors[0]["detail"]
    return Problem(400, "invalid", detail, errors=errors)


def _field_errors(detail: Any, field: str = "") -> Iterator[dict[str, str]]:
    """DRF's nested error detail as a flat list; list positions and nested names joined by dots."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _field_errors(inner, ".".join(part for part in (field, own) if part))
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            nested = isinstance(inner, (dict, list))
            if inner:
                yield from _field_errors(inner, f"{field}.{position}" if nested and field else field)
    else:
        yield {"field": field, "code": str(getattr(detail, "code", "invalid")), "detail": str(detail)}


@csrf_exempt
def not_found(request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
    """404 as a problem for an address under /api/ that no view answers."""
    return JsonResponse(
        document(404, "not_found", "There is nothing at this address.", request.path),
        status=404, content_type=CONTENT_TYPE,
    )  # fmt: skip


def server_error(request: HttpRequest) -> JsonResponse:
    """500 as a problem, for what fails outside of a view."""
    return JsonResponse(document(500, "internal", _FAILED, request.path), status=500, content_type=CONTENT_TYPE)
