"""Whose a new chat is by who begins it, and where it goes on to when nobody of its team can take it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from commerce.models import Buyer, Order, Shop
from commerce.segments import segments_of
from events.doorbell import probe_client
from events.models import Event
from livechat.capacity import Room, room_of
from livechat.channels import set_routes
from livechat.chats import accept_chat
from livechat.overflow import pass_on_waiting
from livechat.routing import Asker, Rule, rule_for
from livechat.signed import make_token, read_token
from livechat.standing import standing
from livechat.telling import reasons
from livechat.visitors import digest_of, identify
from metrics.models import BusinessCalendar
from people.availability import say_presence, set_limits
from people.models import Customer, Identity, IdentityKind, Trust
from people.permissions import PermissionDenied
from tests.livechat.talking import Chat, at_desks, begin
from tests.people import House, events_of, make_house, row_counts
from tickets.models import Assigning, Ticket

SECRET = "s" * 40


@pytest.fixture
def house(db: None) -> House:
    cache.delete("commerce:tiers")
    return make_house()


KNOWN = Asker("en", "/cart", 120.0, True, True, {"plan": "Gold", "vip": "true", "old": "false"}, frozenset({"repeat"}))


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (Rule(1, min_cart=120), True), (Rule(1, min_cart=121), False), (Rule(1, who="signed"), True),
        (Rule(1, who="returning"), True), (Rule(1, who="segment:repeat"), True), (Rule(1, who="segment:best"), False),
        (Rule(1, who="nonsense"), False), (Rule(1, trait="plan=gold"), True), (Rule(1, trait="plan = silver"), False),
        (Rule(1, trait="plan"), True), (Rule(1, trait="vip"), True), (Rule(1, trait="old"), False),
        (Rule(1, trait="none"), False), (Rule(1, "en", "/cart", 100, "signed", "vip"), True),
        (Rule(1, "uk", "/cart", 100, "signed", "vip"), False),
    ],
)  # fmt: skip
def test_a_rule_asks_who_it_is(rule: Rule, fits: bool) -> None:
    assert (rule_for([rule], KNOWN) is not None) is fits
    anybody = Asker()
    assert (rule_for([rule], anybody) is not None) is False


def signed(chat: Chat, house: House, *, email: str = "zoe@customer.example", **claims: Any) -> None:
    """The shop signs who this browser's visitor is."""
    now = timezone.now()
    body = {"sub": "7", "aud": chat.door.key, "exp": int(now.timestamp()) + 600, "jti": "j1", "email": email, **claims}
    person = identify(chat.door, digest_of("s" * 43), make_token(SECRET, body), [SECRET], language="en", at=now)
    chat.visitor.refresh_from_db()
    assert person.pk == chat.visitor.pk


def bought(house: House, email: str, *totals: int) -> None:
    shop, _ = Shop.objects.get_or_create(name="Lumen", defaults={"key": "k" * 32})
    buyer, _ = Buyer.objects.get_or_create(key=f"e:{email}", defaults={"email": email})
    for number, total in enumerate(totals):
        at = timezone.now() - timedelta(days=number + 1)
        Order.objects.create(
            shop=shop, external_id=f"{email}-{number}", buyer=buyer, status="paid", currency="EUR", total=total,
            placed_at=at, changed_at=at,
        )  # fmt: skip


def routed(chat: Chat) -> list[dict[str, Any]]:
    kinds = Event.objects.filter(stream_type="ticket", stream_id=chat.ticket.pk, kind="chat.routed")
    return list(kinds.values_list("data", flat=True))


def test_a_signed_customer_goes_where_their_segment_is_served(house: House) -> None:
    chat = begin(house)
    rules = [Rule(house.returns.pk, who="segment:repeat"), Rule(house.support.pk)]
    set_routes(chat.connection.channel_id, by=house.adam, rules=rules)
    bought(house, "zoe@customer.example", 100, 200)
    chat.reload()
    signed(chat, house)
    chat.say("Hello")
    assert chat.ticket.team_id == house.returns.pk
    assert routed(chat) == [{"team": house.returns.pk, "rule": 1, "because": {"who": "segment:repeat"}}]
    chat.say("And one more thing")
    assert len(routed(chat)) == 1, "told once, with the first words"


def test_what_somebody_typed_opens_no_shorter_queue(house: House) -> None:
    chat = begin(house)
    rules = [Rule(house.returns.pk, who="segment:bought"), Rule(house.returns.pk, trait="vip")]
    set_routes(chat.connection.channel_id, by=house.adam, rules=rules)
    bought(house, "zoe@customer.example", 100)
    chat.reload()
    chat.visitor.email, chat.visitor.traits = "zoe@customer.example", {"vip": "true"}
    chat.visitor.save()
    chat.say("Hello")
    assert (chat.ticket.team_id, routed(chat)) == (house.support.pk, [])


def test_segments_are_those_of_proven_addresses(house: House) -> None:
    customers = {}
    for number in range(20):
        email = f"c{number}@x.example"
        bought(house, email, *([1000 * (number + 1)] * (2 if number == 3 else 1)))
        known = Identity.objects.create(
            kind=IdentityKind.EMAIL, value=email, trust=Trust.VERIFIED, customer=Customer.objects.create(name=email)
        )
        customers[number] = known.customer_id
    assert segments_of(customers[0]) == {"bought"}
    assert segments_of(customers[3]) == {"bought", "repeat"}
    assert segments_of(customers[19]) == {"bought", "best"}
    assert segments_of(Customer.objects.create(name="Nobody").pk) == set()
    Identity.objects.filter(customer=customers[19]).update(trust=Trust.CLAIMED)
    assert segments_of(customers[19]) == set()


def test_facts_in_a_token_are_few_short_and_plain() -> None:
    now = timezone.now()
    body = {"sub": "7", "aud": "k", "exp": int(now.timestamp()) + 60, "jti": "j"}
    said = {
        "vip": True,
        "orders": 7,
        "plan": " gold \x00",
        "list": [1],
        "none": None,
        "": "x",
        5: "y",
        "long": "z" * 200,
    }

    def read(traits: Any) -> dict[str, str]:
        return dict(read_token(make_token("x", {**body, "traits": traits}), ["x"], audience="k", at=now).traits)

    assert read(said) == {"vip": "true", "orders": "7", "plan": "gold", "5": "y", "long": "z" * 80}
    assert len(read({f"n{n}": "1" for n in range(50)})) == 10
    assert read("vip") == read(None) == read([]) == {}


def test_reasons_are_said_in_words(house: House) -> None:
    rule = Rule(1, "uk", "/de/*", 100, "segment:best", "vip")
    assert reasons(rule.because) == [
        "language Ukrainian", "page /de/*", "cart of at least 100", "One of the best tenth of the year's buyers", "vip",
    ]  # fmt: skip
    assert reasons({"who": "segment:gone"}) == ["segment:gone"]


def test_a_rule_of_the_night_holds_by_night_and_its_team_is_there_then(house: House) -> None:
    calendar = BusinessCalendar.objects.create(name="Shop", time_zone="UTC", weekly=[[[600, 1080]]] * 7)
    first = begin(house, calendar=calendar.pk)
    second = begin(house, secret="o" * 43, connection=first.connection)
    rules = [Rule(house.returns.pk, hours="closed"), Rule(house.support.pk, hours="open")]
    set_routes(first.connection.channel_id, by=house.adam, rules=rules)
    noon, night = datetime(2026, 3, 2, 12, 0, tzinfo=UTC), datetime(2026, 3, 2, 22, 0, tzinfo=UTC)

    def at(chat: Chat, moment: datetime) -> tuple[bool, int | None]:
        probe_client().delete(f"figure:hours:{calendar.pk}")
        chat.reload()
        here = standing(chat.door, chat.visitor, {}, language="en", at=moment)["here"]
        chat.say("Hello", at=moment)
        return here, chat.ticket.team_id

    with at_desks([house.mallory, house.olena]):
        assert at(first, night) == (True, house.returns.pk), "the team of the night is there"
        assert at(second, noon) == (True, house.support.pk)
    assert routed(first)[0]["because"] == {"hours": "closed"}
    assert reasons({"hours": "closed"}) == ["out of hours"] and reasons({"hours": "open"}) == ["within hours"]
    with at_desks([house.olena]):
        probe_client().delete(f"figure:hours:{calendar.pk}")
        assert standing(second.door, second.visitor, {}, language="en", at=night)["here"] is False


# ---- overflow


def waiting(house: House, *, seconds: int = 60, most: int = 0, chain: tuple[Any, ...] = (), wait: int = 90) -> Chat:
    chat = begin(house)
    set_routes(
        chat.connection.channel_id, by=house.adam, rules=[], overflow=[team.pk for team in chain],
        overflow_seconds=seconds, most_chats=most,
    )  # fmt: skip
    chat.reload()
    chat.say("Hello", at=timezone.now() - timedelta(seconds=wait))
    return chat


def passed(chat: Chat) -> list[dict[str, Any]]:
    found = Event.objects.filter(stream_type="ticket", stream_id=chat.ticket.pk, kind="chat.passed_on")
    return list(found.order_by("sequence").values_list("data", flat=True))


def test_nobody_there_passes_it_on_once(house: House) -> None:
    chat, now = waiting(house, chain=(house.returns,)), timezone.now()
    with at_desks([house.mallory]):
        assert room_of(house.support.pk, chat.door.channel_id, 0) == Room(0, 0)
        assert [pass_on_waiting(at=now) for _ in range(2)] == [1, 0]
    assert chat.ticket.team_id == house.returns.pk
    assert [(one["from"], one["to"], one["why"]) for one in passed(chat)] == [
        (house.support.pk, house.returns.pk, "nobody")
    ]
    assert events_of(chat.ticket.pk)[-1] == "chat.passed_on"
    with at_desks([house.olena]):
        assert pass_on_waiting(at=now + timedelta(minutes=5)) == 0, "none has it twice in one wait"


def test_a_full_team_passes_on_and_one_with_room_does_not(house: House) -> None:
    chat, now = waiting(house, chain=(house.returns,), most=1), timezone.now()
    other = begin(house, secret="o" * 43, connection=chat.connection)
    other.say("I was first", at=now - timedelta(seconds=80))
    with at_desks([house.olena, house.mallory]):
        assert pass_on_waiting(at=now) == 0, "Olena has room"
        accept_chat(other.ticket.pk, by=house.olena)
        assert room_of(house.support.pk, chat.door.channel_id, 1) == Room(1, 0)
        assert pass_on_waiting(at=now) == 1
    assert passed(chat)[0]["why"] == "full"
    assert other.ticket.team_id == house.support.pk, "somebody has it"


def test_whoever_is_busy_takes_none_and_is_there(house: House) -> None:
    chat = waiting(house, chain=(house.returns,))
    say_presence(house.olena, "busy")
    with at_desks([house.olena, house.mallory]):
        assert room_of(house.support.pk, chat.door.channel_id, 0) == Room(1, 0)
        assert pass_on_waiting(at=timezone.now()) == 1
    assert passed(chat)[0]["why"] == "full"


def test_what_a_team_gives_out_is_a_limit_of_chats_too(house: House) -> None:
    chat, now = waiting(house, chain=(house.returns,)), timezone.now()
    other = begin(house, secret="o" * 43, connection=chat.connection)
    other.say("I was first", at=now - timedelta(seconds=80))
    places = (house.support.pk, chat.door.channel_id, 0)
    with at_desks([house.olena, house.mallory]):
        accept_chat(other.ticket.pk, by=house.olena)
        assert room_of(*places) == Room(1, 1), "no limit was set"
        Assigning.objects.create(team=house.support, method="turns", most=5)
        assert room_of(*places) == Room(1, 0), "a chat weighs three, and she has three of five already"
        assert stands_full(chat)
        Assigning.objects.update(most=6)
        assert room_of(*places) == Room(1, 1)
        set_limits(house.olena, by=house.adam, most=3, calendar=None)
        assert room_of(*places) == Room(1, 0), "one's own limit counts before the team's"
        assert pass_on_waiting(at=now) == 1
    assert passed(chat)[0]["why"] == "full"


def stands_full(chat: Chat) -> bool:
    """Whether the widget says that everybody is busy."""
    for key in probe_client().scan_iter("figure:chat-free:*"):
        probe_client().delete(key)
    said = standing(chat.door, chat.visitor, {}, language="en", at=timezone.now())
    assert said["here"]
    return bool(said["full"])


def test_accepting_above_ones_room_is_allowed_and_told(house: House) -> None:
    chat = waiting(house, most=1)
    other = begin(house, secret="o" * 43, connection=chat.connection)
    other.say("Me too")
    with at_desks([house.olena]):
        assert not stands_full(chat)
        accept_chat(chat.ticket.pk, by=house.olena)
        assert "chat.taken_above" not in events_of(chat.ticket.pk)
        assert stands_full(chat)
        for _ in range(2):
            assert accept_chat(other.ticket.pk, by=house.olena).assignee == house.olena
    assert events_of(other.ticket.pk)[-2:] == ["ticket.assigned", "chat.taken_above"]
    client = Client()
    client.force_login(house.olena)
    html = client.get(f"/tickets/{other.ticket.pk}/", follow=True).content.decode()
    assert "had as many chats as one may have and took one more" in html


@pytest.mark.parametrize(
    "more", [{"wait": 10}, {"seconds": 0}, {"chain": ()}, {"most": 1, "busy": True}, {"solved": True}, {"taken": True}]
)
def test_what_is_not_passed_on(house: House, more: dict[str, Any]) -> None:
    busy, solved, taken = (more.pop(name, False) for name in ("busy", "solved", "taken"))
    chat, now = waiting(house, **{"chain": (house.returns,), **more}), timezone.now()
    at_desk = [] if busy else [house.mallory]
    changes: dict[str, Any] = {"status": "solved"} if solved else {"assignee": house.ben} if taken else {}
    Ticket.objects.filter(pk=chat.ticket.pk).update(**(changes or {"priority": chat.ticket.priority}))
    before = row_counts()
    with at_desks(at_desk):
        assert pass_on_waiting(at=now) == 0
    assert row_counts() == before
    assert chat.ticket.team_id == house.support.pk


def test_the_page_keeps_who_helps_and_only_admins_say_so(house: House) -> None:
    chat = begin(house)
    address = f"/channels/chat/{chat.connection.channel_id}/routing/"
    form = {
        "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0", "form-0-team": house.returns.pk, "form-0-who": "segment:best",
        "form-0-min_cart": "150", "form-0-trait": "plan=gold", "form-0-hours": "", "overflow_seconds": "45", "most_chats": "3",
        "overflow": [house.returns.pk, "", house.support.pk, house.returns.pk, "nonsense"],
    }  # fmt: skip
    client = Client()
    client.force_login(house.olena)  # before the count: signing in leaves rows
    before = row_counts()
    assert client.post(address, form).status_code == 404
    with pytest.raises(PermissionDenied):
        set_routes(chat.connection.channel_id, by=house.olena, rules=[])
    assert row_counts() == before
    client.force_login(house.adam)
    for _ in range(2):
        assert client.post(address, form).status_code == 302
    chat.connection.refresh_from_db()
    kept = chat.connection.settings
    rule = {"team": house.returns.pk, "language": "", "path": "", "min_cart": 150, "who": "segment:best", "hours": ""}
    assert (kept["routes"], kept["overflow_seconds"], kept["most_chats"]) == ([rule | {"trait": "plan=gold"}], 45, 3)
    assert kept["overflow"] == [house.returns.pk, house.support.pk]
    changed = Event.objects.filter(kind="connection.changed").values_list("data", flat=True)
    assert list(changed) == [{"changed": ["most_chats", "overflow", "overflow_seconds", "routes"]}]
    html = client.get(address).content.decode()
    assert 'value="plan=gold"' in html
    assert client.post(address, form | {"form-0-who": "segment:nonsense"}).status_code == 422
