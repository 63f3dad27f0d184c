"""What is done by the clock: tokens renewed before they end, and what webhooks lost found at the provider, once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from channels_inbound.alarms import tell_people
from channels_inbound.credentials import decrypt
from channels_inbound.delivery import drain_outbound
from channels_inbound.hooks import upkeep
from channels_inbound.hooks.accounts import hook_url
from channels_inbound.hooks.connections import announce_hook, change_connection
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.media import MOST_ATTEMPTS, drain_media
from channels_inbound.hooks.provider import SendError
from channels_inbound.hooks.upkeep import keep_up
from channels_inbound.models import Connection, ConnectionState, RawDelivery, RemoteMedia, SentPart, Upkeep, UpkeepKind
from channels_inbound.twilio import lists, sms
from events.models import Event
from people.http_client import HttpClient
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import House, make_house
from tests.providers import twilio
from tests.providers.graph import APP_ID, APP_SECRET, EXPIRED, TOKEN, GraphServer
from tests.providers.server import Reply, running
from tests.providers.telegram import TOKEN as BOT
from tests.providers.telegram import TelegramServer
from tests.providers.twilio import TwilioServer, listed_call, listed_message, listed_recording
from tickets.actions import reply
from tickets.models import Attachment, Call, Message, Notification, OutboxState, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

INSTAGRAM = {"account_id": "17841400123456789", "token": TOKEN, "app_secret": APP_SECRET}
MESSENGER = {"page_id": "1001", "token": TOKEN, "app_secret": APP_SECRET, "app_id": APP_ID}
SHOP, CUSTOMER = "+380440000100", "+380501234567"
NUMBER = {"number": SHOP, "account_sid": twilio.SID, "auth_token": twilio.TOKEN}
DAY = timedelta(days=1)
BROKEN = Reply(500, {"error": {"message": "Please try again", "code": 2, "is_transient": True}})
NOT_ALLOWED = Reply(400, {"error": {"message": "(#10) Application does not have permission", "code": 10}})


@pytest.fixture
def house(settings: Any) -> House:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.CREDENTIALS_KEYS = [KEY]
    return make_house()


@pytest.fixture
def graph(settings: Any) -> Iterator[GraphServer]:
    server = GraphServer()
    with running(server):
        settings.PROVIDER_ENDPOINTS = {"graph": server.url, "instagram": server.url}
        yield server


@pytest.fixture
def phone(settings: Any) -> Iterator[TwilioServer]:
    server = TwilioServer()
    with running(server):
        settings.PROVIDER_ENDPOINTS = {"twilio": server.url}
        yield server


def token_of(connection: Connection) -> str:
    return decrypt(Connection.objects.get(pk=connection.pk).secret)["token"]


def renewal(connection: Connection) -> Upkeep:
    return Upkeep.objects.get(connection=connection, kind=UpkeepKind.RENEW)


def look(connection: Connection) -> Upkeep:
    return Upkeep.objects.get(connection=connection, kind=UpkeepKind.LOOK)


def test_a_token_is_renewed_when_it_is_a_day_old_and_then_ten_days_before_its_end(
    house: House, graph: GraphServer
) -> None:
    made = connect(house, "instagram", INSTAGRAM)
    began = made.secret_changed_at
    assert keep_up(at=began + DAY) == 0 and token_of(made) == TOKEN, "too young to be renewed"
    now = began + timedelta(hours=26)
    assert keep_up(at=now) == 1
    first = token_of(made)
    assert first == graph.token != TOKEN
    row = renewal(made)
    assert (row.until, row.done_at, row.trouble) == (now + 60 * DAY, now, "")
    assert keep_up(at=now + 49 * DAY) == 0 and token_of(made) == first
    assert keep_up(at=now + 50 * DAY) == 1 and token_of(made) == graph.token != first
    assert renewal(made).until == now + 110 * DAY
    assert not Event.objects.filter(kind__startswith="connection.ending").exists()


def test_two_at_once_renew_once_and_a_new_entry_wins(
    house: House, graph: GraphServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = connect(house, "instagram", INSTAGRAM)
    now = made.secret_changed_at + timedelta(hours=26)

    def work() -> None:
        keep_up(at=now)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [one.path for one in graph.requests] == ["/refresh_access_token"]

    # While the provider thinks about it, an admin enters another token: that one stays.
    later = now + 51 * DAY
    renew = type(upkeep.provider("instagram")).renew

    def slow(self: Any, *args: Any) -> Any:
        life = renew(self, *args)
        change_connection(
            made.channel_id, {**INSTAGRAM, "token": "entered-by-hand"}, by=house.adam, name="New", team=house.support,
            locale="en", is_active=True, at=later,
        )  # fmt: skip
        return life

    monkeypatch.setattr(type(upkeep.provider("instagram")), "renew", slow)
    assert keep_up(at=later) == 1
    assert token_of(made) == "entered-by-hand"
    assert not Upkeep.objects.filter(connection=made, kind=UpkeepKind.RENEW).exists(), "its end is to be asked anew"


def test_who_comes_back_late_writes_nothing(house: House, graph: GraphServer, monkeypatch: pytest.MonkeyPatch) -> None:
    made = connect(house, "instagram", INSTAGRAM)
    now = made.secret_changed_at + timedelta(hours=26)
    renew = type(upkeep.provider("instagram")).renew

    def overtaken(self: Any, *args: Any) -> Any:
        monkeypatch.setattr(type(upkeep.provider("instagram")), "renew", renew)
        life = renew(self, *args)
        assert keep_up(at=now + timedelta(minutes=6)) == 1, "its lease is over"
        return life

    monkeypatch.setattr(type(upkeep.provider("instagram")), "renew", overtaken)
    keep_up(at=now)
    assert renewal(made).done_at == now + timedelta(minutes=6)
    assert token_of(made) == graph.token


def test_a_renewal_that_fails_is_yellow_then_told_then_red(house: House, graph: GraphServer, client: Client) -> None:
    made = connect(house, "instagram", INSTAGRAM)
    now = made.secret_changed_at + timedelta(hours=26)
    keep_up(at=now)
    ends = renewal(made).until
    assert ends
    graph.renewals = [BROKEN]
    assert keep_up(at=ends - 10 * DAY) == 1
    row = renewal(made)
    assert (row.trouble, row.told_at, row.due_at) == ("Please try again", None, ends - 10 * DAY + timedelta(hours=1))
    made.refresh_from_db()
    assert made.state == ConnectionState.NEW, "it sends as before"
    client.force_login(house.adam)
    page = client.get(f"/channels/{made.channel_id}/connection/").content.decode()
    assert "pill warn" in page and "Please try again" in page

    graph.renewals = [NOT_ALLOWED, NOT_ALLOWED]
    for hours in (0, 2):
        keep_up(at=ends - 6 * DAY + timedelta(hours=hours))
    told = Event.objects.filter(kind="connection.ending")
    assert told.count() == 1, "once"
    tell_people(told.get())
    tell_people(told.get())
    assert Notification.objects.filter(agent=house.adam).count() == 1
    made.refresh_from_db()
    assert made.state == ConnectionState.NEW, "what may not renew may still send"

    graph.token = "another"
    graph.renewals = [EXPIRED]
    original, graph_answer = TOKEN, graph.answer
    graph.answer = lambda request: EXPIRED  # type: ignore[method-assign]
    keep_up(at=ends + DAY)
    made.refresh_from_db()
    assert made.state == ConnectionState.REFUSED and "expired" in made.trouble
    assert keep_up(at=ends + 2 * DAY) == 0, "who is red is left alone"
    graph.answer, graph.token = graph_answer, original  # type: ignore[method-assign]
    change_connection(
        made.channel_id, INSTAGRAM, by=house.adam, name="Instagram", team=house.support, locale="en", is_active=True,
        at=ends + 3 * DAY,
    )  # fmt: skip


def test_pages_tokens_are_asked_about_and_exchanged_only_when_they_end(house: House, graph: GraphServer) -> None:
    made = connect(house, "messenger", MESSENGER)
    now = made.secret_changed_at + timedelta(minutes=1)
    assert keep_up(at=now) == 1
    assert (renewal(made).until, token_of(made)) == (None, TOKEN)
    assert keep_up(at=now + DAY - timedelta(minutes=1)) == 0
    graph.ends = int((now + 20 * DAY).timestamp())
    assert keep_up(at=now + DAY) == 1
    assert token_of(made) == TOKEN and int(renewal(made).until.timestamp()) == graph.ends  # type: ignore[union-attr]
    assert keep_up(at=now + 11 * DAY) == 1
    assert token_of(made) == graph.token != TOKEN
    assert renewal(made).until == now + 71 * DAY
    assert {one.path for one in graph.requests} == {"/debug_token", "/oauth/access_token"}


def test_without_the_apps_id_nothing_is_asked(house: House, graph: GraphServer) -> None:
    made = connect(house, "messenger", {**MESSENGER, "app_id": ""})
    assert keep_up(at=made.secret_changed_at) == 1
    assert renewal(made).until is None and graph.requests == []


def at_minute(made: Connection, minutes: float) -> datetime:
    return (made.secret_changed_at + timedelta(minutes=minutes)).replace(microsecond=0).astimezone(UTC)


def test_what_webhooks_did_not_bring_is_found_once(house: House, phone: TwilioServer, client: Client) -> None:
    made = connect(house, "sms", NUMBER)
    url = hook_url(made)
    known = twilio.message(url, "SM" + "1" * 32, "By webhook", sender=CUSTOMER, to=SHOP)
    assert deliver(made, known).status_code == 200
    drain_hooks()
    said = [("1", "By webhook"), ("2", "Lost on the way"), ("3", "And a picture"), ("4", "Stop"), ("5", "To another")]
    phone.messages = [
        listed_message(
            "SM" + digit * 32, text, sender=CUSTOMER, to="+380440000199" if digit == "5" else SHOP,
            at=at_minute(made, int(digit)), num_media="1" if digit == "3" else "0",
        )
        for digit, text in reversed(said)
    ]  # fmt: skip
    phone.media = {"SM" + "3" * 32: ["ME1"]}
    now = at_minute(made, 11)
    assert keep_up(at=now) == 1
    drain_hooks()
    assert set(Message.objects.values_list("text", flat=True)) == {"By webhook", "Lost on the way", "And a picture"}
    lost = Message.objects.get(text="Lost on the way")
    assert lost.at <= timezone.now() and Ticket.objects.count() == 1
    assert (look(made).found, look(made).done_at, look(made).trouble) == (2, now, "")

    # The webhooks come after all, and another look sees the same lists.
    for digit, text in said[1:3]:
        deliver(made, twilio.message(url, "SM" + digit * 32, text, sender=CUSTOMER, to=SHOP))
    keep_up(at=now + timedelta(minutes=10))
    drain_hooks()
    assert Message.objects.count() == 3 and look(made).found == 2
    client.force_login(house.adam)
    page = client.get(f"/channels/{made.channel_id}/connection/").content.decode()
    assert "Found that webhooks did not bring" in page and "<dd>2, the last" in page


def test_one_whose_files_nobody_tells_holds_up_no_other(
    house: House, phone: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = connect(house, "sms", NUMBER)
    phone.messages = [
        listed_message("SM" + "2" * 32, "Words", sender=CUSTOMER, to=SHOP, at=at_minute(made, 2)),
        listed_message("SM" + "1" * 32, "A picture", sender=CUSTOMER, to=SHOP, at=at_minute(made, 1), num_media="1"),
    ]

    def gone(*_: object) -> dict[str, str]:
        raise SendError("permanent", "no such message")

    monkeypatch.setattr(sms, "media_of", gone)
    keep_up(at=at_minute(made, 11))
    drain_hooks()
    assert Message.objects.get().text == "Words"
    assert (look(made).found, look(made).trouble) == (1, "no such message")
    monkeypatch.undo()
    phone.media = {"SM" + "1" * 32: ["ME1"]}
    keep_up(at=at_minute(made, 21))
    drain_hooks()
    assert Message.objects.count() == 2 and look(made).trouble == ""


def test_a_list_longer_than_one_look_says_so(
    house: House, phone: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = connect(house, "sms", NUMBER)
    monkeypatch.setattr(lists, "MOST_PAGES", 2)  # of two rows each, as the simulator gives them
    phone.messages = [
        listed_message("SM" + f"{n:032}", f"Message {n}", sender=CUSTOMER, to=SHOP, at=at_minute(made, n))
        for n in reversed(range(1, 6))
    ]
    keep_up(at=at_minute(made, 11))
    drain_hooks()
    assert sorted(Message.objects.values_list("text", flat=True)) == [f"Message {n}" for n in range(2, 6)]
    assert look(made).trouble == lists.TOO_MUCH


def test_a_webhook_at_the_same_moment_and_two_looks_at_once(house: House, phone: TwilioServer) -> None:
    made = connect(house, "sms", NUMBER)
    url = hook_url(made)
    phone.messages = [
        listed_message("SM" + f"{n:032}", f"Message {n}", sender=CUSTOMER, to=SHOP, at=at_minute(made, 0))
        for n in range(6)
    ]
    now = at_minute(made, 11)

    def work(job: Any) -> None:
        job()
        connections.close_all()

    jobs: list[Any] = [lambda: keep_up(at=now)] * 3
    jobs += [
        lambda n=n: deliver(made, twilio.message(url, "SM" + f"{n:032}", f"Message {n}", sender=CUSTOMER, to=SHOP))
        for n in range(6)
    ]
    jobs += [drain_hooks] * 2
    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    drain_hooks()
    assert sorted(Message.objects.values_list("text", flat=True)) == [f"Message {n}" for n in range(6)]
    assert not RawDelivery.objects.filter(state="quarantined").exists()


def test_a_receipt_that_was_lost_is_found(house: House, phone: TwilioServer) -> None:
    made = connect(house, "sms", NUMBER)
    deliver(made, twilio.message(hook_url(made), "SM" + "1" * 32, "Hello", sender=CUSTOMER, to=SHOP))
    drain_hooks()
    reply(Ticket.objects.get().pk, by=house.olena, text="Hello to you", undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}
    sent = phone.accepted[0]
    phone.messages = [
        listed_message(sent["id"], "Hello to you", sender=SHOP, to=CUSTOMER, at=at_minute(made, 1),
                       direction="outbound-api", status="delivered")
    ]  # fmt: skip
    keep_up(at=at_minute(made, 11))
    drain_hooks()
    assert SentPart.objects.get().delivered_at is not None
    assert Message.objects.count() == 2 and look(made).found == 1
    keep_up(at=at_minute(made, 21))
    assert look(made).found == 1


def test_calls_that_were_lost_are_found_with_who_took_them(house: House, phone: TwilioServer) -> None:
    made = connect(house, "phone", {**NUMBER, "forward_to": "+380440000111"})
    taken = listed_call("CA1", "completed", caller=CUSTOMER, to=SHOP, at=at_minute(made, 2), duration="65")
    leg = listed_call(
        "CA2", "completed", caller=SHOP, to="+380440000111", at=at_minute(made, 2), duration="48",
        parent_call_sid="CA1", direction="outbound-dial",
    )  # fmt: skip
    missed = listed_call("CA3", "no-answer", caller="+380501234568", to=SHOP, at=at_minute(made, 3))
    still = listed_call("CA4", "in-progress", caller=CUSTOMER, to=SHOP, at=at_minute(made, 4))
    phone.calls = [still, missed, leg, taken]
    keep_up(at=at_minute(made, 11))
    drain_hooks()
    calls = {call.external_id: call for call in Call.objects.all()}
    assert {sid: call.outcome for sid, call in calls.items()} == {"CA1": "answered", "CA3": "missed"}
    assert calls["CA1"].talk_seconds == 48 and look(made).found == 2
    deliver(made, twilio.call(hook_url(made), "CA3", "no-answer", caller="+380501234568", to=SHOP))
    keep_up(at=at_minute(made, 21))
    drain_hooks()
    assert Call.objects.count() == 2 and look(made).found == 2


def test_a_recording_nobody_told_of_is_found(house: House, phone: TwilioServer) -> None:
    made = connect(house, "phone", NUMBER)
    at = at_minute(made, 2)
    phone.calls = [
        listed_call("CA1", "completed", caller=CUSTOMER, to=SHOP, at=at, duration="20"),
        listed_call("CA2", "completed", caller=CUSTOMER, to=SHOP, at=at, duration="20"),
    ]
    deliver(made, twilio.call(hook_url(made), "CA2", "ringing", caller=CUSTOMER, to=SHOP))
    deliver(made, twilio.recording(hook_url(made), "CA2", "RE2", phone.url))
    phone.recordings = [
        listed_recording("RE1", "CA1", at=at), listed_recording("RE2", "CA2", at=at),
        listed_recording("RE3", "CA9", at=at), listed_recording("RE4", "CA1", at=at, status="processing"),
    ]  # fmt: skip
    drain_hooks()
    for minutes in (11, 21):
        keep_up(at=at_minute(made, minutes))
        drain_hooks()
    assert drain_media() == {"done": 2}
    assert set(Attachment.objects.values_list("filename", flat=True)) == {"RE1.mp3", "RE2.mp3"}
    assert set(Call.objects.values_list("external_id", "outcome")) == {("CA1", "voicemail"), ("CA2", "voicemail")}


def test_a_recording_that_could_not_be_had_is_fetched_later(house: House, phone: TwilioServer) -> None:
    made = connect(house, "phone", NUMBER)
    deliver(made, twilio.call(hook_url(made), "CA1", "ringing", caller=CUSTOMER, to=SHOP))
    deliver(made, twilio.recording(hook_url(made), "CA1", "RE1", phone.url))
    drain_hooks()
    phone.is_send = lambda request: "/Recordings/" in request.path  # type: ignore[method-assign]
    for _ in range(5):
        phone.faults = [twilio.BROKEN]
        RemoteMedia.objects.update(next_try_at=timezone.now())
        drain_media()
    media, message = RemoteMedia.objects.get(), Message.objects.get()
    assert (media.state, message.marks["not_fetched"]) == ("failed", 1)
    tried = media.next_try_at
    assert keep_up(at=at_minute(made, 11)) == 1
    assert RemoteMedia.objects.get().state == "failed", "not before an hour is over"
    phone.faults = [twilio.BROKEN]
    RemoteMedia.objects.update(next_try_at=tried - timedelta(hours=2))
    keep_up(at=at_minute(made, 21))
    RemoteMedia.objects.filter(state="waiting").update(next_try_at=timezone.now())
    assert drain_media() == {"failed": 1}
    message.refresh_from_db()
    assert message.marks["not_fetched"] == 1, "told once"
    RemoteMedia.objects.update(next_try_at=tried - timedelta(hours=2))
    keep_up(at=at_minute(made, 31))
    RemoteMedia.objects.filter(state="waiting").update(next_try_at=timezone.now())
    assert drain_media() == {"done": 1}
    message.refresh_from_db()
    assert (message.marks["not_fetched"], Attachment.objects.get().filename) == (0, "RE1.mp3")
    RemoteMedia.objects.update(state="failed", attempts=MOST_ATTEMPTS, next_try_at=tried - timedelta(hours=2))
    keep_up(at=at_minute(made, 41))
    assert RemoteMedia.objects.get().state == "failed", "not for ever"


def test_a_sending_of_which_nobody_knows_is_found_in_the_list(house: House, phone: TwilioServer) -> None:
    """Told neither by an answer nor by a webhook: the list has it, or it was never taken."""
    made = connect(house, "sms", NUMBER)
    deliver(made, twilio.message(hook_url(made), "SM" + "1" * 32, "Hello", sender=CUSTOMER, to=SHOP))
    drain_hooks()
    phone.faults = ["hang up", "hang up"]
    taken, lost = (reply(Ticket.objects.get().pk, by=house.olena, text=text, undo_seconds=0) for text in ("One", "Two"))
    assert drain_outbound() == {"unknown": 2}
    at = timezone.now().replace(microsecond=0)

    def ours(digit: str, text: str, to: str = CUSTOMER, ago: int = 0, status: str = "sent") -> dict[str, Any]:
        return listed_message(f"SM{digit * 32}", text, sender=SHOP, to=to, at=at - timedelta(minutes=ago),
                              date_created=format_datetime(at - timedelta(minutes=ago)), direction="outbound-api",
                              status=status)  # fmt: skip

    phone.messages = [
        ours("7", "One"),
        ours("8", "Two", to="+380501234599"),
        ours("9", "Two", ago=30),
        ours("6", "Other"),
    ]
    keep_up(at=timezone.now() + timedelta(minutes=11))
    drain_hooks()
    taken.refresh_from_db()
    lost.refresh_from_db()
    assert (taken.outbox, lost.outbox) == (OutboxState.SENT, OutboxState.UNKNOWN)
    assert SentPart.objects.get().external_id == "SM" + "7" * 32
    phone.messages[0]["status"] = "delivered"
    for minutes in (21, 31):
        keep_up(at=timezone.now() + timedelta(minutes=minutes))
        drain_hooks()
    taken.refresh_from_db()
    assert "delivered_at" in taken.marks
    assert Message.objects.count() == 3 and len(phone.accepted) == 2, "nothing is doubled, here or there"


def test_a_list_that_cannot_be_had_loses_nothing(house: House, phone: TwilioServer) -> None:
    made = connect(house, "sms", NUMBER)
    phone.messages = [listed_message("SM" + "2" * 32, "Lost", sender=CUSTOMER, to=SHOP, at=at_minute(made, 1))]
    answer = phone.answer
    phone.answer = lambda request: twilio.BROKEN  # type: ignore[method-assign]
    keep_up(at=at_minute(made, 11))
    row = look(made)
    assert (row.done_at, row.trouble, row.found) == (None, "Internal Server Error", 0)
    phone.answer = answer  # type: ignore[method-assign]
    assert keep_up(at=at_minute(made, 60)) == 0
    keep_up(at=at_minute(made, 80))
    drain_hooks()
    assert Message.objects.get().text == "Lost" and (look(made).trouble, look(made).found) == ("", 1)


def test_what_was_erased_here_does_not_come_back_from_there(house: House, phone: TwilioServer) -> None:
    made = connect(house, "sms", NUMBER)
    deliver(made, twilio.message(hook_url(made), "SM" + "1" * 32, "Forget me", sender=CUSTOMER, to=SHOP))
    drain_hooks()
    Message.objects.update(text="", external_id="")  # as privacy/steps.py empties it
    phone.messages = [listed_message("SM" + "1" * 32, "Forget me", sender=CUSTOMER, to=SHOP, at=at_minute(made, 1))]
    before = RawDelivery.objects.count()
    keep_up(at=at_minute(made, 11))
    assert (RawDelivery.objects.count(), look(made).found) == (before, 0)


def test_telegram_says_whether_it_brings_its_updates(house: House, settings: Any) -> None:
    server = TelegramServer()
    with running(server):
        settings.PROVIDER_ENDPOINTS = {"telegram": server.url}
        made = connect(house, "telegram", {"token": BOT})
        keep_up(at=at_minute(made, 11), http=HttpClient())
        assert look(made).trouble == "the provider calls another address than ours, or none"
        announce_hook(made.channel_id, by=house.adam)
        server.info = {"pending_update_count": 3, "last_error_date": int(at_minute(made, 60).timestamp()),
                       "last_error_message": "Wrong response from the webhook: 502 Bad Gateway"}  # fmt: skip
        keep_up(at=at_minute(made, 80))
        assert (look(made).waiting, look(made).trouble) == (3, "Wrong response from the webhook: 502 Bad Gateway")
        server.info = {"pending_update_count": 0}
        keep_up(at=at_minute(made, 200))
        assert (look(made).waiting, look(made).trouble, look(made).found) == (0, "", 0)
