"""Threat 52: what stands in an address and opens something by itself is in no line of the log, whoever writes the line."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from helpdesk.hook_door import HookDoor
from helpdesk.logging import JsonFormatter, TextFormatter, redact
from tests.channels_inbound.hooks.at_the_door import close_door, open_door, posted, together
from tests.channels_inbound.hooks.house import connect
from tests.people import make_house
from tests.providers.webhooks import Webhook

pytestmark = pytest.mark.django_db(transaction=True)
CANARY = "kanarek7391slowik5528kanarek7391"
# Parameters of text that tell what is shown and open nothing: words of ours, languages, names of reports and articles,
# and keys that stand in the source of a shop's public pages.
OPEN_NOTHING = {
    "provider", "language", "view_key", "report", "color", "slug", "rest", "place", "name", "kind", "uidb36",
    "widget:key", "contact:key",
}  # fmt: skip


def routes() -> Iterator[tuple[str, URLPattern]]:
    def walk(resolver: URLResolver, before: str) -> Iterator[tuple[str, URLPattern]]:
        for entry in resolver.url_patterns:
            where = before + str(entry.pattern)
            if isinstance(entry, URLResolver):
                yield from walk(entry, where)
            else:
                yield where, entry

    yield from walk(get_resolver(), "")


def secret_parameters() -> dict[str, set[str]]:
    """By route, which of its parameters of text may open something: all but those said to open nothing."""
    found: dict[str, set[str]] = {}
    for where, entry in routes():
        head = where.lstrip("^").split("/")[0]
        names = {
            name
            for name, converter in [*entry.pattern.converters.items(), *_of_expression(entry)]
            if type(converter).__name__ not in ("IntConverter", "UUIDConverter")
            and name not in OPEN_NOTHING
            and f"{head}:{name}" not in OPEN_NOTHING
        }
        if names:
            found[where] = names
    return found


def _of_expression(entry: URLPattern) -> list[tuple[str, object]]:
    return [(name, None) for name in entry.pattern.regex.groupindex if name not in entry.pattern.converters]


def filled(where: str) -> str:
    path = where.replace("^", "").replace("$", "").replace("(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)", f"1-{CANARY}")
    while "<" in path:
        before, _, rest = path.partition("<")
        kind, _, after = rest.partition(">")
        value = {"uuid": str(uuid4()), "int": "1"}.get(kind.partition(":")[0], CANARY)
        path = before + (value if kind != "slug:provider" else "telegram") + after
    return f"/{path}"


@pytest.fixture(params=[JsonFormatter, TextFormatter])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """All that any logger says, formatted as it is in production."""
    said, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(said), root.level
    handler.setFormatter(request.param())
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield said
    root.removeHandler(handler)
    root.setLevel(level)


def test_which_addresses_open_something() -> None:
    """A new parameter of text is one more line here, or is said above to open nothing."""
    assert {name for names in secret_parameters().values() for name in names} == {"token", "key", "handle", "signature"}
    assert len(secret_parameters()) == 9


@pytest.mark.parametrize("where", sorted(secret_parameters()))
def test_no_line_tells_what_stands_in_an_address(where: str, log: io.StringIO) -> None:
    path, client = filled(where), Client(enforce_csrf_checks=True, raise_request_exception=False)
    assert CANARY in path
    for asked in (path, path.rstrip("/"), f"{path}?next={path}"):
        client.get(asked)
        client.post(asked, {"x": "1"})
    lines = log.getvalue()
    assert lines.count("GET /") >= 3 and "POST /" in lines  # or nothing was looked at
    assert CANARY not in lines
    assert path.split("/")[1] in lines  # and one still sees what was asked for


def test_nor_does_what_django_says_of_one_that_broke(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(request: HttpRequest, token: str) -> None:
        raise RuntimeError(f"no answer for {request.build_absolute_uri()}")

    [entry] = [entry for where, entry in routes() if where == "invitation/<str:token>/"]
    monkeypatch.setattr(entry, "callback", break_down)
    response = Client(raise_request_exception=False).get(f"/invitation/{CANARY}/")
    assert response.status_code == 500
    assert "Internal Server Error: /invitation/***/" in log.getvalue()
    assert "Traceback" in log.getvalue()
    assert CANARY not in log.getvalue()


def test_nor_does_the_short_way_of_webhooks(log: io.StringIO) -> None:
    house = make_house()
    made = connect(house, "http", {"secret": "x" * 20, "system": "till", "url": ""})
    door: HookDoor = open_door()
    try:
        [(status, _headers, _body)] = together(posted(door, made, Webhook(b"{}", {})))
    finally:
        close_door(door)
    assert status in (401, 403, 404)
    assert "POST /hooks/http/***/" in log.getvalue()
    assert made.key not in log.getvalue()


@pytest.mark.parametrize(
    "kept",
    ["/survey/open/7b4d/", "/hooks/file/?of=1", "/inbox/open/rows/", "/help/en/articles/returns/", "/widget/k/sync/"],
)
def test_what_opens_nothing_is_told(kept: str) -> None:
    assert redact(f"GET {kept}") == f"GET {kept}"
