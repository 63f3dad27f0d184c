"""The second step of a sign-in: what it lets in, what it refuses, and what of it lies where."""

from __future__ import annotations

import json
import re
import threading
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from cryptography.fernet import Fernet
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client

from events.models import Event
from people import second_factor
from people.credentials import CredentialsError, rotate_credentials
from people.models import Agent, AgentSession
from people.permissions import PermissionDenied
from people.security_mail import mail_about
from tests.people import PASSWORD, House, make_house, signed_in

pytestmark = pytest.mark.django_db
LOGIN, CODE, APP = "/accounts/login/", "/accounts/2fa/authenticate/", "/accounts/2fa/app/add/"
CODES, NEW_CODES = "/accounts/2fa/codes/", "/accounts/2fa/codes/new/"


@pytest.fixture
def house(settings: Any) -> House:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
    return make_house()


def code_of(secret: str, *, step: int = 0) -> str:
    """What the phone shows now, or so many half minutes away."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def set_up(client: Client, *, step: int = -1) -> tuple[str, list[str]]:
    """Turn the app on as a person would; its secret, and the recovery codes shown after it."""
    page = client.get(APP).content.decode()
    [secret] = re.findall(r"<code>([A-Z2-7]{32})</code>", page)
    done = client.post(APP, {"code": code_of(secret, step=step)})
    assert (done.status_code, done["Location"]) == (302, CODES)
    codes = re.findall(r"<code>(\d{10})</code>", client.get(CODES).content.decode())
    assert len(codes) == 10
    return secret, codes


def half_way(agent: Agent) -> Client:
    """A browser that gave the right password and is asked for the second step."""
    client = Client()
    answer = client.post(LOGIN, {"login": agent.email, "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, CODE)
    return client


def enters(client: Client, code: str) -> bool:
    answer = client.post(CODE, {"code": code})
    assert answer.status_code in (200, 302)
    return "_auth_user_id" in client.session


def kinds(agent: Agent) -> list[str]:
    of_agent = Event.objects.filter(stream_type="agent", stream_id=agent.pk).order_by("id")
    return list(of_agent.values_list("kind", flat=True))


def test_with_a_second_step_the_password_alone_opens_nothing(house: House) -> None:
    secret, _ = set_up(signed_in(house.olena))
    client = half_way(house.olena)
    assert "_auth_user_id" not in client.session
    assert client.get("/profile/").status_code == 302
    assert not enters(client, "000000")
    assert enters(client, code_of(secret))
    assert client.get("/profile/").status_code == 200
    assert kinds(house.olena) == ["agent.second_factor_added"]


def test_a_code_counts_once_even_when_the_cache_is_emptied(house: House) -> None:
    secret, _ = set_up(signed_in(house.olena))
    code = code_of(secret)
    assert enters(half_way(house.olena), code)
    cache.clear()
    assert not enters(half_way(house.olena), code)
    cache.clear()
    assert not enters(half_way(house.olena), code_of(secret, step=-1)), "the one that turned it on is used too"
    assert enters(half_way(house.olena), code_of(secret, step=1))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_spend_one_code_at_once_one_gets_through(house: House) -> None:
    secret, _ = set_up(signed_in(house.olena))
    app = Authenticator.objects.get(user=house.olena, type="totp")
    start, outcomes, code = threading.Barrier(2), [], code_of(secret)

    def spend() -> None:
        start.wait(30)
        outcomes.append(second_factor.spend_code(Authenticator.objects.get(pk=app.pk), code))
        connection.close()

    threads = [threading.Thread(target=spend) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == [False, True]


def test_a_recovery_code_counts_once_and_is_shown_once(house: House) -> None:
    client = signed_in(house.olena)
    _, codes = set_up(client)
    assert codes[0] not in client.get(CODES).content.decode()
    assert enters(half_way(house.olena), codes[0])
    assert not enters(half_way(house.olena), codes[0])
    assert enters(half_way(house.olena), codes[1])
    made = client.post(NEW_CODES)
    assert (made.status_code, made["Location"]) == (302, CODES)
    fresh = re.findall(r"<code>(\d{10})</code>", client.get(CODES).content.decode())
    assert not enters(half_way(house.olena), codes[2])
    assert enters(half_way(house.olena), fresh[0])
    assert kinds(house.olena) == ["agent.second_factor_added", "agent.recovery_codes_made"]


def test_guessing_ends_after_five_tries_whoever_asks(house: House) -> None:
    secret, _ = set_up(signed_in(house.olena))
    client = half_way(house.olena)
    for number in range(5):
        client.post(CODE, {"code": f"{number:06}"}, REMOTE_ADDR=f"192.0.2.{number}")
    refused = client.post(CODE, {"code": code_of(secret)}, REMOTE_ADDR="203.0.113.9")
    assert b"Too many failed" in refused.content
    assert "_auth_user_id" not in client.session


def test_no_secret_lies_in_clear_anywhere(house: House) -> None:
    client = signed_in(house.olena)
    page = client.get(APP).content.decode()
    [secret] = re.findall(r"<code>([A-Z2-7]{32})</code>", page)
    assert secret not in json.dumps(dict(client.session)), "not even while it waits to be confirmed"
    client.post(APP, {"code": code_of(secret)})
    codes = re.findall(r"<code>(\d{10})</code>", client.get(CODES).content.decode())
    kept = json.dumps([row.data for row in Authenticator.objects.all()]) + json.dumps(dict(client.session))
    kept += json.dumps([event.data for event in Event.objects.all()])
    assert [word for word in (secret, *codes) if word in kept] == []


def test_the_operators_keys_can_be_changed(house: House, settings: Any) -> None:
    secret, codes = set_up(signed_in(house.olena))
    old, new = settings.CREDENTIALS_KEYS[0], Fernet.generate_key().decode()
    settings.CREDENTIALS_KEYS = [new, old]
    assert rotate_credentials() == (2, 0)
    settings.CREDENTIALS_KEYS = [new]
    assert enters(half_way(house.olena), code_of(secret))
    assert enters(half_way(house.olena), codes[0])
    settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CredentialsError):
        second_factor.SecondFactors().decrypt(Authenticator.objects.get(type="totp").data["secret"])


def test_without_a_key_the_page_says_what_is_missing(house: House, settings: Any) -> None:
    settings.CREDENTIALS_KEYS = []
    page = signed_in(house.olena).get(APP, follow=True)
    assert page.redirect_chain == [("/profile/security/", 302)]
    assert b"HELPDESK_CREDENTIALS_KEYS" in page.content
    assert not Authenticator.objects.exists()


def test_turning_it_off_needs_a_fresh_sign_in(house: House) -> None:
    set_up(signed_in(house.olena))
    late = Client()
    late.force_login(house.olena)
    for path in ("/accounts/2fa/app/remove/", NEW_CODES, "/accounts/passkeys/add/"):
        asked = late.post(path)
        assert (asked.status_code, asked["Location"].split("?")[0]) == (302, "/accounts/reauthenticate/")
    assert Authenticator.objects.filter(type="totp").count() == 1
    fresh = signed_in(house.olena)
    assert fresh.post("/accounts/2fa/app/remove/").status_code == 302
    assert not Authenticator.objects.exists(), "recovery codes go with the last"
    assert kinds(house.olena) == ["agent.second_factor_added", "agent.second_factor_removed"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/views/",
        "/profile/",
        "/team/",
        "/files/11111111-1111-4111-8111-111111111111/",
        "/search/",
        "/accounts/2fa/codes/",
    ],
)
def test_where_it_is_required_nothing_else_can_be_done(house: House, settings: Any, path: str) -> None:
    settings.SECOND_FACTOR = "require"
    client = signed_in(house.adam)
    led = client.get(path)
    assert (led.status_code, led["Location"]) == (302, "/profile/security/")
    script = client.get(path, headers={"X-Requested-With": "fetch"})
    assert (script.status_code, script.json()["code"]) == (403, "second_factor_missing")
    page = client.get("/profile/security/").content.decode()
    assert "One more step" in page
    assert "Where you are signed in" not in page


def test_required_set_up_and_in(house: House, settings: Any) -> None:
    settings.SECOND_FACTOR = "require"
    client = Client()
    signed = client.post(LOGIN, {"login": "olena@shop.example", "password": PASSWORD}, follow=True)
    assert signed.redirect_chain[-1] == ("/profile/security/", 302)
    secret, _ = set_up(client)
    assert client.get("/profile/").status_code == 200
    other = half_way(house.olena)
    assert enters(other, code_of(secret))
    assert other.get("/profile/").status_code == 200
    client.post("/accounts/2fa/app/remove/")
    assert client.get("/profile/")["Location"] == "/profile/security/"
    assert "_auth_user_id" not in other.session, "browsers that were let in by it are out"


def test_an_admin_resets_it_and_the_person_is_told(house: House, settings: Any) -> None:
    set_up(signed_in(house.ben))
    ben, admin = Client(), signed_in(house.adam)
    ben.force_login(house.ben)
    assert ben.get("/profile/").status_code == 200
    assert b"Take the second step away" in admin.get(f"/team/agents/{house.ben.pk}/").content
    assert admin.post(f"/team/agents/{house.ben.pk}/second-factor/reset/").status_code == 302
    assert not Authenticator.objects.filter(user=house.ben).exists()
    assert not AgentSession.objects.filter(agent=house.ben).exists()
    assert kinds(house.ben)[-2:] == ["agent.second_factor_reset", "agent.signed_out"]
    event = Event.objects.get(kind="agent.second_factor_reset")
    assert event.actor_id == house.adam.pk
    mail_about(event.pk)
    [message] = mail.outbox
    assert (message.to, "An admin has taken away" in message.body) == (["ben@shop.example"], True)
    again = admin.post(f"/team/agents/{house.ben.pk}/second-factor/reset/")
    assert again.status_code == 302
    assert kinds(house.ben).count("agent.second_factor_reset") == 1


@pytest.mark.parametrize("who", ["olena", "mallory", "vera"])
def test_nobody_else_resets_it(house: House, who: str) -> None:
    set_up(signed_in(house.ben))
    before = kinds(house.ben)
    with pytest.raises(PermissionDenied):
        second_factor.reset_second_factor(house.ben, by=getattr(house, who))
    with pytest.raises(PermissionDenied):
        second_factor.reset_second_factor(house.adam, by=house.adam)
    assert signed_in(getattr(house, who)).post(f"/team/agents/{house.ben.pk}/second-factor/reset/").status_code == 403
    assert Authenticator.objects.filter(user=house.ben).count() == 2
    assert kinds(house.ben) == before


def test_a_passkeys_home_is_the_configured_host(house: House, settings: Any) -> None:
    settings.BASE_URL = "https://desk.shop.example"
    page = signed_in(house.olena).get("/accounts/passkeys/add/", HTTP_HOST="localhost:666").content.decode()
    assert '"rp": {"name": "Helpdesk", "id": "desk.shop.example"}' in page


def test_others_keys_are_not_there(house: House) -> None:
    key = Authenticator.objects.create(user=house.ben, type="webauthn", data={"name": "Key", "credential": {}})
    for path in (f"/accounts/passkeys/{key.pk}/", f"/accounts/passkeys/{key.pk}/remove/"):
        assert signed_in(house.adam).post(path, {"name": "Mine"}).status_code == 404
    assert Authenticator.objects.get().data["name"] == "Key"
