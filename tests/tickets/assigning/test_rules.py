"""Who gets the next ticket: tables of cases, and what holds for every team and queue."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from tests.people import NOW
from tickets.assigning.rules import Candidate, Waiting, choose

ANN, BEA, CID = 1, 2, 3


def one(agent: int, load: int, limit: int = 8, *, minutes: int | None = None) -> Candidate:
    return Candidate(agent, load, limit, None if minutes is None else NOW + timedelta(minutes=minutes))


MAIL, CHAT = Waiting(10, 1), Waiting(10, 3)
CASES = [
    ("the fewest open", [MAIL], [one(ANN, 3), one(BEA, 1)], "fewest", None, (10, BEA, "fewest")),
    ("of two as few, who waits longer", [MAIL], [one(ANN, 1, minutes=5), one(BEA, 1, minutes=2)], "fewest", None, (10, BEA, "fewest")),
    ("of two who never got one, the first", [MAIL], [one(BEA, 0), one(ANN, 0)], "fewest", None, (10, ANN, "fewest")),
    ("nobody there", [MAIL], [], "fewest", None, None),
    ("nothing waits", [], [one(ANN, 0)], "fewest", None, None),
    ("full is full", [MAIL], [one(ANN, 8)], "fewest", None, None),
    ("a chat needs three", [CHAT], [one(ANN, 6), one(BEA, 7)], "fewest", None, None),
    ("what fits goes to whom it fits", [CHAT], [one(ANN, 6), one(BEA, 5)], "turns", ANN, (10, BEA, "turn")),
    ("whoever has nothing takes what is too heavy", [CHAT], [one(ANN, 0, 2)], "fewest", None, (10, ANN, "fewest")),
    ("a limit of nothing takes nothing", [MAIL], [one(ANN, 0, 0)], "fewest", None, None),
    ("the next in turn", [MAIL], [one(ANN, 0), one(BEA, 5), one(CID, 0)], "turns", ANN, (10, BEA, "turn")),
    ("the circle closes", [MAIL], [one(ANN, 5), one(BEA, 0)], "turns", CID, (10, ANN, "turn")),
    ("back to who had it", [Waiting(10, 1, before=ANN)], [one(ANN, 7), one(BEA, 0)], "fewest", None, (10, ANN, "back")),
    ("not back to who is full", [Waiting(10, 1, before=ANN)], [one(ANN, 8), one(BEA, 0)], "fewest", None, (10, BEA, "fewest")),
    ("not to who gave it away", [Waiting(10, 1, not_to=ANN)], [one(ANN, 0), one(BEA, 7)], "fewest", None, (10, BEA, "fewest")),
    ("passed over, what only they could take", [Waiting(10, 1, not_to=ANN), Waiting(11, 1)], [one(ANN, 0)], "fewest", None, (11, ANN, "fewest")),
    ("not of a channel they do not see", [Waiting(10, 1, channel=5)], [Candidate(ANN, 0, 8, None, frozenset({4})), one(BEA, 3)], "fewest", None, (10, BEA, "fewest")),
    ("what is lighter does not overtake", [CHAT, Waiting(11, 1)], [one(ANN, 7)], "fewest", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "queue", "people", "method", "last", "expected"), CASES, ids=[c[0] for c in CASES])
def test_who_gets_the_next(
    name: str,
    queue: list[Waiting],
    people: list[Candidate],
    method: str,
    last: int | None,
    expected: tuple[int, int, str] | None,
) -> None:
    choice = choose(queue, people, method=method, last_given=last)

    assert (choice and (choice.ticket_id, choice.agent_id, choice.why)) == expected


@pytest.mark.parametrize("method", ["turns", "fewest"])
@pytest.mark.parametrize("seed", range(40))
def test_giving_out_a_whole_queue_keeps_every_limit_and_loses_nothing(method: str, seed: int) -> None:
    chance = random.Random(seed)
    limits = {agent: chance.randint(0, 9) for agent in range(1, chance.randint(2, 7))}
    loads = dict.fromkeys(limits, 0)
    queue = [Waiting(number, chance.choice([1, 1, 2, 3])) for number in range(chance.randint(0, 40))]
    weights, last = {ticket.ticket_id: ticket.weight for ticket in queue}, None
    given: list[int] = []
    while choice := choose(
        queue, [Candidate(agent, loads[agent], limits[agent]) for agent in limits], method=method, last_given=last
    ):
        # The first of the queue, to somebody it fits, and of those nobody has fewer.
        assert choice.ticket_id == queue[0].ticket_id
        weight, last = weights[choice.ticket_id], choice.agent_id
        assert loads[last] == 0 or loads[last] + weight <= limits[last]
        fitting = [a for a in limits if limits[a] and (not loads[a] or loads[a] + weight <= limits[a])]
        assert method == "turns" or loads[last] == min(loads[agent] for agent in fitting)
        loads[last] += weight
        given.append(choice.ticket_id)
        queue = queue[1:]
    assert len(given) == len(set(given)) == len(weights) - len(queue)
    assert not queue or all(
        not limits[agent] or (loads[agent] and loads[agent] + queue[0].weight > limits[agent]) for agent in limits
    )
