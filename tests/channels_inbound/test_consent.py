"""Being let into a mailbox by its owner, against a sign-in service that answers over HTTP and checks what it is told."""

from __future__ import annotations

import html
import http.client
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from channels_inbound import consent
from channels_inbound.credentials import decrypt
from channels_inbound.imap import actions as mailboxes
from channels_inbound.imap import oauth
from channels_inbound.models import Mailbox, OutgoingServer
from channels_inbound.outgoing import actions as servers
from events.models import Event
from people.permissions import PermissionDenied
from tests.people import House, make_house, row_counts
from tests.providers.server import running
from tests.providers.sign_in import CLIENT, CLIENT_SECRET, SignInServer
from tests.security.world import signed_in
from tickets.errors import InvalidInput, TooLate

pytestmark = pytest.mark.django_db
TOKENS = {"access_token": "a", "refresh_token": "r", "expires_at": "2026-03-02T10:00:00+00:00"}


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def service() -> Iterator[SignInServer]:
    server = SignInServer()
    with running(server):
        yield server


def settings_at(service: SignInServer, **more: Any) -> dict[str, Any]:
    return {
        "host": "imap.shop.example", "username": "support@shop.example", "auth": "oauth", "client_id": CLIENT,
        "authorize_url": f"{service.url}/authorize", "token_url": f"{service.url}/token", "scope": "mail offline",
    } | more  # fmt: skip


@pytest.fixture
def mailbox(house: House, service: SignInServer) -> Mailbox:
    secret = {"client_secret": CLIENT_SECRET}
    return mailboxes.add_mailbox(house.channel, settings_at(service), secret, by=house.adam)


def way_there(client: Client, kind: str, row_id: int) -> str:
    """The link of the page that leads to the provider."""
    response = client.post(f"/channels/sign-in/{kind}/{row_id}/")
    assert response.status_code == 200
    found = re.search(r'<a class="btn pri" href="([^"]+)"', response.content.decode())
    assert found
    return html.unescape(found[1])


def clicked(url: str) -> str:
    """What the provider sends the browser back to, as path and query."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port or 80, timeout=5)
    connection.request("GET", f"{place.path}?{place.query}")
    response = connection.getresponse()
    assert response.status == 302, response.read()
    back = urlsplit(response.getheader("Location") or "")
    connection.close()
    assert f"{back.scheme}://{back.netloc}{back.path}" == consent.redirect_uri()
    return f"{back.path}?{back.query}"


def kept(row: Mailbox | OutgoingServer) -> dict[str, str]:
    row.refresh_from_db()
    return decrypt(row.secret)


def test_the_owner_signs_in_and_we_are_let_in(house: House, mailbox: Mailbox, service: SignInServer) -> None:
    client, version = signed_in(house.adam), mailbox.version
    page = f"/channels/mailboxes/{mailbox.pk}/"
    assert "Not granted yet" in client.get(page).content.decode()
    url = way_there(client, "mailbox", mailbox.pk)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert (asked["response_type"], asked["scope"], asked["login_hint"]) == ("code", "mail offline", mailbox.username)
    assert len(asked["state"]) >= 43
    back = client.get(clicked(url), follow=True)
    assert "Access is granted." in back.content.decode()
    secret = kept(mailbox)
    assert secret.pop("expires_at") > timezone.now().isoformat()
    assert secret == {"client_secret": CLIENT_SECRET, "access_token": "short-token", "refresh_token": "lasting-token"}
    assert "lasting" not in mailbox.secret
    assert mailbox.version == version + 1
    event = Event.objects.filter(stream_type="channel").latest("id")
    assert (event.kind, event.data["changed"]) == ("mailbox.changed", ["access"])
    assert "Granted" in client.get(page).content.decode()


def test_a_server_to_send_by_is_let_in_alike(house: House, service: SignInServer) -> None:
    server = servers.add_server(
        house.channel, settings_at(service), {"client_secret": CLIENT_SECRET}, by=house.adam
    )  # fmt: skip
    client = signed_in(house.adam)
    client.get(clicked(way_there(client, "outgoing", server.pk)))
    assert kept(server)["refresh_token"] == "lasting-token"


def test_what_came_back_counts_once(house: House, mailbox: Mailbox, service: SignInServer) -> None:
    client = signed_in(house.adam)
    back = clicked(way_there(client, "mailbox", mailbox.pk))
    assert client.head(back).status_code == 404
    assert client.get(back).status_code == 302
    before, asked = row_counts(), len(service.requests)
    assert client.get(back).status_code == 404
    assert (row_counts(), len(service.requests)) == (before, asked)


def test_in_no_other_session(house: House, mailbox: Mailbox, service: SignInServer) -> None:
    """Neither an admin's in whom somebody plants a code of their own mailbox, nor a stranger's."""
    back = clicked(way_there(signed_in(house.adam), "mailbox", mailbox.pk))
    before = kept(mailbox)
    assert signed_in(house.adam).get(back).status_code == 404
    assert signed_in(house.olena).get(back).status_code == 404
    assert Client().get(back).status_code == 302  # to sign in
    assert (kept(mailbox), service.accepted) == (before, [])


def test_a_code_of_another_sign_in_is_refused(house: House, mailbox: Mailbox, service: SignInServer) -> None:
    """PKCE: the code belongs to the verifier it was asked with."""
    client = signed_in(house.adam)
    first, second = (clicked(way_there(client, "mailbox", mailbox.pk)) for _ in range(2))
    code = parse_qs(urlsplit(first).query)["code"][0]
    stolen = re.sub(r"code=[^&]+", f"code={code}", second)
    assert "invalid_grant" in client.get(stolen, follow=True).content.decode()
    assert "refresh_token" not in kept(mailbox)


@pytest.mark.parametrize(("how", "words"), [
    ({"says_no": True}, "access_denied"), ({"lasting": False}, "no lasting token"),
])  # fmt: skip
def test_no_access_is_said(
    house: House, mailbox: Mailbox, service: SignInServer, how: dict[str, bool], words: str
) -> None:
    for name, value in how.items():
        setattr(service, name, value)
    client = signed_in(house.adam)
    back = client.get(clicked(way_there(client, "mailbox", mailbox.pk)), follow=True)
    assert words in back.content.decode()
    assert kept(mailbox) == {"client_secret": CLIENT_SECRET}


def test_a_service_that_hangs_up_is_said(house: House, mailbox: Mailbox, service: SignInServer) -> None:
    client = signed_in(house.adam)
    back = clicked(way_there(client, "mailbox", mailbox.pk))
    service.faults.append("hang up")
    assert "cannot be asked" in client.get(back, follow=True).content.decode()
    assert kept(mailbox) == {"client_secret": CLIENT_SECRET}


def test_not_for_settings_that_changed_meanwhile(house: House, mailbox: Mailbox, service: SignInServer) -> None:
    client = signed_in(house.adam)
    back = clicked(way_there(client, "mailbox", mailbox.pk))
    changed = settings_at(service, authorize_url=f"{service.url}/other")
    mailboxes.change_mailbox(mailbox.pk, changed, {}, by=house.adam)
    assert "changed meanwhile" in client.get(back, follow=True).content.decode()
    assert kept(mailbox) == {"client_secret": CLIENT_SECRET}
    with pytest.raises(TooLate):
        mailboxes.grant_access(mailbox.pk, TOKENS, ("https://x.example", "y", "z"), by=house.adam)


def test_too_late_is_too_late(house: House, mailbox: Mailbox) -> None:
    now = timezone.now()
    _url, entries = consent.begin("mailbox", mailbox, {}, at=now)
    (entry,) = entries.values()
    with pytest.raises(InvalidInput):
        consent.finish(entry, "code-1", by=house.adam, at=now + timedelta(minutes=16))


def test_a_session_keeps_few(mailbox: Mailbox) -> None:
    entries: dict[str, Any] = {}
    for _ in range(9):
        _url, entries = consent.begin("mailbox", mailbox, entries, at=timezone.now())
    assert len(entries) == consent.AT_ONCE


@pytest.mark.parametrize("url", ["http://accounts.example/auth", "javascript:alert(1)", "https://", "ftp://x.example"])
def test_the_sign_in_page_is_one_of_the_web(house: House, mailbox: Mailbox, url: str) -> None:
    mailbox.authorize_url = url
    with pytest.raises(InvalidInput):
        consent.begin("mailbox", mailbox, {}, at=timezone.now())


def test_nobody_else_may(house: House, mailbox: Mailbox) -> None:
    before = row_counts()
    place = (mailbox.authorize_url, mailbox.token_url, mailbox.client_id)
    for who in (house.olena, house.vera):
        assert signed_in(who).post(f"/channels/sign-in/mailbox/{mailbox.pk}/").status_code == 404
        with pytest.raises(PermissionDenied):
            mailboxes.grant_access(mailbox.pk, TOKENS, place, by=who)
        with pytest.raises(PermissionDenied):
            servers.grant_access(1, TOKENS, place, by=who)
    assert signed_in(house.adam).post(f"/channels/sign-in/nothing/{mailbox.pk}/").status_code == 404
    assert row_counts()["events_event"] == before["events_event"]


@pytest.mark.parametrize(("page", "provider", "host"), [
    ("/channels/mailboxes/new/", "google", "imap.gmail.com"),
    ("/channels/mailboxes/new/", "microsoft", "outlook.office365.com"),
    ("/channels/{}/outgoing/new/", "microsoft", "smtp.office365.com"),
])  # fmt: skip
def test_the_big_two_are_filled_in(house: House, page: str, provider: str, host: str) -> None:
    body = signed_in(house.adam).get(page.format(house.channel.pk), {"provider": provider}).content.decode()
    assert f'value="{host}"' in body
    assert "/authorize" in body or "/v2/auth" in body


@pytest.mark.parametrize("life", [10**20, -(10**20), 0])
def test_no_length_of_life_breaks_anything(mailbox: Mailbox, service: SignInServer, life: int) -> None:
    service.life = life
    client = oauth.TokenClient(mailbox.token_url, CLIENT, "")
    fresh = oauth.refresh(client, {"client_secret": CLIENT_SECRET, "refresh_token": "r"}, at=timezone.now())
    assert fresh["access_token"] == "renewed" and oauth.is_fresh(fresh, at=timezone.now()) == (life >= 0)


def test_an_answer_without_an_end_is_none() -> None:
    with pytest.raises(oauth.TokenUnavailable):
        oauth._tokens(oauth._understood(200, b"[" * 60_000), at=timezone.now())
