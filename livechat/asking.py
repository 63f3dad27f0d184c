"""Requests of the widget's frame: who asks, from where, how often; and how a refusal is said.

The helpdesk's cookies are never looked at here: a visitor is who shows the secret of their browser in a header, which
no other site can make a browser send.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from events.rates import client_address
from livechat.doors import Door, Refused, Stale, door_by_pass
from livechat.limits import TooMuch
from livechat.models import Visitor
from livechat.signed import BadToken
from livechat.visitors import AnotherPerson, digest_of, visitor_of

LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Asking:
    """One admitted request: the channel, the browser's digest, and for whom that speaks, if it has spoken yet."""

    door: Door
    digest: str
    visitor: Visitor | None
    address: str
    said: dict[str, Any]


class Unfit(Exception):
    """What was sent cannot be used; the word tells the widget why, and `more` what to do about it."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.more = more


Answer = Callable[[HttpRequest, Asking], HttpResponseBase]


def asked(view: Answer) -> Callable[..., HttpResponseBase]:
    """A POST of our own frame, by a pass and a browser's secret; errors become the few words the widget knows."""
    return _guarded(view)


def asked_by_old_pass(view: Answer) -> Callable[..., HttpResponseBase]:
    """The same for a frame whose pass may have run out; all else is held against it as ever."""
    return _guarded(view, however_old=True)


def _guarded(view: Answer, *, however_old: bool = False) -> Callable[..., HttpResponseBase]:
    @csrf_exempt
    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, key: str) -> HttpResponseBase:
        try:
            answer = view(request, _admit(request, key, however_old=however_old))
        except Stale:
            answer = JsonResponse({"code": "stale"}, status=403)
        except (Refused, BadToken):
            answer = JsonResponse({"code": "refused"}, status=403)
        except AnotherPerson:
            answer = JsonResponse({"code": "another"}, status=409)
        except TooMuch as error:
            answer = JsonResponse({"code": "too_much"}, status=429, headers={"Retry-After": str(error.wait)})
        except Unfit as error:
            answer = JsonResponse({"code": str(error), **error.more}, status=422)
        except OperationalError:
            answer = JsonResponse({"code": "busy"}, status=503)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return guarded


def _admit(request: HttpRequest, key: str, *, however_old: bool) -> Asking:
    if not same_origin(request.headers.get("Origin", ""), request.get_host()):
        raise Refused("not our frame")
    door = door_by_pass(key, request.headers.get("X-Chat-Pass", ""), however_old=however_old)
    digest = digest_of(request.headers.get("Authorization", "").removeprefix("Bearer "))
    if not digest:
        raise Refused("no secret")
    said = {} if request.content_type == "multipart/form-data" else _json(request)
    return Asking(door, digest, visitor_of(door, digest), client_address(request), said)


def same_origin(origin: str, host: str) -> bool:
    """Whether a page of this very host and port asks; both say it without our help."""
    _scheme, found, place = origin.partition("://")
    return bool(found and place) and place.lower() == host.lower()


def _json(request: HttpRequest) -> dict[str, Any]:
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST:
        raise Unfit("too_long")
    try:
        said = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise Unfit("malformed") from None
    if not isinstance(said, dict):
        raise Unfit("malformed")
    return said


def number(said: dict[str, Any], name: str) -> int:
    """A place in the conversation; whatever else was sent counts as the beginning."""
    value = said.get(name)
    return value if type(value) is int and 0 <= value < 2**53 else 0


def numbers(said: dict[str, Any], name: str, most: int) -> list[int]:
    """Places in the conversation, the first so many; what is none is left aside."""
    value = said.get(name)
    return [one for one in value[:most] if type(one) is int and 0 <= one < 2**53] if isinstance(value, list) else []


def words(said: dict[str, Any], name: str, longest: int) -> str:
    """Text as it may be stored."""
    value = said.get(name, "")
    if not isinstance(value, str):
        raise Unfit("malformed")
    if len(value) > longest:
        raise Unfit("too_long")
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
