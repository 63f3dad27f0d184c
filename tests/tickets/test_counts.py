"""The tally equals a recount whatever happened to tickets, however many fold it at once; counts stay in scope."""

from __future__ import annotations

import random
import threading
from collections import Counter
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from people.models import Customer
from tests.people import NOW, House, make_house
from tickets.conditions import ticket_q
from tickets.counts import all_heaps, fold_tally, unread_map, view_counts
from tickets.inbox.catalogue import wheres_for
from tickets.models import Seen, Status, Tally, Ticket

Facts = tuple[Any, ...]


@pytest.fixture
def house(transactional_db: None) -> House:
    return make_house()


@pytest.fixture
def zoe(house: House) -> Customer:
    return Customer.objects.create(name="Zoe")


def recount() -> Counter[Facts]:
    """What the tally should say, counted from the tickets themselves."""
    rows = Ticket.objects.values_list(
        "team_id", "assignee_id", "channel_id", "status", "snoozed_until", "needs_attention"
    )
    return Counter(
        (team, who, channel, status, until is not None, odd) for team, who, channel, status, until, odd in rows
    )


def tallied() -> Counter[Facts]:
    counted: Counter[Facts] = Counter()
    for row in Tally.objects.all():
        counted[(row.team_id, row.assignee_id, row.channel_id, row.status, row.snoozed, row.attention)] += row.n
    return Counter({facts: n for facts, n in counted.items() if n})


def make_tickets(house: House, zoe: Customer, number: int, **fields: Any) -> list[Ticket]:
    values = {"channel": house.channel, "customer": zoe, "opened_at": NOW, "last_message_at": NOW} | fields
    return Ticket.objects.bulk_create(Ticket(**values) for _ in range(number))


def one_random_step(house: House, zoe: Customer, chance: random.Random) -> None:
    """Anything that can happen to tickets, in bulk or singly, with actions or behind their back."""
    ids = list(Ticket.objects.values_list("pk", flat=True))
    some = chance.sample(ids, min(len(ids), chance.randint(1, 5)))
    match chance.randint(0, 8):
        case 0 | 1:
            team = chance.choice([None, house.support, house.returns])
            make_tickets(house, zoe, chance.randint(1, 4), team=team)
        case 2:
            Ticket.objects.filter(pk__in=some).update(status=chance.choice(Status.values))
        case 3:
            Ticket.objects.filter(pk__in=some).update(assignee=chance.choice([None, house.olena, house.mallory]))
        case 4:
            Ticket.objects.filter(pk__in=some).update(snoozed_until=chance.choice([None, timezone.now()]))
        case 5:
            Ticket.objects.filter(pk__in=some).update(preview=str(chance.random()), message_sequence=3)
        case 6:
            Ticket.objects.filter(pk__in=some[:1]).delete()
        case 7:
            try:
                with transaction.atomic():
                    Ticket.objects.filter(pk__in=some).update(needs_attention=True, team=house.returns)
                    raise LookupError
            except LookupError:
                pass
        case 8:
            fold_tally()


@pytest.mark.parametrize("seed", range(6))
def test_tally_equals_a_recount_after_anything(house: House, zoe: Customer, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        one_random_step(house, zoe, chance)
        assert tallied() == recount()
    fold_tally()
    assert tallied() == recount()
    assert Tally.objects.count() == len(recount()), "folded: one row for each combination that exists"


def test_an_update_that_changes_nothing_countable_appends_nothing(house: House, zoe: Customer) -> None:
    make_tickets(house, zoe, 3)
    before = Tally.objects.count()
    Ticket.objects.update(preview="x", message_sequence=2, inbound_sequence=2, last_message_at=timezone.now())
    assert Tally.objects.count() == before


def test_bulk_insert_appends_a_row_a_combination(house: House, zoe: Customer) -> None:
    make_tickets(house, zoe, 500, team=house.support)
    assert [(row.n, row.team_id) for row in Tally.objects.all()] == [(500, house.support.pk)]


def test_copy_is_counted_too(house: House, zoe: Customer) -> None:
    columns = (
        "subject, status, priority, channel_id, customer_id, language, preview, message_sequence, "
        "inbound_sequence, opened_at, last_message_at, needs_attention"
    )
    with connection.cursor() as cursor, cursor.copy(f"COPY tickets_ticket ({columns}) FROM STDIN") as copy:
        for _ in range(40):
            copy.write_row(["", "open", 20, house.channel.pk, zoe.pk, "", "", 1, 1, NOW, NOW, False])
    assert tallied() == recount() and recount().total() == 40


def test_truncate_forgets(house: House, zoe: Customer) -> None:
    make_tickets(house, zoe, 5)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE tickets_ticket CASCADE")
    assert not Tally.objects.exists()


def test_a_deleted_team_moves_its_tickets_to_no_team(house: House, zoe: Customer) -> None:
    make_tickets(house, zoe, 4, team=house.returns)
    house.returns.delete()
    assert tallied() == recount()
    assert {heap.team_id for heap in all_heaps()} == {None}


def test_folding_beside_writers_and_other_folds_loses_nothing(house: House, zoe: Customer) -> None:
    tickets = make_tickets(house, zoe, 40, team=house.support)
    stop, errors = threading.Event(), []

    def keep(work: Any) -> None:
        try:
            while not stop.is_set():
                work()
        except Exception as error:  # noqa: BLE001 - told by the test thread
            errors.append(error)
        finally:
            connections.close_all()

    def write(mine: list[Ticket], chance: random.Random) -> None:
        with transaction.atomic():
            Ticket.objects.filter(pk=chance.choice(mine).pk).update(status=chance.choice(Status.values))

    threads = [threading.Thread(target=keep, args=(fold_tally,)) for _ in range(3)]
    threads += [
        threading.Thread(target=keep, args=(lambda n=n: write(tickets[n::3], random.Random()),)) for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for _ in range(150):
        # Each look is one statement, so it may fall anywhere between their commits: the sum must always hold.
        assert sum(heap.n for heap in all_heaps()) == 40
    stop.set()
    for thread in threads:
        thread.join()
    assert not errors
    assert tallied() == recount()


def test_a_quiet_tally_is_not_written(house: House, zoe: Customer) -> None:
    make_tickets(house, zoe, 3)
    make_tickets(house, zoe, 3)
    assert fold_tally() == 2
    ids = set(Tally.objects.values_list("pk", flat=True))
    assert fold_tally() == 0
    assert set(Tally.objects.values_list("pk", flat=True)) == ids


def test_counts_are_what_the_lists_hold_and_cost_one_query(house: House, zoe: Customer) -> None:
    chance = random.Random(7)
    for _ in range(80):
        one_random_step(house, zoe, chance)
    for agent in (house.olena, house.ben, house.mallory, house.vera, house.adam):
        wheres = wheres_for(agent)
        listed = {
            key: Ticket.objects.visible_to(agent).filter(ticket_q(where)).count() for key, where in wheres.items()
        }
        assert agent.team_ids is not None  # read once a request in any case
        with CaptureQueriesContext(
            connection,
        ) as queries:
            counts = view_counts(agent, wheres)
        assert counts == listed
        assert len(queries) == 1
    house.olena.is_active = False
    assert set(view_counts(house.olena, wheres_for(house.olena)).values()) == {0}


def test_unread_is_what_came_in_since_i_looked(house: House, zoe: Customer) -> None:
    fresh, read, again, ours = make_tickets(house, zoe, 4, team=house.support)
    Ticket.objects.filter(pk__in=[fresh.pk, read.pk]).update(inbound_sequence=1, message_sequence=1)
    Ticket.objects.filter(pk=again.pk).update(inbound_sequence=3, message_sequence=3)
    Seen.objects.create(agent=house.olena, ticket=read, sequence=1)
    Seen.objects.create(agent=house.olena, ticket=again, sequence=2)
    Seen.objects.create(agent=house.ben, ticket=again, sequence=3)
    ids = [fresh.pk, read.pk, again.pk, ours.pk]
    assert unread_map(house.olena, ids) == {fresh.pk: True, read.pk: False, again.pk: True, ours.pk: False}
    assert unread_map(house.ben, ids) == {fresh.pk: True, read.pk: True, again.pk: False, ours.pk: False}
    assert unread_map(house.ben, []) == {}
