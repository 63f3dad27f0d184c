"""How long things are kept: what is old goes in small batches and leaves figures; what is open, held or new stays."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from channels_inbound.models import RawBody, RawDelivery
from events.models import AuditEntry, Event
from people.models import Customer
from people.permissions import PermissionDenied
from privacy import erasing, retention
from privacy.models import EmptiedTicket, RetentionRule, RetentionRun
from privacy.retention import preview, remove_rule, save_manners, save_rule, work_retention
from tests.people import House, row_counts, signed_in
from tests.privacy.test_erasing import WORD, bring_in, fill, holders
from tests.privacy.test_erasing import house as house
from tickets import actions
from tickets.errors import InvalidInput
from tickets.models import Attachment, Message, Status, Ticket

pytestmark = pytest.mark.django_db
LATER = timezone.now() + timedelta(days=400)


def old_ticket(house: House, name: str, *, status: str = Status.SOLVED) -> Ticket:
    message = bring_in(house, name).message
    assert message is not None
    Ticket.objects.filter(pk=message.ticket_id).update(status=status)
    return message.ticket


def rule(house: House, kind: str = "tickets", days: int = 30, **more: Any) -> RetentionRule:
    return save_rule(kind=kind, channel=more.pop("channel", None), days=days, by=house.adam, **more)


def test_what_is_old_and_done_goes_and_figures_stay(house: House) -> None:
    customer = fill(house)
    Message.objects.filter(outbox="queued").update(outbox="sent")
    Ticket.objects.update(status=Status.SOLVED)
    fresh = bring_in(house, "fresh", To="support@shop.example").message
    assert fresh is not None
    Ticket.objects.filter(pk=fresh.ticket_id).update(status=Status.SOLVED, last_message_at=LATER)
    figures = list(Message.objects.order_by("pk").values_list("pk", "kind", "at", "sequence"))
    rule(house)
    assert work_retention(at=LATER) == 1
    emptied = set(EmptiedTicket.objects.values_list("ticket", flat=True))
    assert emptied == set(Ticket.objects.exclude(pk=fresh.ticket_id).values_list("pk", flat=True))
    assert not Message.objects.filter(ticket__in=emptied).exclude(text="", html="", subject="").exists()
    assert list(Message.objects.order_by("pk").values_list("pk", "kind", "at", "sequence")) == figures
    fresh.refresh_from_db()
    assert WORD in fresh.text and Attachment.objects.filter(message=fresh).exists()
    run = RetentionRun.objects.get()
    assert (run.state, run.counts["tickets"], run.blobs) == ("done", len(emptied), [])
    event = Event.objects.get(kind="retention.ran")
    assert (event.data["tickets"], event.data["kind"], event.actor_kind) == (len(emptied), "tickets", "system")
    assert AuditEntry.objects.filter(kind="ledger.amended", what=f"retention run {run.pk}").exists()
    assert Customer.objects.get(pk=customer.pk).name, "who they are is for an erasure"


@pytest.mark.parametrize("status", [Status.OPEN, Status.PENDING, Status.ON_HOLD])
@pytest.mark.parametrize("kind", ["tickets", "files", "raw"])
def test_open_tickets_are_never_touched(house: House, status: str, kind: str) -> None:
    old_ticket(house, "open", status=status)
    before = holders((WORD,))
    rule(house, kind)
    assert preview(kind, channel=None, days=30, at=LATER).count == 0
    assert work_retention(at=LATER) == 1
    assert holders((WORD,)) == before


@pytest.mark.parametrize("kind", ["tickets", "files", "raw"])
def test_nothing_goes_from_which_a_reply_is_leaving(house: House, kind: str) -> None:
    ticket = old_ticket(house, "leaving")
    Message.objects.filter(ticket=ticket).update(outbox="queued")
    before = holders((WORD,))
    rule(house, kind)
    work_retention(at=LATER)
    assert holders((WORD,)) == before


@pytest.mark.parametrize("kind", ["tickets", "files", "raw"])
def test_a_hold_keeps_everything_until_it_ends(house: House, kind: str) -> None:
    ticket = old_ticket(house, "held")
    before = holders((WORD,))
    erasing.hold(ticket.customer, reason="A dispute", by=house.adam)
    rule(house, kind)
    assert preview(kind, channel=None, days=30, at=LATER).count == 0
    work_retention(at=LATER)
    assert holders((WORD,)) == before
    erasing.end_hold(ticket.customer, by=house.adam)
    work_retention(at=LATER + timedelta(days=1))
    assert holders((WORD,)) != before


def test_each_kind_has_its_own_age(house: House) -> None:
    ticket = old_ticket(house, "ages")
    file = Attachment.objects.get()
    rule(house, "raw", days=10)
    rule(house, "files", days=20)
    now = timezone.now()
    RawDelivery.objects.update(received_at=now - timedelta(days=15))
    Message.objects.update(at=now - timedelta(days=15))
    RetentionRule.objects.update(saved_at=now - timedelta(days=2))
    assert work_retention(at=now) == 2
    assert (RawBody.objects.count(), Attachment.objects.count()) == (0, 1)
    Message.objects.update(at=now - timedelta(days=25))
    work_retention(at=now + timedelta(days=1))
    assert not Attachment.objects.filter(pk=file.pk).exists()
    assert not [name for name in holders((WORD,)) if name.startswith("file ")]
    message = Message.objects.get(ticket=ticket)
    assert WORD in message.text, "words have an age of their own"


def test_a_channels_own_rule_counts_before_the_one_for_all(house: House) -> None:
    ticket = old_ticket(house, "own rule")
    rule(house, days=30)
    rule(house, days=5_000, channel=house.channel)
    work_retention(at=LATER)
    ticket.refresh_from_db()
    assert WORD in ticket.subject
    save_rule(kind="tickets", channel=house.channel, days=31, by=house.adam)
    work_retention(at=LATER + timedelta(days=2))
    ticket.refresh_from_db()
    assert ticket.subject == ""


def test_the_preview_says_what_the_run_does(house: House) -> None:
    tickets = [old_ticket(house, f"old {n}", status=Status.CLOSED) for n in range(3)]
    old_ticket(house, "open", status=Status.OPEN)
    before = row_counts()
    taking = preview("tickets", channel=None, days=30, at=LATER)
    assert (taking.count, [one.pk for one in taking.tickets]) == (3, [one.pk for one in tickets])
    files = preview("files", channel=house.channel.pk, days=30, at=LATER)
    assert files.count == 3 and files.octets == sum(
        Attachment.objects.filter(ticket__in=tickets).values_list("size", flat=True)
    )
    raw = preview("raw", channel=None, days=30, at=LATER)
    assert raw.count == 3 and raw.octets
    assert row_counts() == before
    rule(house)
    work_retention(at=LATER)
    assert Event.objects.get(kind="retention.ran").data["tickets"] == taking.count


def test_a_run_that_is_cut_off_goes_on_where_it_stood(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(5):
        old_ticket(house, f"cut {n}")
    monkeypatch.setattr(retention, "BATCH", 2)
    rule(house)
    calls = []

    def break_down(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            raise OSError("the machine is gone")
        return retention._empty(*args)

    with monkeypatch.context() as broken:
        broken.setitem(retention._TAKE, "tickets", break_down)
        assert work_retention(at=LATER) == 0
    run = RetentionRun.objects.get()
    assert (run.state, run.counts["tickets"], EmptiedTicket.objects.count()) == ("running", 2, 2)
    assert work_retention(at=LATER) == 1
    run.refresh_from_db()
    assert (run.state, run.counts["tickets"]) == ("done", 5)
    assert holders((f"about {WORD}", f"{WORD} inside")) == []


def test_bytes_whose_rows_are_gone_go_after_a_cut(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    old_ticket(house, "bytes")

    def break_down(*_args: Any) -> None:
        raise OSError("the store is away")

    rule(house, "files")
    with monkeypatch.context() as broken:
        broken.setattr(retention, "take_blobs", break_down)
        assert work_retention(at=LATER) == 0
    assert not Attachment.objects.exists()
    assert [name for name in holders((f"{WORD} inside",)) if name.startswith("file ")]
    assert work_retention(at=LATER) == 1
    assert not [name for name in holders((f"{WORD} inside",)) if name.startswith("file ")]


def test_it_runs_once_a_day_and_the_second_time_finds_nothing(house: House) -> None:
    old_ticket(house, "once")
    rule(house)
    assert [work_retention(at=LATER), work_retention(at=LATER)] == [1, 0]
    assert work_retention(at=LATER + timedelta(days=1)) == 1
    counts = list(RetentionRun.objects.order_by("pk").values_list("counts", flat=True))
    assert counts[0]["tickets"] == 1 and counts[1] == {}


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_take_each_ticket_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(6):
        old_ticket(house, f"two {n}")
    monkeypatch.setattr(retention, "BATCH", 1)
    rule(house)

    def work() -> None:
        work_retention(at=LATER)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    work_retention(at=LATER)
    run = RetentionRun.objects.get()
    assert (run.state, run.counts["tickets"], run.counts["messages"]) == ("done", 6, 6)
    assert Event.objects.filter(kind="retention.ran").count() == 1


def test_a_ticket_written_in_again_is_kept_until_that_is_old(house: House) -> None:
    ticket = old_ticket(house, "again")
    rule(house)
    work_retention(at=LATER)
    actions.add_note(ticket.pk, by=house.adam, text=f"{WORD} once more")
    Ticket.objects.filter(pk=ticket.pk).update(last_message_at=LATER)
    work_retention(at=LATER + timedelta(days=2))
    assert Message.objects.filter(ticket=ticket, text__contains=WORD).exists()
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.SOLVED)
    work_retention(at=LATER + timedelta(days=40))
    assert not Message.objects.filter(ticket=ticket, text__contains=WORD).exists()


def test_a_rule_can_be_taken_back_for_a_day(house: House) -> None:
    old_ticket(house, "regret")
    made = rule(house, days=1, at=LATER)
    assert work_retention(at=LATER + timedelta(hours=23)) == 0
    assert remove_rule(made.pk, by=house.adam)
    assert not remove_rule(made.pk, by=house.adam)
    assert work_retention(at=LATER + timedelta(days=3)) == 0
    kinds = Event.objects.filter(stream_type="retention").order_by("sequence").values_list("kind", flat=True)
    assert list(kinds) == ["retention.made", "retention.removed"]


def test_the_same_rule_again_changes_nothing_and_another_age_is_told(house: House) -> None:
    first = rule(house, days=30)
    assert rule(house, days=30).saved_at == first.saved_at
    assert rule(house, days=31).pk == first.pk
    assert Event.objects.get(kind="retention.changed").data["before"] == 30
    with pytest.raises(InvalidInput):
        rule(house, days=0)
    with pytest.raises(InvalidInput):
        rule(house, kind="everything")


@pytest.mark.parametrize("who", ["olena", "mallory", "vera"])
def test_nobody_else_may(house: House, who: str) -> None:
    agent, before = getattr(house, who), row_counts()
    with pytest.raises(PermissionDenied):
        save_rule(kind="tickets", channel=None, days=30, by=agent)
    with pytest.raises(PermissionDenied):
        save_manners({house.channel.pk: "off"}, by=agent)
    with pytest.raises(PermissionDenied):
        remove_rule(1, by=agent)
    client = signed_in(agent)
    for path in ("/privacy/", "/privacy/retention/?kind=tickets&days=1"):
        assert client.get(path).status_code == 403
    assert client.post("/privacy/secrets/", {f"channel-{house.channel.pk}": "off"}).status_code == 403
    assert client.post("/privacy/retention/", {"kind": "tickets", "days": "1"}).status_code == 403
    assert row_counts() == before


def test_the_page_shows_before_it_saves(house: House) -> None:
    ticket = old_ticket(house, "page")
    Ticket.objects.filter(pk=ticket.pk).update(last_message_at=datetime(2020, 1, 1, tzinfo=LATER.tzinfo))
    client = signed_in(house.adam)
    page = client.get("/privacy/retention/", {"kind": "tickets", "days": "365"}).content.decode()
    assert f"#{ticket.pk}" in page and not RetentionRule.objects.exists()
    assert client.post("/privacy/retention/", {"kind": "tickets", "days": "365"}).status_code == 302
    assert RetentionRule.objects.get().days == 365
    assert client.get("/privacy/retention/", {"kind": "tickets", "days": "x"}).status_code == 422
    client.post("/privacy/secrets/", {f"channel-{house.channel.pk}": "redact", "channel-x": "off"})
    house.channel.refresh_from_db()
    assert house.channel.secrets == "redact"
    assert Event.objects.get(kind="channel.secrets_changed").data == {"from": "mask", "to": "redact"}
    assert client.get("/privacy/").status_code == 200
