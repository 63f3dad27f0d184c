"""Tickets find somebody by themselves: state, exact events, in words; never twice, never above a limit."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from events.delivery import drain
from events.doorbell import probe_client
from events.models import Event
from people.actions import save_agent
from people.availability import note_who_is_here, say_presence, set_limits
from people.desks import KEY, note_desks
from people.models import Agent, Availability, Membership
from tests.metrics.shop import work_week
from tests.people import NOW, House, assert_gapless, events_of, make_agent, make_house, open_ticket
from tickets import actions
from tickets.assigning.giving import waiting_tickets
from tickets.assigning.hearing import ask_for_an_owner
from tickets.assigning.settings import save_assigning
from tickets.assigning.watching import watch, work
from tickets.inbox.directory import read_directory
from tickets.inbox.sentences import Names, sentence
from tickets.models import Assigning, Channel, Ticket

MINUTE = timedelta(minutes=1)


@pytest.fixture
def house(db: None) -> Iterator[House]:
    probe_client().delete(KEY)
    yield make_house()
    probe_client().delete(KEY)


def rule(house: House, **fields: Any) -> Assigning:
    values: dict[str, Any] = {
        "method": "fewest", "most": 2, "weights": {}, "calendar": None, "away_minutes": 15, "sticky": True,
    }  # fmt: skip
    return save_assigning(house.support.pk, by=house.adam, **(values | fields))


def here(*agents: Agent) -> None:
    """These have the helpdesk open, and nobody else."""
    probe_client().delete(KEY)
    note_desks([agent.pk for agent in agents])


def settle(at: Any = NOW) -> None:
    """What the job does, until nothing is left to do."""
    for _ in range(3):
        drain()
        watch(at=at)
        work(at=at)


def owner(ticket: Ticket) -> Agent | None:
    ticket.refresh_from_db()
    return ticket.assignee


def told(ticket: Ticket, kind: str = "ticket.assigned") -> list[str]:
    """The ticket's events of a kind, as the timeline says them."""
    names = Names(read_directory(), "Zoe", {})
    events = Event.objects.filter(stream_type="ticket", stream_id=ticket.pk, kind=kind).order_by("sequence")
    return [told.html.replace("<b>", "").replace("</b>", "") for event in events if (told := sentence(event, names))]


def test_a_new_ticket_goes_to_who_has_the_fewest_and_says_why(house: House) -> None:
    rule(house)
    here(house.olena, house.ben)
    first, second = open_ticket(house.channel), open_ticket(house.channel)

    settle()

    assert (owner(first), owner(second)) == (house.olena, house.ben)
    assert [kind for kind in events_of(first.pk) if kind.startswith("ticket.")] == ["ticket.opened", "ticket.assigned"]
    event = Event.objects.get(stream_type="ticket", stream_id=first.pk, kind="ticket.assigned")
    assert (event.actor_kind, event.data) == (
        "system",
        {"from": None, "to": house.olena.pk, "auto": {"why": "fewest", "load": 0, "limit": 2}},
    )
    assert told(first) == ["Given to Olena: fewest open (0 of 2), online"]
    assert_gapless(first.pk)


def test_once_more_gives_nothing_again(house: House) -> None:
    rule(house)
    here(house.olena)
    ticket = open_ticket(house.channel)
    settle()
    before = events_of(ticket.pk)

    settle()

    assert events_of(ticket.pk) == before


@pytest.mark.parametrize("reason", ["off", "no desk", "busy", "away", "off duty", "viewer", "other team", "no rule"])
def test_nobody_gets_what_is_not_theirs_to_take(house: House, reason: str) -> None:
    rule(house, method="off" if reason == "off" else "fewest")
    if reason == "no rule":
        Assigning.objects.all().delete()
    here(*{"no desk": [], "viewer": [house.vera], "other team": [house.mallory, house.adam]}.get(reason, [house.olena]))
    if said := {"busy": "busy", "away": "away", "off duty": "off"}.get(reason):
        say_presence(house.olena, said, at=NOW)
    ticket = open_ticket(house.channel)

    settle()

    assert owner(ticket) is None
    assert "ticket.assigned" not in events_of(ticket.pk)


def test_capacity_holds_and_what_was_due_first_goes_when_somebody_is_free(house: House) -> None:
    rule(house, most=1)
    here(house.olena)
    tickets = [open_ticket(house.channel) for _ in range(3)]
    drain()
    Ticket.objects.filter(pk__in=[one.pk for one in tickets]).update(next_due_at=None)
    Ticket.objects.filter(pk=tickets[2].pk).update(next_due_at=NOW)
    settle()
    assert [owner(ticket) for ticket in tickets] == [None, None, house.olena]

    actions.set_status(tickets[2].pk, by=house.olena, status="solved", at=NOW)
    settle()

    assert [owner(ticket) for ticket in tickets[:2]] == [house.olena, None]


def test_a_chat_weighs_three_and_an_agents_own_limit_counts(house: House) -> None:
    chat = Channel.objects.create(kind="chat", name="Chat", team=house.support)
    rule(house, most=4)
    set_limits(house.ben, by=house.adam, most=2, calendar=None)
    here(house.olena, house.ben)
    Ticket.objects.filter(pk=open_ticket(house.channel).pk).update(assignee=house.olena)
    Ticket.objects.filter(pk=open_ticket(house.channel).pk).update(assignee=house.ben)
    talk = open_ticket(house.channel)
    Ticket.objects.filter(pk=talk.pk).update(channel=chat)

    settle()

    assert owner(talk) == house.olena
    assert told(talk) == ["Given to Olena: fewest open (1 of 4), online"]


def test_in_turn(house: House) -> None:
    rule(house, method="turns", most=9)
    here(house.olena, house.ben)
    tickets = [open_ticket(house.channel) for _ in range(4)]

    settle()

    assert [owner(ticket) for ticket in tickets] == [house.olena, house.ben] * 2
    assert told(tickets[1]) == ["Given to Ben: next in turn (0 of 9 open), online"]


def test_only_on_shift_and_looked_at_again_when_it_begins(house: House) -> None:
    calendar = work_week()
    rule(house, calendar=calendar.pk)
    here(house.olena)
    ticket = open_ticket(house.channel)
    sunday = NOW - timedelta(days=1)
    probe_client().delete(f"figure:hours:{calendar.pk}")

    settle(at=sunday)
    opens = Assigning.objects.get(pk=house.support.pk).look_again_at
    assert owner(ticket) is None
    assert opens is not None and sunday < opens < NOW

    probe_client().delete(f"figure:hours:{calendar.pk}")
    work(at=NOW)
    assert owner(ticket) == house.olena


def test_what_a_person_assigned_stays_and_what_they_took_away_goes_to_another(house: House) -> None:
    rule(house)
    here(house.olena, house.ben)
    mine = open_ticket(house.channel)
    actions.assign_ticket(mine.pk, by=house.adam, assignee=house.mallory)
    settle()
    assert owner(mine) == house.mallory

    actions.assign_ticket(mine.pk, by=house.olena, assignee=house.olena)
    actions.assign_ticket(mine.pk, by=house.olena, assignee=None)
    settle()

    assert owner(mine) == house.ben


def given_to_olena(house: House, **fields: Any) -> Ticket:
    rule(house, **fields)
    here(house.olena)
    ticket = open_ticket(house.channel)
    settle()
    assert owner(ticket) == house.olena
    return ticket


def test_off_duty_gives_back_at_once_and_says_so(house: House) -> None:
    ticket = given_to_olena(house)
    by_hand = open_ticket(house.channel)
    actions.assign_ticket(by_hand.pk, by=house.adam, assignee=house.olena)

    say_presence(house.olena, "off", at=NOW)
    settle()

    assert owner(ticket) is None
    assert told(ticket)[-1] == "Back in the queue: Olena is off duty"
    assert owner(by_hand) == house.olena

    here(house.ben)
    settle()
    assert owner(ticket) == house.ben


def test_away_gives_back_after_the_minutes_that_were_set(house: House) -> None:
    ticket = given_to_olena(house)
    here()
    settle(at=NOW)
    settle(at=NOW + 14 * MINUTE)
    assert owner(ticket) == house.olena

    settle(at=NOW + 16 * MINUTE)
    assert owner(ticket) is None
    assert told(ticket)[-1] == "Back in the queue: Olena has been away too long"

    here(house.olena, house.ben)
    settle(at=NOW + 17 * MINUTE)
    assert owner(ticket) == house.olena
    assert told(ticket)[-1] == "Given back to Olena: had it before, and is online"


def forget_hours() -> None:
    probe_client().delete(*probe_client().keys("figure:hours:*") or ["none"])


def test_a_page_left_open_overnight_keeps_no_tickets(house: House) -> None:
    """Gone some minutes after the end of the shift, the next evening again; what a person assigned stays."""
    forget_hours()
    ticket = given_to_olena(house, calendar=work_week().pk)
    by_hand = open_ticket(house.channel)
    actions.assign_ticket(by_hand.pk, by=house.adam, assignee=house.olena)
    for day in range(2):
        end = NOW.replace(hour=16) + timedelta(days=day)  # 18:00 in Kyiv
        lunch = end - timedelta(hours=4, minutes=10)
        for at, kept in ((lunch, True), (end - MINUTE, True), (end + 14 * MINUTE, True), (end + 16 * MINUTE, False)):
            forget_hours()
            settle(at=at)
            assert owner(ticket) == (house.olena if kept else None), at
        assert told(ticket)[-1] == "Back in the queue: the shift of Olena is over"
        forget_hours()
        settle(at=end + timedelta(hours=16))
        assert owner(ticket) == house.olena
    assert owner(by_hand) == house.olena
    assert events_of(by_hand.pk).count("ticket.assigned") == 1


def test_the_end_of_a_shift_changes_nothing_where_nothing_is_ever_taken_back(house: House) -> None:
    forget_hours()
    ticket = given_to_olena(house, calendar=work_week().pk, away_minutes=None)
    forget_hours()
    settle(at=NOW + timedelta(hours=12))
    assert owner(ticket) == house.olena


def test_without_minutes_only_who_is_off_duty_loses_tickets(house: House) -> None:
    ticket = given_to_olena(house, away_minutes=None)
    here()

    settle(at=NOW + timedelta(days=2))

    assert owner(ticket) == house.olena


def test_while_nobody_knows_who_is_there_nobody_is_sent_home(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = given_to_olena(house)
    monkeypatch.setattr("people.availability.desks_if_known", lambda: None)

    settle(at=NOW + timedelta(days=2))

    assert owner(ticket) == house.olena


def test_whoever_leaves_the_shop_loses_everything_open(house: House) -> None:
    ticket = given_to_olena(house)
    by_hand = open_ticket(house.channel)
    actions.assign_ticket(by_hand.pk, by=house.adam, assignee=house.olena)

    save_agent(
        house.olena, by=house.adam, email=house.olena.email, name="Olena", role="agent", teams=[house.support],
        is_active=False,
    )  # fmt: skip
    settle()

    assert (owner(ticket), owner(by_hand)) == (None, None)
    assert told(by_hand)[-1] == "Back in the queue: Olena does not work here any more"


@pytest.mark.parametrize("present", [True, False])
def test_opened_again_it_stays_with_its_owner_only_while_they_are_there(house: House, present: bool) -> None:
    ticket = given_to_olena(house)
    actions.set_status(ticket.pk, by=house.olena, status="solved", at=NOW)
    settle()
    if not present:
        say_presence(house.olena, "off", at=NOW)
        settle()
    here(house.olena, house.ben)

    actions.set_status(ticket.pk, by=house.ben, status="open", at=NOW + MINUTE)
    settle()

    assert owner(ticket) == (house.olena if present else house.ben)


def test_saying_the_same_again_records_nothing(house: House) -> None:
    rule(house)
    rule(house)
    say_presence(house.olena, "busy")
    say_presence(house.olena, "busy")

    kinds = Counter(Event.objects.filter(stream_type__in=["team", "agent"]).values_list("kind", flat=True))
    assert kinds == {"team.assigning_changed": 1, "agent.availability_changed": 1}


def test_looking_costs_the_same_however_many_tickets_there_are(house: House) -> None:
    rule(house, most=1)
    here(house.olena)
    costs = []
    for number in (3, 30):
        for _ in range(number):
            open_ticket(house.channel)
        settle()
        Assigning.objects.update(asked=10**6 * number)
        with CaptureQueriesContext(connection) as queries:
            watch(at=NOW)
            work(at=NOW)
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_teams_without_a_rule_cost_an_event_one_query(house: House) -> None:
    open_ticket(house.channel)
    event = Event.objects.filter(kind="ticket.opened").latest("pk")
    with CaptureQueriesContext(connection) as queries:
        ask_for_an_owner(event)
    assert len(queries) == 1


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_give_each_ticket_once_and_nobody_too_much() -> None:
    house = make_house()
    carol = make_agent("Carol", team=house.support)
    # Ben is in both teams: two queues draw on him at once.
    Membership.objects.create(agent=house.ben, team=house.returns)
    for team in (house.support, house.returns):
        save_assigning(
            team.pk, by=house.adam, method="fewest", most=3, weights={}, calendar=None, away_minutes=15, sticky=True
        )
    tickets = [open_ticket(channel).pk for channel in (house.channel, house.other_channel) for _ in range(12)]
    here(house.olena, house.ben, carol, house.mallory)
    drain()
    watch(at=NOW)
    barrier = threading.Barrier(6)

    def give() -> None:
        barrier.wait()
        try:
            work(at=NOW)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=give) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    work(at=NOW)

    loads = Counter(Ticket.objects.filter(pk__in=tickets).exclude(assignee=None).values_list("assignee", flat=True))
    assert loads == dict.fromkeys([house.olena.pk, house.ben.pk, carol.pk, house.mallory.pk], 3)
    for ticket in tickets:
        assert events_of(ticket).count("ticket.assigned") <= 1
        assert_gapless(ticket)
    left = waiting_tickets(house.support.pk).count() + waiting_tickets(house.returns.pk).count()
    assert left == len(tickets) - 12
    probe_client().delete(KEY)


@pytest.mark.django_db(transaction=True)
def test_a_hand_that_is_quicker_wins() -> None:
    house = make_house()
    rule(house, most=99)
    here(house.olena)
    for _ in range(6):
        ticket, barrier = open_ticket(house.channel), threading.Barrier(2)
        drain()

        def by_itself(barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            work(at=NOW)
            connections.close_all()

        def by_hand(pk: int = ticket.pk, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            actions.assign_ticket(pk, by=house.adam, assignee=house.mallory)
            connections.close_all()

        threads = [threading.Thread(target=by_itself), threading.Thread(target=by_hand)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        settle()
        assert owner(ticket) == house.mallory
    probe_client().delete(KEY)


def test_noting_who_is_here_twice_changes_nothing(house: House) -> None:
    Availability.objects.bulk_create([Availability(agent=house.olena), Availability(agent=house.ben)])
    here(house.olena)
    both = {house.olena.pk, house.ben.pk}

    assert note_who_is_here(both, at=NOW) == {house.olena.pk}
    assert note_who_is_here(both, at=NOW) == set()
    here()
    assert note_who_is_here(both, at=NOW) == {house.olena.pk}
    assert Availability.objects.get(pk=house.olena.pk).left_at == NOW
