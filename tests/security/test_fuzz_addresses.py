"""Every address with values nobody means: in its path, its query and its form. Refused or answered, never broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.security.routes import OWN, VISITS, Visit
from tests.security.test_url_walk import taken_back
from tests.security.world import World, signed_in

# By the converter of the parameter.
IN_PATHS = {
    "int": ("0", "2147483648", "9223372036854775808", "1" * 40),
    "slug": ("-", "x" * 300, "saved-99999999999999999999", "team-0"),
    "uuid": ("00000000-0000-0000-0000-000000000000",),
    "str": ("%00", "..%2f..", "%27%22%3E%3Cscript%3E", "x" * 3_000, "%E2%80%AE", "²"),
    "path": ("%00", "../../etc/passwd", "x/" * 500, "top-99999999999999999999"),
}
# Numbers that are none or too large, half a JSON, controls, what `isdigit` believes, lone surrogates, and far too much.
HOSTILE = (
    "\x00", "9" * 40, "-1", "²", "1e400", "NaN", "[]", '{"a":', "null", "2026-13-45T99:99", "0001-01-01", "\u202e",
    "' OR 1=1 --", "x" * 70_000, "00000000-0000-0000-0000-000000000000", "%ed%a0%80",
)  # fmt: skip
FIELDS = ("q", "page", "before", "after", "event", "message", "number", "text", "value", "kind", "period", "from", "to")
# These ask others (DNS, a sign-in service) and have tests of their own.
ASKING = {"sender_check", "key_start", "consent_start", "consent_done", "sso_start", "sso_done"}


def addresses() -> Iterator[tuple[str, str]]:
    """(name, path with its converters) of every address that has a pattern of that kind."""

    def walk(resolver: URLResolver, before: str) -> Iterator[tuple[str, str]]:
        for entry in resolver.url_patterns:
            path = before + str(entry.pattern).lstrip("^")
            if isinstance(entry, URLPattern):
                yield entry.name or path, path
            else:
                yield from walk(entry, path)

    return walk(get_resolver(), "/")


def filled(path: str) -> Iterator[str]:
    """The path with hostile values, as many as the richest of its parameters has."""
    kinds = re.findall(r"<(?:(\w+):)?\w+>", path)
    for turn in range(max((len(IN_PATHS.get(kind or "str", ("x",))) for kind in kinds), default=1)):

        def value(found: re.Match[str], turn: int = turn) -> str:
            values = IN_PATHS.get(found.group(1) or "str", ("x",))
            return values[turn % len(values)]

        yield re.sub(r"<(?:(\w+):)?\w+>", value, path)


def broken(client: Client, method: str, path: str, body: str = "") -> str:
    """What went wrong; "" for an answer below 500, or one that says it is not there for now."""
    content = {"data": body, "content_type": "application/x-www-form-urlencoded"} if method == "POST" else {}
    with taken_back():
        status = client.generic(method, path, **content).status_code  # type: ignore[arg-type]
    return "" if status < 500 or status == 503 else f"{method} {path[:120]}: {status}"


@pytest.mark.parametrize("who", ["admin", "anonymous"])
def test_no_path_breaks_anything(world: World, who: str) -> None:
    client, wrong = signed_in(world.people.get(who)), []
    query = urlencode(dict.fromkeys(FIELDS, HOSTILE[1]))
    seen = 0
    for name, path in addresses():
        if name in ASKING or "(?P" in path:
            continue
        for full in filled(path):
            wrong += [broken(client, "GET", f"{full}?{query}"), broken(client, "POST", full, query)]
            seen += 1
    assert not [one for one in wrong if one]
    assert seen > 300


def form_of(visit: Visit, value: str, world: World) -> str:
    names: dict[str, Any] = visit.form if visit.form is not None else visit.query
    filled_in = [visit._fill(name, world.support) for name in names] or list(FIELDS)
    encoded = value if value.startswith("%ed") else quote(value)
    return "&".join(f"{quote(name)}={encoded}" for name in filled_in)


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value[:12]))
def test_no_form_and_no_query_breaks_anything(world: World, value: str) -> None:
    """With every field of every request of the walk, on things that are there."""
    client, wrong = signed_in(world.people["admin"]), []
    for visit in VISITS + OWN:
        if visit.name in ASKING:
            continue
        path, body = visit._fill(visit.path, world.support), form_of(visit, value, world)
        if visit.form is None:
            wrong.append(broken(client, "GET", f"{path}?{body[:4_000]}"))
        else:
            wrong.append(broken(client, "POST", path, body))
    assert not [one for one in wrong if one]
