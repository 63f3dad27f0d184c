"""One `where`, four readers: Python, the list's SQL, the tally's SQL and the board for everyone connected. And one
scope, three readers. Whatever the tickets, they agree."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from people.models import Agent, Customer, CustomRole, Membership, Role, Team
from tickets.conditions import ticket_q
from tickets.counts import all_heaps, view_counts, visible_tally
from tickets.facets import COUNTED, Facets, Where, matches, tally_q
from tickets.inbox.catalogue import wheres_for
from tickets.live.board import Board
from tickets.live.sight import standings
from tickets.models import Channel, Status, Tally, Ticket

IDS = st.sampled_from([None, 0, 1])
TICKETS = st.lists(
    st.fixed_dictionaries({
        "status": st.sampled_from(Status.values),
        "team": IDS,
        "assignee": st.sampled_from([None, *range(7)]),
        "channel": st.sampled_from([0, 1]),
        "snoozed": st.booleans(),
        "attention": st.booleans(),
    }),
    max_size=12,
)  # fmt: skip


def subset(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=len(values))


WHERES = st.fixed_dictionaries(
    {},
    optional={
        "status": subset(list(Status.values)),
        "team": subset([None, 0, 1]),
        "assignee": subset([None, 0, 1]),
        "channel": subset([0, 1]),
        "snoozed": subset([True, False]),
        "attention": subset([True, False]),
    },
)


class TestAgreement(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.teams = [Team.objects.create(name=name) for name in ("North", "South")]
        cls.agents = [Agent.objects.create(email=f"{name}@shop.example", name=name) for name in ("ann", "bob")]
        cls.admin = Agent.objects.create(email="root@shop.example", name="root", role=Role.ADMIN)
        cls.contractor = Agent.objects.create(email="cat@shop.example", name="cat", role=Role.CONTRACTOR)
        cls.channels = [Channel.objects.create(name=n, address=f"{n}@shop.example") for n in ("one", "two")]
        cls.customer = Customer.objects.create(name="Zoe")
        Membership.objects.create(agent=cls.agents[0], team=cls.teams[0])
        Membership.objects.create(agent=cls.agents[1], team=cls.teams[1])
        Membership.objects.create(agent=cls.contractor, team=cls.teams[0])
        one, two = (channel.pk for channel in cls.channels)
        sees_all = ["read_all_tickets", "read_team_tickets", "read_tickets"]
        role = CustomRole.objects.create(name="Shop one", permissions=sees_all, channels=[one])
        own = {"role": Role.CUSTOM, "custom_role": role, "granted": role.permissions, "role_channels": role.channels}
        cls.limited = [
            Agent.objects.create(email="dan@shop.example", name="dan", channels=[two]),
            Agent.objects.create(email="eve@shop.example", name="eve", channels=[]),
            Agent.objects.create(email="fay@shop.example", name="fay", **own),
            Agent.objects.create(email="gus@shop.example", name="gus", channels=[two], **own),
        ]
        Membership.objects.create(agent=cls.limited[0], team=cls.teams[0])
        cls.all = [*cls.agents, cls.admin, cls.contractor, *cls.limited]

    def pick(self, name: str, value: Any) -> Any:
        rows = {
            "team": self.teams,
            "assignee": [self.agents[0], self.agents[1], self.contractor, *self.limited],
            "channel": self.channels,
        }.get(name)
        return value if rows is None or value is None else rows[value].pk

    def make(self, tickets: list[dict[str, Any]]) -> dict[int, Facets]:
        now = timezone.now()
        made = Ticket.objects.bulk_create(
            Ticket(
                customer=self.customer, opened_at=now, last_message_at=now, status=given["status"],
                team_id=self.pick("team", given["team"]), assignee_id=self.pick("assignee", given["assignee"]),
                channel_id=self.pick("channel", given["channel"]),
                snoozed_until=now if given["snoozed"] else None, needs_attention=given["attention"],
            )
            for given in tickets
        )  # fmt: skip
        return {
            t.pk: Facets(
                t.status, t.team_id, t.assignee_id, t.channel_id, t.snoozed_until is not None, t.needs_attention
            )
            for t in made
        }

    @given(TICKETS, WHERES)
    @settings(max_examples=60, deadline=None)
    def test_a_where_means_the_same_to_all(self, tickets: list[dict[str, Any]], said: dict[str, list[Any]]) -> None:
        facets = self.make(tickets)
        where: Where = {name: tuple(self.pick(name, value) for value in values) for name, values in said.items()}
        expected = {id for id, of in facets.items() if matches(where, of)}
        assert set(Ticket.objects.filter(ticket_q(where)).values_list("pk", flat=True)) == expected
        assert sum(Tally.objects.filter(tally_q(where)).values_list("n", flat=True)) == len(expected)
        for agent in self.all:
            in_sight = set(Ticket.objects.visible_to(agent).values_list("pk", flat=True)) & expected
            sight = standings([agent.pk])[agent.pk].sight
            assert view_counts(agent, {"v": where}) == {"v": len(in_sight)}
            assert Board(all_heaps()).counts(sight, {"v": where}) == {"v": len(in_sight)}

    @given(TICKETS)
    @settings(max_examples=40, deadline=None)
    def test_a_scope_means_the_same_to_all(self, tickets: list[dict[str, Any]]) -> None:
        facets = self.make(tickets)
        for agent in self.all:
            visible = set(Ticket.objects.visible_to(agent).values_list("pk", flat=True))
            sight = standings([agent.pk])[agent.pk].sight
            assert {id for id, of in facets.items() if sight.sees(of.team_id, of.assignee_id, of.channel_id)} == visible
            assert sum(visible_tally(agent).values_list("n", flat=True)) == len(visible)

    @given(TICKETS)
    @settings(max_examples=20, deadline=None)
    def test_the_views_of_the_sidebar_agree(self, tickets: list[dict[str, Any]]) -> None:
        self.make(tickets)
        board = Board(all_heaps())
        for agent in self.all:
            wheres = wheres_for(agent)
            assert board.counts(standings([agent.pk])[agent.pk].sight, wheres) == view_counts(agent, wheres)


def test_an_unknown_facet_is_an_error_and_not_everything() -> None:
    for read in (ticket_q, tally_q):
        with pytest.raises(ValueError, match="colour"):
            read({"colour": ("red",)})
    with pytest.raises(ValueError, match="colour"):
        matches({"colour": ("red",)}, Facets("open", None, None, 1, False, False))


def test_only_what_is_not_counted_may_ask_for_deadlines(db: None) -> None:
    admin = Agent.objects.create(email="all@shop.example", name="All", role="admin")
    assert all(set(where) <= set(COUNTED) for where in wheres_for(admin).values())
    late = Facets("open", None, None, 1, False, False, "late")
    assert matches({"due": ("late",)}, late) and not matches({"due": ("running",)}, late)


def test_every_facet_is_a_column_of_the_tally() -> None:
    columns = {field.attname for field in Tally._meta.get_fields() if hasattr(field, "attname")}
    assert {f"{name}_id" if name in ("team", "assignee", "channel") else name for name in COUNTED} <= columns


def test_whoever_may_not_be_here_has_no_standing(db: None) -> None:
    gone = Agent.objects.create(email="gone@shop.example", name="Gone", is_active=False)
    here = Agent.objects.create(email="here@shop.example", name="Here")
    assert set(standings([gone.pk, here.pk, 10**9])) == {here.pk}
