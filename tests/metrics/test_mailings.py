"""Reports by mail: due at the reader's hour, once a period whatever happens, with what the reader may see."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from smtplib import SMTPDataError, SMTPServerDisconnected
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.urls import reverse

from bench.shop_year import DAY
from events.models import Event
from metrics import satisfaction
from metrics.facts import Scope
from metrics.mailing.actions import leave_mailing, leave_url, read_leave_token, remove_mailing, save_mailing
from metrics.mailing.letter import compose
from metrics.mailing.rhythm import next_moment, period_of
from metrics.mailing.sending import LEASE, WAITS, plan_due, send_due
from metrics.models import ReportLetter, ReportMailing, ReportReader
from metrics.pages.numbers import decimal
from metrics.tallies import midnight
from people.models import Agent
from people.permissions import PermissionDenied
from tests.metrics.shop import fill_year, lead
from tests.people import House, make_house, row_counts
from tickets.errors import InvalidInput, NotFound

MONDAY = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)  # eight in Kyiv
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def house() -> House:
    return make_house()


def want(by: Agent, *readers: Agent, at: datetime = MONDAY - DAY, **fields: Any) -> ReportMailing:
    values: dict[str, Any] = {
        "report": "overview", "query": "", "rhythm": "weekly", "hour": 8, "time_zone": "Europe/Kyiv",
    }  # fmt: skip
    return save_mailing(None, by=by, readers=[one.pk for one in readers or (by,)], at=at, **(values | fields))


def kinds(row_id: int) -> list[str]:
    found = Event.objects.filter(stream_type="report_mailing", stream_id=row_id).order_by("sequence")
    return [event.kind.removeprefix("report_") for event in found]


def browser(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def outcomes() -> list[tuple[str, str]]:
    return list(ReportLetter.objects.order_by("pk").values_list("state", "reason"))


@pytest.mark.parametrize(
    ("rhythm", "zone", "hour", "after", "due", "first", "last"),
    [
        ("weekly", "Europe/Kyiv", 8, "2026-11-01T12:00", "2026-11-02T06:00", "2026-10-26", "2026-11-01"),
        ("weekly", "Europe/Kyiv", 8, "2026-11-02T06:00", "2026-11-09T06:00", "2026-11-02", "2026-11-08"),
        ("daily", "Europe/Kyiv", 8, "2026-11-02T05:59", "2026-11-02T06:00", "2026-11-01", "2026-11-01"),
        ("monthly", "Europe/Kyiv", 8, "2026-11-02T06:00", "2026-12-01T06:00", "2026-11-01", "2026-11-30"),
        ("monthly", "America/New_York", 0, "2028-02-15T00:00", "2028-03-01T05:00", "2028-02-01", "2028-02-29"),
        # Three o'clock is skipped in Kyiv on 29 March 2026 and comes twice on 25 October.
        ("daily", "Europe/Kyiv", 3, "2026-03-28T12:00", "2026-03-29T01:00", "2026-03-28", "2026-03-28"),
        ("daily", "Europe/Kyiv", 3, "2026-10-24T12:00", "2026-10-25T00:00", "2026-10-24", "2026-10-24"),
        ("daily", "Europe/Kyiv", 3, "2026-10-25T00:00", "2026-10-26T01:00", "2026-10-25", "2026-10-25"),
        ("weekly", "Australia/Lord_Howe", 8, "2026-11-01T00:00", "2026-11-01T21:00", "2026-10-26", "2026-11-01"),
    ],
)  # fmt: skip
def test_when_it_is_due_and_of_which_days_it_tells(
    rhythm: str, zone: str, hour: int, after: str, due: str, first: str, last: str
) -> None:
    moment = next_moment(rhythm, hour, zone, datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert moment == datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert period_of(rhythm, moment, zone) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.django_db
def test_each_period_goes_once_to_each_reader(house: House) -> None:
    ben = lead(house.ben)
    row = want(ben, ben, house.adam)
    assert plan_due(MONDAY - MINUTE) == 0 and send_due(MONDAY) == 0
    assert plan_due(MONDAY) == 1 and plan_due(MONDAY) == 0
    assert send_due(MONDAY) == 2 and send_due(MONDAY) == 0
    assert sorted(one.to[0] for one in mail.outbox) == [house.adam.email, ben.email]
    row.refresh_from_db()
    assert row.next_at == MONDAY + 7 * DAY
    # The clock set back, or the moment moved back by hand: the period's row is there already.
    ReportMailing.objects.update(next_at=MONDAY)
    assert plan_due(MONDAY) == 1 and send_due(MONDAY) == 0 and len(mail.outbox) == 2
    assert kinds(row.pk) == ["mailing.saved", "mailing.due", "letter.sent", "letter.sent", "mailing.due"]


@pytest.mark.django_db
def test_after_weeks_of_standstill_only_the_last_period_is_told(house: House) -> None:
    row = want(house.adam)
    assert plan_due(MONDAY + 15 * DAY) == 1
    letter = ReportLetter.objects.get()
    assert (letter.first, letter.last) == (date(2026, 11, 9), date(2026, 11, 15))
    row.refresh_from_db()
    assert row.next_at == MONDAY + 21 * DAY


@pytest.mark.django_db
def test_killed_while_working_it_out_it_is_sent_later_and_killed_while_sending_it_is_not(house: House) -> None:
    want(house.adam)
    plan_due(MONDAY)

    class Killed(BaseException):
        pass

    def die(_letter: ReportLetter) -> EmailMessage:
        raise Killed

    with pytest.raises(Killed):
        send_due(MONDAY, composing=die)
    assert send_due(MONDAY + MINUTE) == 0  # somebody's lease
    assert send_due(MONDAY + LEASE + MINUTE) == 1 and len(mail.outbox) == 1
    ReportLetter.objects.update(state="sending", ended_at=None, claimed_at=MONDAY)  # as if it had died in between
    assert send_due(MONDAY + LEASE + MINUTE) == 0 and len(mail.outbox) == 1
    assert outcomes() == [("unknown", "cut_off")]


@pytest.mark.django_db
def test_one_that_cannot_be_made_holds_up_no_other(house: House) -> None:
    want(house.adam)
    want(house.adam, report="work")
    plan_due(MONDAY)
    first = ReportLetter.objects.earliest("pk")

    def make(letter: ReportLetter) -> EmailMessage:
        return EmailMessage("?", to=["a@b.example"], body=str(1 / (letter.pk - first.pk)))

    assert send_due(MONDAY, composing=make) == 1
    assert outcomes() == [("waiting", "not_made: ZeroDivisionError"), ("sent", "")]
    page = browser(house.adam).get(reverse("mailings")).content.decode()
    assert "The report could not be made: ZeroDivisionError" in page and "mail server did not take" not in page


@pytest.mark.django_db
def test_what_the_server_refuses_is_tried_again_and_given_up_visibly(house: House) -> None:
    row = want(house.adam)
    plan_due(MONDAY)

    class Refuses(EmailMessage):
        def send(self, *_: Any, **__: Any) -> int:
            raise SMTPDataError(451, b"later")

    at = MONDAY
    for wait in WAITS:
        assert send_due(at, composing=lambda _letter: Refuses()) == 0 and outcomes() == [("waiting", "SMTPDataError")]
        assert send_due(at + wait - MINUTE / 2, composing=lambda _letter: Refuses()) == 0
        at += wait + SECOND
    assert send_due(at, composing=lambda _letter: Refuses()) == 0
    assert outcomes() == [("failed", "SMTPDataError")] and kinds(row.pk)[-1] == "letter.not_sent"
    assert (
        "The mail server did not take it: SMTPDataError"
        in browser(house.adam).get(reverse("mailings")).content.decode()
    )


@pytest.mark.django_db
@pytest.mark.parametrize("error", [TimeoutError, ConnectionResetError, SMTPServerDisconnected])
def test_a_server_that_is_not_reached_is_tried_again_and_a_line_that_breaks_is_not(
    house: House, error: type[OSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    want(house.adam)
    plan_due(MONDAY)

    def fail(*_: Any, **__: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.open", fail)
        assert send_due(MONDAY) == 0 and outcomes() == [("waiting", error.__name__)]
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", fail)
        assert send_due(MONDAY + WAITS[0] + SECOND) == 0 and outcomes() == [("unknown", "cut_off")]
    assert send_due(MONDAY + DAY) == 0 and not mail.outbox


@pytest.mark.django_db
def test_a_lease_counts_from_when_it_was_taken(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second letter is taken after the first has used up what one lease from the start would have given."""
    want(house.adam, house.adam, lead(house.ben))
    plan_due(MONDAY)
    clock = iter([0.0, 0.0, 700.0, 701.0])
    monkeypatch.setattr("metrics.mailing.sending.time", SimpleNamespace(monotonic=lambda: next(clock)))
    taken: list[datetime] = []

    def note(letter: ReportLetter) -> EmailMessage:
        assert letter.claimed_at is not None
        taken.append(letter.claimed_at)
        return compose(letter)

    assert send_due(MONDAY, composing=note) == 2
    assert taken == [MONDAY, MONDAY + timedelta(seconds=700)] and LEASE.total_seconds() < 700


@pytest.mark.django_db
def test_rights_are_asked_when_it_is_sent(house: House) -> None:
    ben, mallory = lead(house.ben), lead(house.mallory)
    row = want(ben, ben, mallory, house.adam)
    plan_due(MONDAY)
    Agent.objects.filter(pk=mallory.pk).update(role="agent")
    leave_mailing(row.pk, house.adam.pk)
    assert send_due(MONDAY) == 1 and [one.to for one in mail.outbox] == [[ben.email]]
    assert outcomes() == [("sent", ""), ("refused", "reader_may_not"), ("refused", "left")]
    client = Client()
    client.force_login(ben)
    page = client.get(reverse("mailings")).content.decode()
    assert "This person may not read reports any more." in page
    Agent.objects.filter(pk=ben.pk).update(role="agent")
    plan_due(MONDAY + 7 * DAY)
    assert send_due(MONDAY + 7 * DAY) == 0 and len(mail.outbox) == 1
    assert sorted(outcomes())[:1] == [("refused", "left")] and ("refused", "reader_may_not") in outcomes()[3:]


@pytest.mark.django_db
def test_it_holds_what_its_reader_sees_in_their_language(house: House) -> None:
    year, ben = fill_year(house, 1500), lead(house.ben)
    ben.locale = "uk"
    ben.save()
    row = want(house.adam, house.adam, ben, report="satisfaction", rhythm="monthly")
    first, last = (year.end - 150 * DAY).date(), (year.end - 120 * DAY).date()
    letters = [
        ReportLetter.objects.create(mailing=row, agent=agent, first=first, last=last) for agent in (house.adam, ben)
    ]
    english, ukrainian = (compose(letter) for letter in letters)
    seen = []
    for agent, text in ((house.adam, english), (ben, ukrainian)):
        zone = "Europe/Kyiv"
        scope = Scope(agent, midnight(first, zone), midnight(last + DAY, zone), zone=zone)
        csat = satisfaction.scores(scope)["csat"]
        assert csat.value is not None and f"n = {csat.n}" in text.body
        html, kind = str(text.alternatives[0][0]), text.alternatives[0][1]
        assert kind == "text/html" and "<script" not in html and "<img" not in html and "http-equiv" not in html
        seen.append(csat.n)
        if agent == house.adam:
            assert decimal(csat.value) in text.body and decimal(csat.value) in html and "Returns" in html
    assert seen[1] < seen[0]
    assert "Satisfaction" in english.subject and "Задоволеність" in ukrainian.subject
    headers = english.extra_headers
    assert headers["List-Unsubscribe"] == f"<{leave_url(row.pk, house.adam.pk)}>"
    assert headers["Message-ID"] == compose(letters[0]).extra_headers["Message-ID"]


@pytest.mark.django_db
@pytest.mark.parametrize("report", ["overview", "service_level", "satisfaction", "work"])
def test_every_report_can_be_sent_also_of_nothing(house: House, report: str) -> None:
    row = want(house.adam, report=report, query=f"team={house.support.pk}&time=open")
    plan_due(MONDAY)
    assert send_due(MONDAY) == 1
    (sent,) = mail.outbox
    assert "Support" in sent.body and f"team={house.support.pk}" in sent.body and row.pk


@pytest.mark.django_db
def test_a_link_leaves_without_a_session_and_opening_it_does_not(house: House) -> None:
    row = want(house.adam, house.adam, lead(house.ben))
    path = leave_url(row.pk, house.ben.pk).partition("//")[2].partition("/")[2]
    client = Client(enforce_csrf_checks=True)
    before = row_counts()
    assert client.get(f"/{path}").status_code == 200 and row_counts() == before
    assert client.post(f"/{path}", {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert list(ReportReader.objects.values_list("agent", flat=True)) == [house.adam.pk]
    assert client.post(f"/{path}").status_code == 200 and kinds(row.pk) == ["mailing.saved", "mailing.left"]
    assert client.get(f"/{path[:-3]}xy/").status_code == 404 and read_leave_token("1-2.x") is None


@pytest.mark.django_db
def test_nobody_changes_anothers_and_readers_must_be_able_to_read(house: House) -> None:
    ben = lead(house.ben)
    row = want(ben)
    before = row_counts()
    with pytest.raises(PermissionDenied):
        want(house.olena)
    with pytest.raises(InvalidInput):
        want(ben, ben, house.olena)
    with pytest.raises(NotFound):
        save_mailing(row.pk, by=house.adam, report="work", query="", rhythm="daily", hour=1, time_zone="UTC",
                     readers=[house.adam.pk])  # fmt: skip
    remove_mailing(row.pk, by=house.adam)
    client = Client()
    client.force_login(house.adam)
    assert client.get(reverse("mailing_edit", args=[row.pk])).status_code == 404
    assert row_counts() == before
    remove_mailing(row.pk, by=ben)
    remove_mailing(row.pk, by=ben)
    assert not ReportMailing.objects.exists() and kinds(row.pk) == ["mailing.saved", "mailing.removed"]


@pytest.mark.django_db
def test_it_is_wanted_on_the_page_of_the_report_with_its_filters(house: House) -> None:
    ben = lead(house.ben)
    client = Client()
    client.force_login(ben)
    page = client.get(reverse("sla_report"), {"team": str(house.support.pk), "period": "90"}).content.decode()
    assert f"/reports/mailings/new/?report=service_level&amp;team={house.support.pk}" in page
    form = {"report": "service_level", "rhythm": "daily", "hour": "7", "time_zone": "Europe/Kyiv", "readers": [ben.pk]}
    path = f"{reverse('mailing_new')}?report=service_level&team={house.support.pk}&period=90&x=1"
    assert "Support" in client.get(path).content.decode()
    assert client.post(path, form | {"readers": []}).status_code == 422
    assert client.post(path, form).status_code == 302
    row = ReportMailing.objects.get()
    assert (row.owner, row.query, row.report, row.hour) == (ben, f"team={house.support.pk}", "service_level", 7)
    edit = reverse("mailing_edit", args=[row.pk])
    assert client.post(edit, form).status_code == 302 and kinds(row.pk) == ["mailing.saved"]
    assert client.post(edit, form | {"hour": "9"}).status_code == 302 and kinds(row.pk) == ["mailing.saved"] * 2
    assert "every day at 9:00" in client.get(reverse("mailings")).content.decode()
    assert client.post(reverse("mailing_remove", args=[row.pk])).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one(house: House) -> None:
    want(house.adam)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    plan_due(MONDAY)
    counts: list[int] = []

    def slow(letter: ReportLetter) -> EmailMessage:
        # While one works it out, another looks for what waits.
        counts.append(send_due(MONDAY))
        return compose(letter)

    assert send_due(MONDAY, composing=slow) == 1 and counts == [0] and len(mail.outbox) == 1
