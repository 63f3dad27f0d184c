"""Who may open a socket at all: origin, cookie and token, through the real server (threat 35)."""

from __future__ import annotations

import pytest
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from people.models import Agent
from people.models import AgentSession as Session
from tests.people import House

from .site import CSRF_SECRET, Site, sign_in

OURS, NONE, EVIL = "", None, "https://evil.example"


def status_of(site: Site, session: str | None, **offered: str | None) -> int:
    """101 when the socket opened, else what the server answered."""
    try:
        with site.open(session, **offered) as socket:  # type: ignore[arg-type]
            assert socket.subprotocol == "helpdesk.v1"
            return 101
    except InvalidStatus as refused:
        return int(refused.response.status_code)


@pytest.mark.parametrize(
    ("origin", "cookie", "token", "expected"),
    [
        (OURS, True, CSRF_SECRET, 101),
        (OURS, True, None, 403),
        (OURS, True, "w" * 32, 403),
        (OURS, True, "q" * 31, 403),
        (OURS, False, CSRF_SECRET, 403),
        (NONE, True, CSRF_SECRET, 403),
        (NONE, False, CSRF_SECRET, 403),
        ("null", True, CSRF_SECRET, 403),
        (EVIL, True, CSRF_SECRET, 403),
        (EVIL, False, CSRF_SECRET, 403),
        ("http://localhost.evil.example", True, CSRF_SECRET, 403),
        ("http://evillocalhost", True, CSRF_SECRET, 403),
        # Another program on the same machine is another origin, though its host name is allowed.
        ("http://localhost:1", True, CSRF_SECRET, 403),
        ("https://localhost", True, CSRF_SECRET, 403),
    ],
)
def test_origin_by_cookie_by_token(
    site: Site, house: House, origin: str | None, cookie: bool, token: str | None, expected: int
) -> None:
    session = sign_in(house.olena) if cookie else None
    assert status_of(site, session, origin=origin, token=token) == expected


def test_a_token_without_its_cookie_is_nothing(site: Site, house: House) -> None:
    assert status_of(site, sign_in(house.olena), secret=None) == 403


def test_a_session_that_was_made_up_expired_or_ended(site: Site, house: House) -> None:
    assert status_of(site, "made-up-session-key") == 403
    expired = sign_in(house.olena)
    Session.objects.filter(pk=expired).update(expire_date=timezone.now())
    assert status_of(site, expired) == 403
    ended = sign_in(house.olena)
    Session.objects.filter(pk=ended).delete()
    assert status_of(site, ended) == 403


def test_a_deactivated_agent(site: Site, house: House) -> None:
    session = sign_in(house.olena)
    Agent.objects.filter(pk=house.olena.pk).update(is_active=False)
    assert status_of(site, session) == 403


def test_a_session_from_before_the_password_changed(site: Site, house: House) -> None:
    session = sign_in(house.olena)
    house.olena.set_password("another horse battery staple")
    house.olena.save()
    assert status_of(site, session) == 403


@pytest.mark.parametrize("path", ["/ws/", "/ws/agent", "/ws/agent/7/", "/"])
def test_there_is_no_other_address(site: Site, house: House, path: str) -> None:
    with pytest.raises(InvalidStatus), site.open(sign_in(house.olena), path=path):
        pass
