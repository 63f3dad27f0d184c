"""The door: what it tells strangers, how often they may knock, and that no header changes either."""

from __future__ import annotations

import re
import signal
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.hashers import get_hasher
from django.core import mail
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from people.models import Agent
from tests.people import PASSWORD, House, make_house
from tests.support.services import running_services

pytestmark = pytest.mark.django_db
LOGIN, RESET = "/accounts/login/", "/accounts/password/reset/"


@pytest.fixture
def house(settings: Any) -> House:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    return make_house()


def try_password(email: str, password: str = "wrong", **headers: Any) -> HttpResponse:
    return Client().post(LOGIN, {"login": email, "password": password}, **headers)


def without_token(page: str) -> str:
    """The page without what differs at every load, and without what was typed."""
    page = re.sub(r'(csrfmiddlewaretoken" value|csrf-token" content)="[^"]+"', "", page)
    return re.sub(r'value="[^"]*@shop\.example"', "", page)


def test_a_right_password_signs_in_with_a_new_session(house: House) -> None:
    client = Client()
    client.get(LOGIN)
    session = client.session
    session["planted"] = "by an attacker"
    session.save()
    planted = session.session_key
    client.cookies["helpdesk_session"] = planted
    response = client.post(LOGIN, {"login": "olena@shop.example", "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.session.session_key != planted
    assert not client.session.exists(planted)
    assert client.session["_auth_user_id"] == str(house.olena.pk)


def test_known_and_unknown_look_the_same_at_sign_in(house: House) -> None:
    known, unknown = try_password("olena@shop.example"), try_password("nobody@shop.example")
    assert known.status_code == unknown.status_code == 200
    assert without_token(known.content.decode()) == without_token(unknown.content.decode())


def test_known_and_unknown_cost_the_same_work(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing is what takes the time, so whoever measures it learns nothing: each try costs one, also one that is none.
    A clock would tell more about the machine than about us."""
    hasher, hashed = type(get_hasher("default")), []

    def counted(done: Any) -> Any:
        def counting(self: Any, *given: Any, **named: Any) -> Any:
            hashed.append(given[0])
            return done(self, *given, **named)

        return counting

    for name in ("encode", "verify"):
        monkeypatch.setattr(hasher, name, counted(getattr(hasher, name)))
    costs = {}
    for who in ("olena@shop.example", "nobody@shop.example"):
        hashed.clear()
        try_password(who)
        costs[who[:9]] = len(hashed)
    Agent.objects.filter(pk=house.olena.pk).update(is_active=False)
    hashed.clear()
    try_password("olena@shop.example")
    costs["off"] = len(hashed)
    assert set(costs.values()) == {1}, costs


def test_a_switched_off_agent_looks_like_a_wrong_password(house: House) -> None:
    Agent.objects.filter(pk=house.olena.pk).update(is_active=False)
    off, unknown = try_password("olena@shop.example"), try_password("nobody@shop.example")
    assert off.status_code == unknown.status_code
    assert without_token(off.content.decode()) == without_token(unknown.content.decode())


def test_known_and_unknown_look_the_same_at_reset(house: House) -> None:
    known = Client().post(RESET, {"email": "olena@shop.example"}, follow=True)
    unknown = Client().post(RESET, {"email": "nobody@shop.example"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain == [("/accounts/password/reset/done/", 302)]
    assert without_token(known.content.decode()) == without_token(unknown.content.decode())
    assert [message.to for message in mail.outbox] == [["olena@shop.example"]]


def test_five_wrong_passwords_close_an_account_whatever_the_headers_say(house: House) -> None:
    """Neither another address in X-Forwarded-For, nor another port in Host, begins a new count (threat 45)."""
    for number in range(5):
        said = {"HTTP_X_FORWARDED_FOR": f"198.51.100.{number}", "HTTP_HOST": f"localhost:{8000 + number}"}
        assert b"Too many failed" not in try_password("olena@shop.example", **said).content
    elsewhere = {"HTTP_X_FORWARDED_FOR": "203.0.113.9", "HTTP_HOST": "127.0.0.1:9999", "REMOTE_ADDR": "192.0.2.7"}
    for email in ("olena@shop.example", "OLENA@Shop.Example"):
        refused = try_password(email, PASSWORD, **elsewhere)
        assert refused.status_code == 200
        assert b"Too many failed" in refused.content
    assert try_password("ben@shop.example", PASSWORD, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_one_address_may_not_try_many_accounts(house: House) -> None:
    for number in range(10):
        try_password(f"guess{number}@shop.example", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    refused = try_password("olena@shop.example", PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.99")
    assert b"Too many failed" in refused.content
    assert try_password("olena@shop.example", PASSWORD, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_reset_mails_are_few(house: House) -> None:
    statuses = [Client().post(RESET, {"email": "olena@shop.example"}).status_code for _ in range(4)]
    assert statuses[:3] == [302, 302, 302]
    assert statuses[3] != 302
    assert len(mail.outbox) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"HTTP_HOST": "127.0.0.1:8000"},
        {"HTTP_HOST": "localhost:666"},
        {"HTTP_X_FORWARDED_HOST": "evil.example"},
        {
            "HTTP_X_FORWARDED_HOST": "evil.example",
            "HTTP_X_FORWARDED_PROTO": "http",
            "HTTP_FORWARDED": "host=evil.example",
        },
    ],
)
def test_the_reset_link_leads_to_the_configured_address(house: House, settings: Any, headers: dict[str, Any]) -> None:
    settings.BASE_URL = "https://desk.shop.example"
    assert Client().post(RESET, {"email": "olena@shop.example"}, **headers).status_code == 302
    [message] = mail.outbox
    assert "evil" not in message.body + message.subject
    [link] = re.findall(r"https?://\S+", message.body)
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc) == ("https", "desk.shop.example")
    assert parts.path.startswith("/accounts/password/reset/key/")


def test_a_foreign_host_is_not_answered(house: House) -> None:
    assert Client().post(RESET, {"email": "olena@shop.example"}, HTTP_HOST="evil.example").status_code == 400
    assert mail.outbox == []


def test_the_link_works_once_and_ends_every_session(house: House) -> None:
    inside = Client()
    inside.force_login(house.olena)
    Client().post(RESET, {"email": "olena@shop.example"})
    [link] = re.findall(r"https?://\S+", mail.outbox[0].body)
    client, new = Client(), "an entirely new password"
    page = client.get(urlsplit(link).path, follow=True)
    done = client.post(page.request["PATH_INFO"], {"password1": new, "password2": new})
    assert done.status_code == 302
    assert inside.get("/profile/").status_code == 302
    assert try_password("olena@shop.example", new).status_code == 302
    assert b"used up" in Client().get(urlsplit(link).path, follow=True).content


@pytest.mark.parametrize("path", ["email/", "confirm-email/", "login/code/confirm/", "password/reset/complete/"])
def test_what_we_do_not_offer_is_not_there(house: House, path: str) -> None:
    assert Client().get(f"/accounts/{path}").status_code == 404


def test_nobody_signs_up(house: House) -> None:
    before = Agent.objects.count()
    fields = {"email": "new@shop.example", "password1": PASSWORD, "password2": PASSWORD}
    response = Client().post("/accounts/signup/", fields)
    assert response.status_code == 200
    assert b"Ask an admin" in response.content
    assert Agent.objects.count() == before


def test_without_redis_nobody_gets_in_and_nobody_waits(house: House) -> None:
    """Attempts that cannot be counted are not allowed: no hole, no hanging page, and it works again afterwards."""
    redis = running_services().redis
    assert redis and redis.process
    inside = Client()
    inside.force_login(house.ben)
    redis.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        refused = try_password("olena@shop.example", PASSWORD)
        took = time.monotonic() - began
        asked = Client().post(RESET, {"email": "olena@shop.example"})
        assert inside.get("/profile/").status_code == 200
    finally:
        redis.process.send_signal(signal.SIGCONT)
    assert (refused.status_code, asked.status_code, mail.outbox) == (503, 503, [])
    assert refused["Retry-After"] == "10"
    assert "helpdesk_session" not in refused.cookies
    assert took < 6
    cache.clear()
    assert try_password("olena@shop.example", PASSWORD).status_code == 302


def test_fewer_addresses_than_proxies_is_no_error(house: House, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    assert try_password("olena@shop.example", PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.1").status_code == 302
