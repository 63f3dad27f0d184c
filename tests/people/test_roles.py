"""Roles of the shop's own: what they carry, who may give them, and that nobody is ever left without one."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from events.models import Event
from people.models import Agent, CustomRole, Role
from people.permissions import CUSTOM, HOUSE_WIDE, MATRIX, Permission, PermissionDenied, completed, permissions_of
from people.roles import Refused, remove_role, save_role
from people.scope import Reach
from tests.people import House, make_agent, make_house, open_ticket, signed_in
from tests.people.test_actions import save
from tickets.actions import add_note, reply
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def role_events() -> list[tuple[str, int | None, dict[str, Any]]]:
    found = Event.objects.filter(stream_type__in=("role", "agent")).order_by("id")
    return [(event.kind, event.actor_id, event.data) for event in found]


def seniors(house: House, **more: Any) -> CustomRole:
    values = {"name": "Senior", "permissions": ["read_team_tickets", "reply", "export"]} | more
    return save_role(None, by=house.adam, **values)


class TestThePermissions:
    def test_each_role_of_ours_holds_what_it_needs(self) -> None:
        for role, carried in MATRIX.items():
            assert completed(carried) == carried, role

    def test_what_makes_no_sense_alone_comes_with_what_it_needs(self) -> None:
        assert completed(["reply", "export", "nonsense"]) == {
            Permission.READ_TICKETS, Permission.NOTE, Permission.REPLY, Permission.READ_REPORTS, Permission.EXPORT,
        }  # fmt: skip
        for one in HOUSE_WIDE:
            assert completed([one]) >= {Permission.READ_ALL_TICKETS, Permission.READ_TEAM_TICKETS}

    def test_an_unknown_role_carries_nothing(self) -> None:
        assert permissions_of("owner") == permissions_of(CUSTOM) == frozenset()

    @pytest.mark.parametrize(
        ("role", "reach", "not_allowed"),
        [
            ("contractor", Reach.OWN, {Permission.EXPORT, Permission.READ_CUSTOMERS, Permission.READ_RAW}),
            ("light", Reach.TEAMS, {Permission.REPLY, Permission.EDIT_TICKETS, Permission.EXPORT}),
            ("viewer", Reach.TEAMS, {Permission.NOTE, Permission.REPLY, Permission.EDIT_TICKETS}),
            ("manager", Reach.TEAMS, HOUSE_WIDE),
            ("admin", Reach.ALL, set()),
        ],
    )
    def test_how_far_each_sees(self, role: str, reach: Reach, not_allowed: set[Permission]) -> None:
        agent = make_agent("Somebody", role=role)
        assert agent.scope.reach == reach
        assert not any(agent.may(permission) for permission in not_allowed)

    def test_switched_off_one_sees_nothing(self) -> None:
        gone = make_agent("Gone", role=Role.ADMIN, is_active=False)
        assert (gone.scope.reach, gone.permissions) == (Reach.NOTHING, frozenset())


class TestMaking:
    def test_a_role_does_not_grow_beyond_the_channels_of_whoever_has_it(self, house: House) -> None:
        """Whoever handles privacy or channels is asked for no channel anywhere, since nobody limited may have that."""
        role = seniors(house)
        limited = save(house.ben, house.adam, role=f"custom-{role.pk}", channels=[house.channel.pk])
        with pytest.raises(Refused) as refused:
            save_role(role, by=house.adam, name="Senior", permissions=["handle_privacy"])
        assert refused.value.field == "house"
        assert not Agent.objects.get(pk=limited.pk).may(Permission.HANDLE_PRIVACY)
        form = {"name": "Senior", "reach": "2", "house": "handle_privacy"}
        assert signed_in(house.adam).post(f"/team/roles/{role.pk}/", form).status_code == 422
        save(house.ben, house.adam, role=f"custom-{role.pk}", channels=None)
        save_role(role, by=house.adam, name="Senior", permissions=["handle_privacy"])
        assert Agent.objects.get(pk=limited.pk).may(Permission.HANDLE_PRIVACY)

    @pytest.mark.parametrize("key", ["custom-" + "9" * 5000, "custom-" + "9" * 30, "custom-0", "custom-", "owner", "²"])
    def test_no_such_successor(self, house: House, key: str) -> None:
        role = seniors(house)
        save(house.ben, house.adam, role=f"custom-{role.pk}")
        answer = signed_in(house.adam).post(f"/team/roles/{role.pk}/remove/", {"successor": key})
        assert answer.status_code == 302
        assert CustomRole.objects.filter(pk=role.pk).exists()

    def test_it_is_given_and_carries_what_it_says(self, house: House) -> None:
        role = seniors(house, channels=[house.channel.pk])
        given = save(house.ben, house.adam, role=f"custom-{role.pk}")
        ben = Agent.objects.get(pk=given.pk)
        assert (ben.role, ben.custom_role, ben.channel_ids) == ("custom", role, {house.channel.pk})
        assert ben.permissions == completed(["read_team_tickets", "reply", "export"])
        assert set(Agent.objects.who_may(Permission.EXPORT, Permission.REPLY)) == {house.adam, ben}
        with_all = sorted(one.value for one in ben.permissions)
        told = {"name": "Senior", "permissions": with_all, "channels": [house.channel.pk]}
        assert role_events() == [
            ("role.created", house.adam.pk, told),
            ("agent.changed", house.adam.pk, {
                "role": "custom", "is_active": True, "custom_role": role.pk, "teams": [house.support.pk],
                "before": {"role": "agent", "is_active": True},
            }),
        ]  # fmt: skip

    def test_a_change_reaches_everybody_who_has_it(self, house: House) -> None:
        role = seniors(house)
        save(house.ben, house.adam, role=f"custom-{role.pk}")
        save_role(role, by=house.adam, name="Senior", permissions=["read_team_tickets"], channels=[])
        ben = Agent.objects.get(pk=house.ben.pk)
        assert ben.permissions == {Permission.READ_TICKETS, Permission.READ_TEAM_TICKETS}
        assert ben.channel_ids == frozenset()
        kind, _by, data = role_events()[-1]
        assert (kind, data["before"]["channels"], data["channels"]) == ("role.changed", None, [])
        save(ben, house.adam, role=Role.AGENT)
        assert Agent.objects.get(pk=ben.pk).channel_ids is None

    @pytest.mark.parametrize("name", ["", " ", "Senior"])
    def test_it_needs_a_name_of_its_own(self, house: House, name: str) -> None:
        seniors(house)
        with pytest.raises(Refused):
            seniors(house, name=name)
        assert CustomRole.objects.count() == 1
        assert [kind for kind, _by, _data in role_events()] == ["role.created"]

    def test_whoever_looks_after_the_house_cannot_be_limited(self, house: House) -> None:
        with pytest.raises(Refused, match="limited to channels"):
            seniors(house, permissions=["view_as"], channels=[house.channel.pk])
        with pytest.raises(Refused, match="limited to channels"):
            save(house.adam, make_agent("Second", role=Role.ADMIN), channels=[house.channel.pk])
        assert not CustomRole.objects.exists()

    def test_nobody_gives_or_takes_what_they_do_not_have(self, house: House) -> None:
        deputy = seniors(house, name="Deputy", permissions=["manage_agents", "manage_roles", "reply"])
        save(house.ben, house.adam, role=f"custom-{deputy.pk}")
        ben = Agent.objects.get(pk=house.ben.pk)
        stronger = seniors(house, name="Lead", permissions=["read_reports"])
        before = role_events()
        for attempt in (
            lambda: save(None, ben, role=Role.ADMIN),
            lambda: save(ben, ben, role=Role.ADMIN),
            lambda: save(None, ben, role=f"custom-{stronger.pk}"),
            lambda: save(house.adam, ben, email="mine@shop.example"),  # and then have its password sent there
            lambda: save_role(None, by=ben, name="Mine", permissions=["manage_channels"]),
            lambda: save_role(deputy, by=ben, name="Mine", permissions=["manage_channels"]),
            lambda: save_role(stronger, by=ben, name="Weak", permissions=[]),
            lambda: remove_role(stronger, by=ben),
            lambda: remove_role(deputy, by=ben, successor="admin"),
        ):
            with pytest.raises(PermissionDenied):
                attempt()
        assert role_events() == before
        assert save(None, ben, role=f"custom-{deputy.pk}").custom_role == deputy

    def test_whoever_was_demoted_meanwhile_decides_nothing(self, house: House) -> None:
        second = make_agent("Second", role=Role.ADMIN)
        stale = Agent.objects.get(pk=second.pk)
        save(second, house.adam, role=Role.VIEWER)
        for attempt in (
            lambda: save(None, stale),
            lambda: save_role(None, by=stale, name="Mine", permissions=[]),
        ):
            with pytest.raises(PermissionDenied):
                attempt()


class TestRemoving:
    def test_a_role_in_use_needs_a_successor(self, house: House) -> None:
        role = seniors(house)
        save(house.ben, house.adam, role=f"custom-{role.pk}")
        for successor in ("", "owner", f"custom-{role.pk}", "custom-999999"):
            with pytest.raises(Refused):
                remove_role(role, by=house.adam, successor=successor)
        assert Agent.objects.get(pk=house.ben.pk).custom_role == role
        remove_role(role, by=house.adam, successor="light")
        ben = Agent.objects.get(pk=house.ben.pk)
        assert (ben.role, ben.custom_role, ben.granted, ben.role_channels) == ("light", None, [], None)
        assert not CustomRole.objects.exists()
        assert [kind for kind, _by, _data in role_events()][-2:] == ["agent.changed", "role.removed"]

    def test_an_unused_one_just_goes(self, house: House) -> None:
        remove_role(seniors(house), by=house.adam)
        assert [kind for kind, _by, _data in role_events()] == ["role.created", "role.removed"]


class TestPages:
    def test_an_admin_makes_changes_and_removes_one(self, house: House) -> None:
        client = signed_in(house.adam)
        fields = {"name": "Night shift", "reach": "2", "work": ["reply", "note"], "channels": [house.channel.pk]}
        assert client.post("/team/roles/new/", fields)["Location"] == "/team/roles/"
        role = CustomRole.objects.get()
        assert (role.permissions, role.channels) == (
            ["note", "read_team_tickets", "read_tickets", "reply"], [house.channel.pk],
        )  # fmt: skip
        save(house.ben, house.adam, role=f"custom-{role.pk}")
        page = client.get(f"/team/roles/{role.pk}/").content.decode()
        assert "Ben" in page and "They get instead" in page
        assert "Night shift" in client.get("/team/roles/").content.decode()
        assert "Night shift" in client.get("/team/").content.decode()
        client.post(f"/team/roles/{role.pk}/remove/", {"successor": "agent"})
        assert Agent.objects.get(pk=house.ben.pk).role == "agent"

    def test_the_agents_page_offers_it_and_channels(self, house: House) -> None:
        role, client = seniors(house), signed_in(house.adam)
        page = client.get(f"/team/agents/{house.ben.pk}/").content.decode()
        assert "Senior" in page and "Only these channels" in page
        fields = {"email": "ben@shop.example", "name": "Ben", "role": f"custom-{role.pk}", "is_active": "on"}
        client.post(f"/team/agents/{house.ben.pk}/", fields | {"channels": [house.other_channel.pk]})
        ben = Agent.objects.get(pk=house.ben.pk)
        assert (ben.custom_role, ben.channels) == (role, [house.other_channel.pk])

    @pytest.mark.parametrize("name", ["manager", "agent", "viewer"])
    def test_the_others_find_them_closed(self, house: House, name: str) -> None:
        role, client = seniors(house), signed_in(make_agent("Nosy", role=name))
        before = role_events()
        for path in ("/team/roles/", "/team/roles/new/", f"/team/roles/{role.pk}/"):
            assert client.get(path).status_code == 403
        for path in ("/team/roles/new/", f"/team/roles/{role.pk}/", f"/team/roles/{role.pk}/remove/"):
            assert client.post(path, {"name": "Mine", "reach": "3"}).status_code == 403
        assert role_events() == before
        assert list(CustomRole.objects.all()) == [role]


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_leave_one() -> None:
    house = make_house()
    second = make_agent("Second", role=Role.ADMIN)
    start, outcomes = threading.Barrier(2), []

    def demote(by: Agent, whom: Agent) -> None:
        try:
            start.wait(30)
            save(Agent.objects.get(pk=whom.pk), by, role=Role.VIEWER)
            outcomes.append("done")
        except (Refused, PermissionDenied):
            outcomes.append("refused")
        finally:
            connection.close()

    pairs = ((house.adam, second), (second, house.adam))
    threads = [threading.Thread(target=demote, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["done", "refused"]
    assert Agent.objects.filter(role=Role.ADMIN, is_active=True).count() == 1


def test_the_agents_of_a_role_are_held_to_it_by_the_database(house: House) -> None:
    """A row that says one thing and means another cannot be written."""
    for wrong in ({"role": "custom"}, {"granted": ["manage_agents"]}, {"role_channels": [1]}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Agent.objects.filter(pk=house.ben.pk).update(**wrong)


def test_a_light_agent_notes_and_does_not_reply(house: House) -> None:
    light, ticket = make_agent("Lena", role=Role.LIGHT, team=house.support), open_ticket(house.channel)
    assert Ticket.objects.visible_to(light).get() == ticket
    add_note(ticket.pk, by=light, text="She rang us.")
    with pytest.raises(PermissionDenied):
        reply(ticket.pk, by=light, text="We looked into it.")
