"""Pages about promises: who may, what they show and change, and what they cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from commerce.facts import OrderFacts
from commerce.keeping import keep_orders
from commerce.models import Shop
from events.models import Event
from metrics.clocks.sweep import sweep
from metrics.models import BusinessCalendar, Policy, Rules
from people.models import Agent, Role
from tests.api.client import Api
from tests.metrics.shop import ask, database_now, lead, make_policy, settle, work_week
from tests.people import House, make_agent, make_house, row_counts, signed_in
from tickets import actions
from tickets.inbound import Address

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def house() -> House:
    return make_house()


def browser(agent: Agent) -> Client:
    return signed_in(agent)


CALENDAR = {"name": "Office", "time_zone": "Europe/Kyiv", "monday": "9:00-13:00, 14:00-18:00", "country": "", "region": "",
            "own_days": "2026-12-24 closed stocktaking\n2026-12-26 10:00-14:00 sale"}  # fmt: skip


def policy_form(**fields: object) -> dict[str, object]:
    calendar = BusinessCalendar.objects.order_by("pk").first()
    assert calendar is not None
    return {"name": "Urgent", "is_active": "on", "calendar": calendar.pk, "first_seconds": "30m", "warn": "80",
            "priority": ["40"], "pauses": ["pending"], "late_tag": "Late", "late_notify": "leads"} | fields  # fmt: skip


def test_a_manager_writes_a_policy_and_open_tickets_follow(house: House) -> None:
    make_policy()
    ticket = ask(house.channel)
    client = browser(lead(house.ben))
    before = Rules.objects.count()
    assert client.post(reverse("policy_new"), policy_form()).status_code == 302
    policy = Policy.objects.get(name="Urgent")
    assert (policy.first_seconds, policy.next_seconds, policy.warn) == (1800, None, [80])
    assert policy.conditions == {"priority": [40]}
    assert policy.escalation == [
        {"when": 100, "do": "tag", "value": "late"}, {"when": 100, "do": "notify", "value": "leads"},
    ]  # fmt: skip
    assert Rules.objects.count() == before + 1
    event = Event.objects.get(kind="policy.saved")
    assert (event.stream_type, event.actor_id, event.data["policy"]) == ("sla_rules", house.ben.pk, policy.pk)
    page = client.get(reverse("policy_edit", args=[policy.pk])).content.decode()
    assert 'value="30m"' in page and 'value="80"' in page
    assert "Ukrainian" in page, "languages by their names"
    # The same once more changes nothing.
    assert client.post(reverse("policy_edit", args=[policy.pk]), policy_form()).status_code == 302
    assert (Rules.objects.count(), Event.objects.filter(kind="policy.saved").count()) == (before + 1, 1)
    # What asks for a priority stands before what asks for as much or for nothing; it may be moved.
    first, neighbour, *others = Policy.objects.values_list("name", flat=True)
    assert first == "Urgent" and others
    assert client.post(reverse("policy_move", args=[policy.pk]), {"down": "1"}).status_code == 302
    assert list(Policy.objects.values_list("name", flat=True)) == [neighbour, first, *others]
    assert ticket.pk


def test_languages_are_ticked_by_name_and_one_we_do_not_speak_stays(house: House) -> None:
    policy = make_policy(conditions={"language": ["it"]})
    client = browser(lead(house.ben))
    edit = reverse("policy_edit", args=[policy.pk])
    assert 'value="it"' in client.get(edit).content.decode()
    assert client.post(edit, policy_form() | {"language": ["it", "uk"]}).status_code == 302
    policy.refresh_from_db()
    assert sorted(policy.conditions["language"]) == ["it", "uk"]
    assert client.post(edit, policy_form() | {"language": ["xx"]}).status_code == 422
    assert "Ukrainian" in client.get(reverse("service_levels")).content.decode()


def test_the_preview_names_the_open_tickets_and_saves_nothing(house: House) -> None:
    make_policy(position=99)
    urgent, other = ask(house.channel, subject="Quick please"), ask(house.channel, sender=Address("N", "n@n.example"))
    actions.set_priority(urgent.pk, by=house.olena, priority=40)
    hidden = ask(house.other_channel, subject="Not theirs", sender=Address("M", "m@m.example"))
    actions.set_priority(hidden.pk, by=house.mallory, priority=40)
    policy = Policy.objects.create(
        name="U", position=0, calendar=Policy.objects.latest("pk").calendar, first_seconds=60
    )
    before = row_counts()
    form = policy_form(name="U", preview="1")
    page = browser(lead(house.ben)).post(reverse("policy_edit", args=[policy.pk]), form).content.decode()
    assert "2 open tickets would follow" in page
    assert f"#{urgent.pk} Quick please" in page and f"#{other.pk} " not in page and "Not theirs" not in page
    assert row_counts() == before


def test_customers_may_be_named_and_the_preview_knows_them_as_the_clocks_do(house: House) -> None:
    make_policy(position=99)
    buyer, other = (
        ask(house.channel, subject="Bought", verdict="pass"),
        ask(house.channel, sender=Address("N", "n@n.example")),
    )
    shop = Shop.objects.create(name="Lumen", key="l" * 32)
    orders = [OrderFacts(f"{n}", "1", "paid", "EUR", 900, database_now(), database_now(), email="zoe@customer.example")
              for n in range(2)]  # fmt: skip
    keep_orders(shop.pk, orders, at=database_now())
    Policy.objects.create(name="Few words", position=0, calendar=Policy.objects.latest("pk").calendar,
                          conditions={"segment": ["never_bought"]}, first_seconds=60)  # fmt: skip
    policy = Policy.objects.create(name="V", position=1, calendar=Policy.objects.latest("pk").calendar)
    edit = reverse("policy_edit", args=[policy.pk])
    client, form = browser(lead(house.ben)), policy_form(name="V", priority=[], segment=["repeat"], tier=["gold"])
    page = client.post(edit, form | {"preview": "1"}).content.decode()
    assert "1 open ticket would follow" in page and f"#{buyer.pk} Bought" in page
    # Whoever never bought follows the policy asked before, everybody else this one.
    page = client.post(edit, policy_form(name="V", priority=[], preview="1")).content.decode()
    assert "1 open ticket would follow" in page and f"#{other.pk} " not in page
    assert client.post(edit, form | {"region": "UA, xx"}).status_code == 422
    assert client.post(edit, form | {"region": "ua"}).status_code == 302
    policy.refresh_from_db()
    assert policy.conditions == {"segment": ["repeat"], "tier": ["gold"], "region": ["UA"]}
    shown = client.get(edit).content.decode()
    assert 'value="UA"' in shown and 'value="repeat"' in shown
    assert "Has bought twice or more" in client.get(reverse("service_levels")).content.decode()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("first_seconds", "soon", "Write a length of time"),
        ("first_seconds", "", "Promise something"),
        ("warn", "120", "between 1 and 99"),
        ("late_tag", "x" * 61, "60"),
    ],
)
def test_a_policy_says_what_is_wrong_with_it(house: House, field: str, value: str, said: str) -> None:
    make_policy()
    before = row_counts()
    response = browser(house.adam).post(reverse("policy_new"), policy_form(**{field: value}))
    assert response.status_code == 422 and said in response.content.decode()
    assert row_counts() == before


def test_a_calendar_is_written_shown_ahead_and_kept_while_it_is_used(house: House) -> None:
    client = browser(house.adam)
    page = client.post(reverse("calendar_new"), CALENDAR | {"preview": "1"}).content.decode()
    assert "The next 14 days" in page and not BusinessCalendar.objects.filter(name="Office").exists()
    assert client.post(reverse("calendar_new"), CALENDAR).status_code == 302
    calendar = BusinessCalendar.objects.get(name="Office")
    assert calendar.weekly == [[[540, 780], [840, 1080]], [], [], [], [], [], []]
    assert calendar.own_days == [
        {"on": "2026-12-24", "closed": True, "extra": [], "note": "stocktaking"},
        {"on": "2026-12-26", "closed": False, "extra": [[600, 840]], "note": "sale"},
    ]
    shown = client.get(reverse("calendar_edit", args=[calendar.pk])).content.decode()
    assert "2026-12-24 closed stocktaking" in shown and "9:00-13:00, 14:00-18:00" in shown
    make_policy(calendar=calendar)
    assert (
        "A policy uses this calendar"
        in client.post(reverse("calendar_remove", args=[calendar.pk]), follow=True).content.decode()
    )
    assert BusinessCalendar.objects.filter(pk=calendar.pk).exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"monday": "9-17"}, "Write hours such as"),
        ({"monday": "25:00-26:00"}, "0:00 to 24:00"),
        ({"own_days": "tomorrow closed"}, "does not begin with a date"),
        ({"country": "DE", "region": "XX"}, "Not a region of this country"),
        ({"monday": "", "own_days": ""}, "nothing would ever be due"),
    ],
)
def test_a_calendar_says_what_is_wrong_with_it(house: House, fields: dict[str, str], said: str) -> None:
    before = row_counts()
    response = browser(house.adam).post(reverse("calendar_new"), CALENDAR | fields)
    assert response.status_code == 422 and said in response.content.decode()
    assert row_counts() == before


MANAGED = ["service_levels", "policy_new", "calendar_new", "sla_report", "sla_wall", "sla_missed", "sla_csv"]


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
def test_who_neither_leads_nor_manages_hears_no_and_changes_nothing(house: House, role: str) -> None:
    policy = make_policy()
    client, before = browser(make_agent("Nina", role=role, team=house.support)), row_counts()
    for name in MANAGED:
        assert client.get(reverse(name)).status_code == 403
    changes = [
        (reverse("policy_new"), policy_form()), (reverse("policy_edit", args=[policy.pk]), policy_form()),
        (reverse("policy_move", args=[policy.pk]), {"up": "1"}), (reverse("policy_remove", args=[policy.pk]), {}),
        (reverse("calendar_new"), CALENDAR), (reverse("calendar_edit", args=[policy.calendar_id]), CALENDAR),
        (reverse("calendar_remove", args=[policy.calendar_id]), {}),
    ]  # fmt: skip
    for path, form in changes:
        assert client.post(path, form).status_code == 403, path
    assert row_counts() == before


def test_the_panel_explains_a_deadline_to_who_sees_the_ticket_alone(house: House) -> None:
    make_policy(calendar=work_week(), first_seconds=4 * 3600)
    ticket = ask(house.channel)
    path = reverse("ticket_deadlines", args=[ticket.pk])
    page = browser(house.olena).get(path).content.decode()
    assert "First answer" in page and "4h by “Everything”, Kyiv office" in page
    assert "The deadline is 4h of open time after the start." in page
    assert "counted" in page and "How it adds up" in page
    assert browser(house.mallory).get(path).status_code == 404
    assert browser(house.vera).get(path).status_code == 200


def test_what_is_due_comes_first_and_the_rest_is_folded(house: House) -> None:
    make_policy()
    ticket = ask(house.channel, ago=10 * MINUTE)
    path = reverse("ticket_deadlines", args=[ticket.pk])
    assert "earlier" not in browser(house.olena).get(path).content.decode()
    actions.reply(ticket.pk, by=house.olena, text="Yes.", undo_seconds=0)
    ask(house.channel, subject_numbers=(ticket.pk,), text="And when?")
    due, _, earlier = browser(house.olena).get(path).content.decode().partition('<details class="ended">')
    assert "Running" in due and "Answered" not in due and 'class="ahead"' in due
    assert "1 earlier" in earlier and "Answered in time" in earlier and 'class="ahead"' not in earlier


def test_thanks_are_named_as_the_reason(house: House) -> None:
    make_policy()
    ticket = ask(house.channel)
    actions.set_status(ticket.pk, by=house.olena, status="solved")
    ask(house.channel, subject_numbers=(ticket.pk,), text="Thanks a lot!")
    page = browser(house.olena).get(reverse("ticket_deadlines", args=[ticket.pk])).content.decode()
    assert "Ended without an answer" in page


def story(house: House) -> None:
    """Three answered in time, one late, one of another team late, one waiting late, one solved unanswered."""
    make_policy(escalation=[])
    for number in range(3):
        ticket = ask(house.channel, ago=(10 + number) * MINUTE, sender=Address("A", f"a{number}@a.example"))
        actions.reply(ticket.pk, by=house.olena, text="Yes.", undo_seconds=0)
    late = ask(house.channel, ago=90 * MINUTE, sender=Address("L", "l@l.example"), subject="Too late")
    actions.reply(late.pk, by=house.olena, text="Sorry.", undo_seconds=0)
    foreign = ask(house.other_channel, ago=90 * MINUTE, sender=Address("F", "f@f.example"), subject="Elsewhere")
    actions.reply(foreign.pk, by=house.mallory, text="Sorry.", undo_seconds=0)
    ask(house.channel, ago=70 * MINUTE, sender=Address("W", "w@w.example"), subject="Still waits")
    dropped = ask(house.channel, ago=MINUTE, sender=Address("D", "d@d.example"))
    actions.set_status(dropped.pk, by=house.olena, status="solved")
    settle()
    sweep()


def test_figures_count_what_their_reader_may_see(house: House) -> None:
    story(house)
    page = browser(lead(house.ben)).get(reverse("sla_report")).content.decode()
    assert "3 of 4 first answers came in time, 1 did not." in page
    assert "30.1–95.4 %" in page  # Wilson for 3 of 4
    assert "1 ended without" in page
    assert "Still waits" in page and "Elsewhere" not in page
    whole = browser(house.adam).get(reverse("sla_report")).content.decode()
    assert "3 of 5 first answers came in time, 2 did not." in whole
    rows = browser(house.ben).get(reverse("sla_missed"), {"target": "first"}).content.decode()
    assert "Too late" in rows and "30m" in rows and "Elsewhere" not in rows
    # Who never answers is not perfect: what is overdue stands beside the share and leads to its rows.
    said = "and 1 overdue without an answer, which counts once it ends"
    assert page.count(said) == 3  # the figure, the chart, the channels
    for name in ("overview", "work_report"):
        assert said in browser(house.ben).get(reverse(name)).content.decode(), name
    late = {"target": "first", "which": "overdue"}
    rows = browser(house.ben).get(reverse("sla_missed"), late).content.decode()
    assert "Still waits" in rows and "Too late" not in rows and "1 overdue promise" in rows
    foreign = ask(house.other_channel, ago=90 * MINUTE, sender=Address("G", "g@g.example"), subject="Theirs")
    assert "Theirs" not in browser(house.ben).get(reverse("sla_missed"), late).content.decode()
    assert "Theirs" in browser(house.adam).get(reverse("sla_missed"), late).content.decode()
    body = Api.of(house.adam).get("reports/service-level/").body["first"]
    assert (body["kept"], body["missed"], body["overdue"]) == (3, 2, 2)
    assert Api.of(house.adam).get("reports/overview/").body["first_answer_in_time"]["overdue"] == 2
    assert Api.of(house.ben).get("reports/service-level/").body["first"]["overdue"] == 1
    # It counts when it ends, and not twice.
    actions.reply(foreign.pk, by=house.mallory, text="At last.", undo_seconds=0)
    settle()
    body = Api.of(house.adam).get("reports/service-level/").body["first"]
    assert (body["kept"], body["missed"], body["overdue"]) == (3, 3, 1)
    lines = b"".join(browser(house.ben).get(reverse("sla_csv"))).decode().splitlines()
    assert len(lines) == 6 and sorted(line.split(",")[7] for line in lines[1:]) == ["dropped", *["kept"] * 3, "missed"]


def test_the_report_costs_the_same_however_much_there_is(house: House) -> None:
    story(house)
    client = browser(lead(house.ben))
    client.get(reverse("sla_report"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("sla_report"))
    for number in range(12):
        ticket = ask(house.channel, ago=5 * MINUTE, sender=Address("X", f"x{number}@x.example"))
        actions.reply(ticket.pk, by=house.olena, text="Yes.", undo_seconds=0)
    settle()
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("sla_report"))
    assert (
        len(many) == len(few) <= 25
    )  # one says what is promised, one whether they have tickets of their own, one what is overdue
