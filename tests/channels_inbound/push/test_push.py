"""Browsers are told by a push service over HTTP: once, encrypted, of what their agent may see, and no longer than that."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from channels_inbound.models import PushedNotice, PushKey, PushSubscription
from channels_inbound.push.browsers import our_key, subscribe_browser
from channels_inbound.push.crypto import b64, new_private_key, public_bytes
from channels_inbound.push.sending import push_notices, sweep_pushed
from events.models import Event
from people.models import Agent, AgentSession
from tests.people import House, make_house, open_ticket
from tests.tickets.live.site import sign_in
from tickets.actions import assign_ticket, move_to_team
from tickets.errors import InvalidInput
from tickets.models import Notification, Ticket
from tickets.notices import notify_agents

from .test_crypto import opened

pytestmark = pytest.mark.django_db


class Service:
    """A push service: keeps what it is sent, answers as it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: dict[str, int] = {}
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.heard.append((self.path, dict(self.headers), body))
                self.send_response(service.answers.get(self.path, 201))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}{path}"


class Browser:
    def __init__(self, service: Service, agent: Agent, path: str, *, subject: bool = False) -> None:
        self.key, self.auth, self.path, self.service = new_private_key(), os.urandom(16), path, service
        self.session = sign_in(agent)
        self.row = subscribe_browser(
            by=agent, endpoint=service.url(path), p256dh=b64(public_bytes(self.key)), auth=b64(self.auth),
            session_key=self.session, shows_subject=subject,
        )  # fmt: skip

    @property
    def told(self) -> list[dict[str, str]]:
        bodies = [body for path, _headers, body in self.service.heard if path == self.path]
        return [json.loads(opened(body, self.key, self.auth)) for body in bodies]


@pytest.fixture
def service() -> Iterator[Service]:
    running = Service()
    with override_settings(ALLOWED_NETWORKS=["127.0.0.0/8"]):
        yield running
    running.server.shutdown()


@pytest.fixture
def house() -> House:
    return make_house()


def given(house: House, to: Agent, **fields: Any) -> Ticket:
    """A ticket that was just given to the agent, and they were told in the bell."""
    ticket = open_ticket(house.channel, **fields)
    assign_ticket(ticket.pk, by=house.adam, assignee=to)
    notify_agents(Event.objects.get(kind="ticket.assigned", stream_id=ticket.pk))
    assert Notification.objects.filter(agent=to, ticket=ticket).exists()
    return ticket


def push() -> int:
    return push_notices(at=timezone.now())


def test_told_once_encrypted_and_without_a_word_of_anybody(house: House, service: Service) -> None:
    browser = Browser(service, house.olena, "/send/1")
    ticket = given(house, house.olena, subject="My password is 1234", text="Secret words")
    assert (push(), push()) == (1, 0)
    assert browser.told == [
        {"title": "Helpdesk", "body": f"#{ticket.pk} was assigned to you", "url": f"/tickets/{ticket.pk}/",
         "tag": f"ticket-{ticket.pk}"}
    ]  # fmt: skip
    ((_path, headers, body),) = service.heard
    assert (headers["Content-Encoding"], headers["TTL"]) == ("aes128gcm", "14400")
    assert headers["Authorization"].startswith("vapid t=")
    assert headers["Authorization"].endswith(f"k={our_key()[0]}")
    assert b"assigned" not in body


def test_the_subject_only_where_it_is_wanted(house: House, service: Service) -> None:
    browser = Browser(service, house.olena, "/send/1", subject=True)
    ticket = given(house, house.olena, subject="Broken box")
    push()
    assert browser.told[0]["body"] == f"#{ticket.pk} was assigned to you\nBroken box"


def test_nobody_is_told_of_what_they_no_longer_see(house: House, service: Service) -> None:
    browser = Browser(service, house.olena, "/send/1")
    ticket = given(house, house.olena)
    assign_ticket(ticket.pk, by=house.adam, assignee=None)
    move_to_team(ticket.pk, by=house.adam, team=house.returns)
    assert push() == 0
    assert (service.heard, list(PushedNotice.objects.all())) == ([], [])
    assert PushSubscription.objects.filter(pk=browser.row.pk).exists()


def test_what_was_read_or_is_old_or_came_before_is_not_told(house: House, service: Service) -> None:
    given(house, house.olena)
    Browser(service, house.olena, "/send/1")
    assert push() == 0, "it came before the browser"
    given(house, house.olena, subject="Read")
    Notification.objects.update(read_at=timezone.now())
    given(house, house.olena, subject="Old")
    assert push_notices(at=timezone.now() + timedelta(minutes=11)) == 0
    assert service.heard == []


def test_signed_out_or_switched_off_it_is_told_no_more(house: House, service: Service) -> None:
    out, off = Browser(service, house.olena, "/send/1"), Browser(service, house.ben, "/send/2")
    given(house, house.olena)
    given(house, house.ben)
    AgentSession.objects.filter(session_key=out.session).delete()
    Agent.objects.filter(pk=house.ben.pk).update(is_active=False)
    assert push() == 0
    assert service.heard == []
    assert list(PushSubscription.objects.values_list("pk", flat=True)) == [off.row.pk]


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(house: House, service: Service, status: int) -> None:
    gone, here = Browser(service, house.olena, "/send/1"), Browser(service, house.olena, "/send/2")
    service.answers["/send/1"] = status
    given(house, house.olena)
    assert push() == 1
    assert len(here.told) == 1
    assert list(PushSubscription.objects.values_list("pk", flat=True)) == [here.row.pk]
    assert not PushSubscription.objects.filter(pk=gone.row.pk).exists()


def test_a_service_in_trouble_stops_nobody_else_and_is_given_up_late(house: House, service: Service) -> None:
    bad, good = Browser(service, house.olena, "/send/1"), Browser(service, house.olena, "/send/2")
    service.answers["/send/1"] = 500
    given(house, house.olena)
    assert push() == 1
    assert len(good.told) == 1
    bad.row.refresh_from_db()
    assert bad.row.failures == 1
    PushSubscription.objects.filter(pk=bad.row.pk).update(failures=19)
    given(house, house.olena, subject="Again")
    push()
    assert not PushSubscription.objects.filter(pk=bad.row.pk).exists()


def test_an_address_inside_our_network_is_not_called(house: House, service: Service) -> None:
    Browser(service, house.olena, "/send/1")
    given(house, house.olena)
    with override_settings(ALLOWED_NETWORKS=[]):
        assert push() == 0
    assert service.heard == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://push.example/\x00",
        "https://push.example/\t",
        "",
        "ftp://push.example/1",
        "http://push.example/1",
        "https://u@push.example/",
        "https://x/" + "y" * 1000,
    ],
)
def test_what_is_no_address_of_a_push_service(house: House, endpoint: str) -> None:
    key, session = new_private_key(), sign_in(house.olena)
    with pytest.raises(InvalidInput):
        subscribe_browser(
            by=house.olena, endpoint=endpoint, p256dh=b64(public_bytes(key)), auth=b64(os.urandom(16)),
            session_key=session, shows_subject=False,
        )  # fmt: skip
    assert not PushSubscription.objects.exists()


class TestPages:
    def test_a_browser_subscribes_changes_hands_and_leaves(self, house: House) -> None:
        olena, ben = Client(), Client()
        olena.force_login(house.olena)
        ben.force_login(house.ben)
        key = olena.get("/push/").json()["key"]
        assert key == PushKey.objects.get().public
        assert "PRIVATE" not in PushKey.objects.get().secret
        form = {"endpoint": "https://push.example/1", "p256dh": b64(public_bytes(new_private_key())),
                "auth": b64(os.urandom(16)), "subject": "1"}  # fmt: skip
        assert olena.post("/push/browsers/", form).status_code == 200
        assert olena.get("/push/").json() == {"key": key, "subject": True}
        assert ben.post("/push/browsers/remove/", form).status_code == 200
        assert ben.post("/push/browsers/remove/", {"endpoint": "\x00"}).status_code == 200
        assert PushSubscription.objects.get().agent == house.olena, "not Ben's to remove"
        assert ben.post("/push/browsers/", form).status_code == 200
        assert PushSubscription.objects.get().agent == house.ben
        assert ben.post("/push/browsers/remove/", form).status_code == 200
        assert not PushSubscription.objects.exists()
        assert Client().post("/push/browsers/", form).status_code == 302

    def test_without_a_key_of_the_server_it_says_so(self, house: House) -> None:
        client = Client()
        client.force_login(house.olena)
        with override_settings(CREDENTIALS_KEYS=[]):
            answer = client.get("/push/")
        assert answer.status_code == 503
        assert not PushKey.objects.exists()

    def test_an_application_of_its_own(self, house: House) -> None:
        client = Client()
        manifest = client.get(reverse("manifest"))
        assert manifest["Content-Type"] == "application/manifest+json"
        said = manifest.json()
        assert (said["display"], said["start_url"]) == ("standalone", "/")
        assert {icon["sizes"] for icon in said["icons"]} == {"192x192", "512x512"}
        worker = client.get("/service-worker.js")
        assert (worker["Content-Type"], worker["Cache-Control"]) == ("text/javascript", "no-cache")
        assert b"/offline/" in worker.content
        page = client.get("/offline/").content.decode()
        assert "cannot be reached" in page
        assert "app.js" not in page


def test_what_was_told_long_ago_is_swept(house: House, service: Service) -> None:
    Browser(service, house.olena, "/send/1")
    given(house, house.olena)
    push()
    sweep_pushed(at=timezone.now() + timedelta(hours=23))
    assert PushedNotice.objects.count() == 1
    sweep_pushed(at=timezone.now() + timedelta(hours=25))
    assert not PushedNotice.objects.exists()
