"""Put aside for a while: snoozed in every way, snoozed with the answer, and reminders of one's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from events.delivery import drain
from metrics.rules import ensure_defaults
from people.permissions import PermissionDenied
from tests.people import NOW, House, events_of, make_house, open_ticket, receive, row_counts
from tickets import actions
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.times import chosen_moment
from tickets.models import UNTIL_ANSWER, Notification, Reminder, Ticket

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
KYIV = ZoneInfo("Europe/Kyiv")


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel)


def signed_in(house: House) -> Client:
    client = Client()
    client.force_login(house.olena)
    return client


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (datetime(2026, 3, 2, 12, tzinfo=KYIV), datetime(2026, 3, 3, 9, tzinfo=KYIV)),  # Monday: Tuesday
        (datetime(2026, 3, 6, 8, tzinfo=KYIV), datetime(2026, 3, 9, 9, tzinfo=KYIV)),  # Friday: Monday
        (datetime(2026, 3, 7, 12, tzinfo=KYIV), datetime(2026, 3, 9, 9, tzinfo=KYIV)),
    ],
)
def test_the_next_business_day_is_the_calendars(now: datetime, opens: datetime) -> None:
    ensure_defaults()
    assert chosen_moment("business", now) == opens
    assert chosen_moment("never", now) is None


def test_snoozed_until_the_customer_writes(house: House, ticket: Ticket) -> None:
    page = signed_in(house)
    assert page.post(f"/tickets/{ticket.pk}/snooze/", {"preset": "answer"}).status_code == 200
    ticket.refresh_from_db()
    assert ticket.snoozed_until == UNTIL_ANSWER
    assert actions.wake_snoozed(at=NOW + timedelta(days=9000)) == 0
    shown = page.get(f"/inbox/snoozed/{ticket.pk}/").content.decode()
    assert "they write" in shown
    assert "snoozed the ticket until the customer writes" in shown
    assert "9999" not in shown.partition('id="facts"')[0]

    receive(house.channel, subject_numbers=(ticket.pk,), text="Here I am")

    ticket.refresh_from_db()
    assert ticket.snoozed_until is None
    assert events_of(ticket.pk)[-1] == "ticket.woken"


def test_an_answer_snoozes_and_its_withdrawal_wakes(house: House, ticket: Ticket) -> None:
    before = events_of(ticket.pk)
    message = actions.reply(ticket.pk, by=house.olena, text="We look into it", then_snooze=LATER, at=NOW)
    ticket.refresh_from_db()
    assert (ticket.snoozed_until, ticket.status) == (LATER, "open")
    assert events_of(ticket.pk) == [*before, "message.queued", "ticket.snoozed"]

    actions.withdraw_reply(message.pk, by=house.olena, at=NOW)

    ticket.refresh_from_db()
    assert ticket.snoozed_until is None
    assert events_of(ticket.pk)[-2:] == ["message.withdrawn", "ticket.woken"]


def test_a_snooze_set_since_stays_when_the_answer_is_withdrawn(house: House, ticket: Ticket) -> None:
    message = actions.reply(ticket.pk, by=house.olena, text="We look into it", then_snooze=LATER, at=NOW)
    actions.snooze_ticket(ticket.pk, by=house.ben, until=LATER + timedelta(days=1), at=NOW)
    actions.withdraw_reply(message.pk, by=house.olena, at=NOW)
    assert Ticket.objects.get().snoozed_until == LATER + timedelta(days=1)


def test_the_composer_sends_and_snoozes(house: House, ticket: Ticket) -> None:
    form = {"kind": "reply", "text": "Soon", "expected": "9", "then": "snooze-answer"}
    assert signed_in(house).post(f"/tickets/{ticket.pk}/messages/", form).status_code == 200
    ticket.refresh_from_db()
    assert (ticket.snoozed_until, ticket.status) == (UNTIL_ANSWER, "open")


def test_a_reminder_is_told_once_to_its_agent_alone(house: House, ticket: Ticket) -> None:
    first = actions.set_reminder(ticket.pk, by=house.olena, remind_at=LATER, text=" Call  them ", at=NOW)
    assert actions.set_reminder(ticket.pk, by=house.olena, remind_at=LATER, text="Call them", at=NOW) == first
    assert actions.fire_reminders(at=LATER - timedelta(seconds=1)) == 0
    assert actions.fire_reminders(at=LATER) == 1
    assert actions.fire_reminders(at=LATER + timedelta(hours=1)) == 0
    drain()

    assert list(Notification.objects.values_list("agent", "ticket")) == [(house.olena.pk, ticket.pk)]
    assert events_of(ticket.pk)[-2:] == ["reminder.set", "reminder.due"]
    shown = signed_in(house).get(f"/inbox/open/{ticket.pk}/").content.decode()
    assert "Call them" in shown
    bens = Client()
    bens.force_login(house.ben)
    assert "Call them" not in bens.get(f"/inbox/open/{ticket.pk}/").content.decode()

    actions.finish_reminder(ticket.pk, first.pk, by=house.olena)
    actions.finish_reminder(ticket.pk, first.pk, by=house.olena)
    assert not Reminder.objects.exists()


def test_who_lost_sight_is_told_nothing(house: House, ticket: Ticket) -> None:
    actions.set_reminder(ticket.pk, by=house.olena, remind_at=LATER, text="", at=NOW)
    actions.move_to_team(ticket.pk, by=house.olena, team=house.returns)
    assert actions.fire_reminders(at=LATER) == 1
    drain()
    assert not Notification.objects.filter(event__kind="reminder.due").exists()


REFUSED: list[tuple[str, Callable[[House, Ticket], object], type[Exception]]] = [
    ("past", lambda h, t: actions.set_reminder(t.pk, by=h.olena, remind_at=NOW, text="", at=NOW), InvalidInput),
    (
        "long",
        lambda h, t: actions.set_reminder(t.pk, by=h.olena, remind_at=LATER, text="x" * 301, at=NOW),
        InvalidInput,
    ),
    ("unseen", lambda h, t: actions.set_reminder(t.pk, by=h.mallory, remind_at=LATER, text="", at=NOW), NotFound),
    ("another's", lambda h, t: actions.finish_reminder(t.pk, Reminder.objects.get().pk, by=h.ben), NotFound),
    ("unseen end", lambda h, t: actions.finish_reminder(t.pk, Reminder.objects.get().pk, by=h.mallory), NotFound),
]


@pytest.mark.parametrize(("name", "do", "error"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_what_is_refused_changes_nothing(
    house: House, ticket: Ticket, name: str, do: Callable[[House, Ticket], object], error: type[Exception]
) -> None:
    actions.set_reminder(ticket.pk, by=house.olena, remind_at=LATER, text="", at=NOW)
    rows = row_counts()
    with pytest.raises((error, PermissionDenied)):
        do(house, ticket)
    assert row_counts() == rows
