"""Missed deadlines told to other systems: signed, once, tried again, and never into our own network."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from events.models import Event
from metrics import webhooks
from metrics.clocks.escalation import escalate
from metrics.clocks.sweep import sweep
from metrics.models import Policy, Webhook, WebhookCall
from metrics.webhooks import WAITS, add_webhook, send_calls
from people.http_client import Answer
from people.permissions import PermissionDenied
from tests.metrics.shop import ask, database_now, lead, make_policy, settle
from tests.people import House, make_house, row_counts
from tests.providers.http_system import BROKEN, LIMITED, HttpSystem
from tests.providers.server import Reply, running
from tickets.errors import InvalidInput
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def system(settings: Any) -> Iterator[HttpSystem]:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with running(HttpSystem()) as simulator:
        assert isinstance(simulator, HttpSystem)
        yield simulator


def late(house: House, system: HttpSystem, url: str = "") -> Ticket:
    """A ticket whose deadline has passed, by a policy that calls the system; nothing is sent yet."""
    webhook, system.secret = add_webhook(by=house.adam, name="Pager", url=url or f"{system.url}/alarm?team=1")
    make_policy(escalation=[{"when": 100, "do": "webhook", "value": webhook.pk}])
    ticket = ask(house.channel, ago=90 * MINUTE)
    sweep()
    settle()
    return ticket


def call() -> WebhookCall:
    return WebhookCall.objects.get()


def told(system: HttpSystem) -> list[dict[str, Any]]:
    return [request.json for request in system.requests]


def test_it_is_told_once_signed_and_without_anybodys_words(house: House, system: HttpSystem) -> None:
    ticket = late(house, system)
    breach = Event.objects.get(kind="sla.breached")
    escalate(breach)
    escalate(breach)
    at = database_now()
    assert (send_calls(at=at), send_calls(at=at)) == (1, 0)
    [body] = told(system)
    assert (body["type"], body["target"], body["percent"], body["id"]) == (
        "sla.breached", "first", 100, str(call().public_id),
    )  # fmt: skip
    assert (body["ticket"]["id"], body["ticket"]["team"]) == (ticket.pk, house.support.pk)
    assert body["due"] == breach.data["due"] and ticket.subject not in str(body) and "Zoe" not in str(body)
    assert system.requests[0].headers["idempotency-key"] == body["id"]
    assert len(system.accepted) == 1, "the signature is the other side's own reckoning"
    assert (call().state, call().attempts, call().trouble, call().next_at) == ("sent", 1, "", None)


@pytest.mark.parametrize("fault", [BROKEN, LIMITED, "hang up"])
def test_what_may_go_better_later_is_tried_again(house: House, system: HttpSystem, fault: Any) -> None:
    late(house, system)
    system.faults = [fault]
    at = database_now()
    assert send_calls(at=at) == 1
    assert (call().state, call().next_at) == ("waiting", at + WAITS[0])
    assert call().trouble
    assert send_calls(at=at + WAITS[0] - timedelta(seconds=1)) == 0
    assert send_calls(at=at + WAITS[0]) == 1
    assert (call().state, call().attempts, call().trouble) == ("sent", 2, "")
    assert len({request.headers["idempotency-key"] for request in system.requests}) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410])
def test_a_plain_no_is_one(house: House, system: HttpSystem, status: int) -> None:
    late(house, system)
    system.faults = [Reply(status, {}, {"Location": "http://127.0.0.1:1/"})]
    send_calls(at=database_now())
    assert (call().state, call().trouble) == ("failed", f"the other side answered {status}")
    assert send_calls(at=database_now() + timedelta(days=1)) == 0


def test_after_the_last_try_it_is_given_up_and_forgotten_in_a_month(house: House, system: HttpSystem) -> None:
    late(house, system)
    system.faults = [BROKEN] * 9
    at = database_now()
    for wait in WAITS:
        assert send_calls(at=at) == 1
        at += wait
    assert call().state == "waiting"
    assert send_calls(at=at) == 1
    assert (call().state, call().attempts, len(system.requests)) == ("failed", len(WAITS) + 1, len(WAITS) + 1)
    send_calls(at=at + timedelta(days=31))
    assert not WebhookCall.objects.exists()


def test_our_own_network_is_never_called(house: House, system: HttpSystem, settings: Any) -> None:
    late(house, system)
    settings.ALLOWED_NETWORKS = []
    send_calls(at=database_now())
    assert system.requests == [] and call().state == "waiting"
    assert "private network" in call().trouble


def test_a_worker_that_died_in_the_middle_has_it_tried_by_the_next(
    house: House, system: HttpSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    late(house, system)
    at = database_now()

    def die(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr("metrics.webhooks._note", die)
        send_calls(at=at)
    assert send_calls(at=at + timedelta(seconds=30)) == 0, "whoever tries has a minute"
    assert send_calls(at=at + timedelta(seconds=61)) == 1
    assert (call().state, call().attempts) == ("sent", 2)
    assert len({request.headers["idempotency-key"] for request in system.requests}) == 1


@pytest.mark.parametrize("slow_one", [Answer(200, {}, b""), None])
def test_who_comes_back_after_the_lease_changes_nothing_but_that_it_was_taken(
    house: House, system: HttpSystem, slow_one: Answer | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the first waits for an answer for over a minute, a second tries too, and is told to come back later."""
    late(house, system)
    system.faults = [BROKEN]
    at, real = database_now(), webhooks._send

    def wait_long(*given: Any) -> tuple[Answer | None, str]:
        monkeypatch.setattr(webhooks, "_send", real)
        assert send_calls(at=at + timedelta(seconds=61)) == 1
        return slow_one, "" if slow_one else "it did not answer"

    monkeypatch.setattr(webhooks, "_send", wait_long)
    send_calls(at=at)
    if slow_one:
        assert (call().state, call().next_at) == ("sent", None)
    else:
        assert (call().state, call().attempts) == ("waiting", 2)
        assert call().next_at == at + timedelta(seconds=61) + WAITS[1] and "502" in call().trouble


def test_a_webhook_removed_while_it_is_called_stops_no_other(
    house: House, system: HttpSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    late(house, system)
    real = webhooks._send

    def remove(*given: Any) -> tuple[Answer | None, str]:
        Webhook.objects.all().delete()
        return real(*given)

    monkeypatch.setattr(webhooks, "_send", remove)
    assert send_calls(at=database_now()) == 1 and not WebhookCall.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_workers_call_once(settings: Any) -> None:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    house = make_house()
    with running(HttpSystem()) as system:
        assert isinstance(system, HttpSystem)
        late(house, system)
        at: datetime = database_now()

        def work() -> None:
            send_calls(at=at)
            connection.close()

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(system.requests) == 1 and call().state == "sent"


def test_who_is_gone_is_not_called(house: House, system: HttpSystem) -> None:
    make_policy(escalation=[{"when": 100, "do": "webhook", "value": 999}])
    ask(house.channel, ago=90 * MINUTE)
    sweep()
    settle()
    assert not WebhookCall.objects.exists()


def browser(agent: Any) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def test_a_manager_adds_one_uses_it_and_may_not_remove_it_while_it_is_used(house: House) -> None:
    client = browser(lead(house.ben))
    made = client.post(reverse("webhook_new"), {"name": "Pager", "url": "https://pager.example/alarm"})
    webhook = Webhook.objects.get()
    event = Event.objects.get(kind="webhook.saved")
    assert made.status_code == 200 and "no-store" in made["Cache-Control"]
    assert event.data == {"webhook": webhook.pk, "name": "Pager"} and "pager.example" not in webhook.secret
    policy = make_policy()
    form = {"name": policy.name, "is_active": "on", "calendar": policy.calendar_id, "first_seconds": "1h",
            "late_webhook": webhook.pk}  # fmt: skip
    assert client.post(reverse("policy_edit", args=[policy.pk]), form).status_code == 302
    assert Policy.objects.get(pk=policy.pk).escalation == [{"when": 100, "do": "webhook", "value": webhook.pk}]
    shown = client.get(reverse("policy_edit", args=[policy.pk])).content.decode()
    assert f'value="{webhook.pk}" selected' in shown
    page = client.get(reverse("service_levels")).content.decode()
    assert "Pager" in page and "Not called yet" in page
    client.post(reverse("webhook_remove", args=[webhook.pk]))
    assert Webhook.objects.exists()
    Policy.objects.filter(pk=policy.pk).update(escalation=[])
    client.post(reverse("webhook_remove", args=[webhook.pk]))
    client.post(reverse("webhook_remove", args=[webhook.pk]))
    assert not Webhook.objects.exists() and Event.objects.filter(kind="webhook.removed").count() == 1


@pytest.mark.parametrize("url", ["ftp://pager.example/", "pager", "https://u:p@pager.example/", "javascript:alert(1)"])
def test_only_plain_addresses_are_taken(house: House, url: str) -> None:
    before = row_counts()
    answer = browser(house.adam).post(reverse("webhook_new"), {"name": "Pager", "url": url})
    assert answer.status_code == 422 and row_counts() == before


def test_nobody_else_adds_one_and_no_name_stands_for_two(house: House) -> None:
    before = row_counts()
    with pytest.raises(PermissionDenied):
        add_webhook(by=house.olena, name="Pager", url="https://pager.example/")
    assert row_counts() == before
    add_webhook(by=house.adam, name="Pager", url="https://pager.example/")
    with pytest.raises(InvalidInput):
        add_webhook(by=house.adam, name="Pager", url="https://other.example/")
