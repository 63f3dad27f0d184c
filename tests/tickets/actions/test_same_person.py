"""One person on many channels: what is suggested, what joining moves, and that all of it goes back."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from people.identities import note_claims
from people.models import Claim, Customer, Identity, Trust
from people.permissions import PermissionDenied
from tests.people import House, assert_gapless, events_of, make_house, open_ticket, receive, row_counts
from tickets.actions.same_person import join_customers, keep_apart, part_customers, prefer_channel, suggestions
from tickets.claims import claims_in, claims_of
from tickets.errors import InvalidInput, NotFound
from tickets.inbound import Address
from tickets.models import Channel, Conversation, CustomerMatch, MatchState, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def telegram(house: House) -> Channel:
    return Channel.objects.create(kind="telegram", name="Telegram", address="1", team=house.support)


def chat(channel: Channel, who: str, text: str, *, thread: str = "") -> Ticket:
    return open_ticket(
        channel, identity_kind="page_user", sender=Address(who, f"telegram:{who}"), text=text, verdict="pass",
        thread_id=f"telegram:{thread or who}", to=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write to Zoe@Customer.example please", ["zoe@customer.example"]), ("no address here", []), ("a@b", []),
        ("(zoe@customer.example).", ["zoe@customer.example"]), ("x" * 3000 + " zoe@customer.example", []),
        ("a@b.example b@b.example c@b.example d@b.example", ["a@b.example", "b@b.example", "c@b.example"]),
        ("@zoe zoe@@customer.example", []), ("mail:zoe+lamp@customer.co.uk!", ["zoe+lamp@customer.co.uk"]),
        ("a@" * 5000, []), ("a." * 5000 + "@b.example", []),
    ],
)  # fmt: skip
def test_addresses_in_words(text: str, found: list[str]) -> None:
    assert claims_in(text) == tuple(("email", value) for value in found)


def test_what_a_form_says() -> None:
    assert claims_of(" Zoe@Customer.example ", "+380671110022") == (
        ("email", "zoe@customer.example"), ("phone", "+380671110022"),
    )  # fmt: skip
    assert claims_of("nonsense", "") == ()


def test_a_claim_joins_nobody_and_is_suggested_with_its_reason(house: House, telegram: Channel) -> None:
    mail = open_ticket(house.channel)
    other = chat(telegram, "Zoe", "Hi, I wrote from zoe@customer.example before")
    assert Customer.objects.count() == 2
    (found,) = suggestions(other.customer_id, house.olena)
    assert (found.id, found.evidence) == (
        mail.customer_id, [{"who": "theirs", "kind": "email", "value": "zoe@customer.example", "proven": False}],
    )  # fmt: skip
    (back,) = suggestions(mail.customer_id, house.olena)
    assert (back.id, back.evidence[0]["who"]) == (other.customer_id, "ours")


def test_a_suspect_twin_and_mails_in_mails_suggest_nobody(house: House, telegram: Channel) -> None:
    forged = open_ticket(house.channel, verdict="fail", text="I am zoe")
    chat(telegram, "Zoe", "zoe@customer.example")
    assert suggestions(forged.customer_id, house.olena) == []
    real = open_ticket(house.channel, sender=Address("Ben", "ben@else.example"), text="like zoe@customer.example")
    assert Claim.objects.filter(identity__customer=real.customer_id).count() == 0


def test_what_a_provider_proves_and_another_has_is_suggested_first(house: House, telegram: Channel) -> None:
    has_number = open_ticket(telegram, identity_kind="phone", sender=Address("Zoe", "+380671110022"), to=())
    scoped = (("phone", "+380671110022"),)
    first = chat(telegram, "Zoe", "hello")
    receive(telegram, identity_kind="page_user", sender=Address("Zoe", "telegram:Zoe"), verdict="pass", to=(),
            thread_id="telegram:Zoe", also_known_as=scoped)  # fmt: skip
    assert Identity.objects.filter(kind="phone").count() == 1, "it stays whose it was"
    (found,) = suggestions(first.customer_id, house.olena)
    assert (found.id, found.evidence[0]["proven"]) == (has_number.customer_id, True)


def test_joining_moves_everything_and_undoing_brings_it_home(house: House, telegram: Channel) -> None:
    mail = open_ticket(house.channel)
    other = chat(telegram, "Zoe", "zoe@customer.example")
    zoe, shadow = mail.customer_id, other.customer_id
    match = join_customers(other.pk, zoe, by=house.olena)
    assert (match.kept_id, match.other_id) == (zoe, shadow), "the one known longer stays"
    assert set(Ticket.objects.values_list("customer", flat=True)) == {zoe}
    assert set(Conversation.objects.values_list("customer", flat=True)) == {zoe}
    assert Customer.objects.get(pk=shadow).merged_into_id == zoe
    assert events_of(other.pk)[-1] == "customer.joined"
    assert events_of(mail.pk)[-1] == "message.received"
    assert_gapless(other.pk)
    assert suggestions(zoe, house.olena) == []

    since = chat(telegram, "Zoe", "and one more thing", thread="other")
    assert since.customer_id == zoe
    part_customers(mail.pk, match.pk, by=house.ben)
    assert {t.pk: t.customer_id for t in Ticket.objects.all()} == {mail.pk: zoe, other.pk: shadow, since.pk: shadow}
    assert set(Conversation.objects.filter(customer=zoe).values_list("ticket", flat=True)) == {mail.pk}
    assert Customer.objects.get(pk=shadow).merged_into_id is None
    match.refresh_from_db()
    assert (match.state, match.undone_by) == (MatchState.UNDONE, house.ben)
    before = row_counts()
    part_customers(mail.pk, match.pk, by=house.ben)
    assert row_counts() == before, "twice is once"
    assert events_of(mail.pk)[-1] == "customer.parted"
    join_customers(mail.pk, shadow, by=house.olena)
    assert Customer.objects.get(pk=shadow).merged_into_id == zoe


def test_joined_again_and_taken_apart_in_any_order(house: House, telegram: Channel) -> None:
    one = open_ticket(house.channel)
    two = chat(telegram, "Zoe", "zoe@customer.example")
    three = chat(telegram, "Zed", "zoe@customer.example")
    a, b, c = one.customer_id, two.customer_id, three.customer_id
    note_claims([(Identity.objects.get(customer=c).pk, "page_user", "telegram:Zoe")])
    inner = join_customers(three.pk, b, by=house.olena)
    outer = join_customers(two.pk, a, by=house.olena)
    assert dict(Customer.objects.values_list("pk", "merged_into")) == {a: None, b: a, c: a}
    part_customers(one.pk, inner.pk, by=house.olena)
    assert dict(Customer.objects.values_list("pk", "merged_into")) == {a: None, b: a, c: None}
    assert {t.pk: t.customer_id for t in Ticket.objects.all()} == {one.pk: a, two.pk: a, three.pk: c}
    part_customers(one.pk, outer.pk, by=house.olena)
    assert {t.pk: t.customer_id for t in Ticket.objects.all()} == {one.pk: a, two.pk: b, three.pk: c}
    assert dict(Customer.objects.values_list("pk", "merged_into")) == {a: None, b: None, c: None}


def test_two_people_are_not_suggested_again(house: House, telegram: Channel) -> None:
    mail = open_ticket(house.channel)
    other = chat(telegram, "Zoe", "zoe@customer.example")
    match = keep_apart(other.pk, mail.customer_id, by=house.olena)
    assert keep_apart(mail.pk, other.customer_id, by=house.ben).pk == match.pk
    assert suggestions(other.customer_id, house.olena) == []
    with pytest.raises(NotFound):
        join_customers(other.pk, mail.customer_id, by=house.olena)
    assert events_of(other.pk)[-1] == "customer.kept_apart"


def test_nobody_else_decides_and_nothing_is_shown(house: House, telegram: Channel) -> None:
    mail = open_ticket(house.channel)
    other = chat(telegram, "Zoe", "zoe@customer.example")
    theirs = open_ticket(house.other_channel, sender=Address("Mo", "mo@else.example"))
    before = row_counts()
    for by, error in ((house.mallory, NotFound), (house.vera, PermissionDenied)):
        for action in (join_customers, keep_apart):
            with pytest.raises(error):
                action(other.pk, mail.customer_id, by=by)
        with pytest.raises(error):
            prefer_channel(other.pk, "email", by=by)
    for stranger in (theirs.customer_id, 999_999, other.customer_id):
        with pytest.raises(NotFound):
            join_customers(other.pk, stranger, by=house.olena)
    assert row_counts() == before
    Channel.objects.filter(pk=telegram.pk).update(team=house.returns)
    Ticket.objects.filter(pk=other.pk).update(team=house.returns)
    assert suggestions(mail.customer_id, house.olena) == [], "whom one may not see is not suggested"
    with pytest.raises(NotFound):
        join_customers(mail.pk, other.customer_id, by=house.olena)
    assert not CustomerMatch.objects.exists()
    match = join_customers(mail.pk, other.customer_id, by=house.adam)
    with pytest.raises(NotFound):
        part_customers(theirs.pk, match.pk, by=house.mallory)
    assert CustomerMatch.objects.get().state == MatchState.JOINED


def test_two_agents_at_once_join_once(house: House, telegram: Channel) -> None:
    mail = open_ticket(house.channel)
    other = chat(telegram, "Zoe", "zoe@customer.example")
    ends, together = [], threading.Barrier(2)

    def decide(ticket_id: int, customer_id: int, by: Any) -> None:
        together.wait(10)
        try:
            ends.append(join_customers(ticket_id, customer_id, by=by).pk)
        finally:
            connection.close()

    people = [(mail.pk, other.customer_id, house.olena), (other.pk, mail.customer_id, house.ben)]
    threads = [threading.Thread(target=decide, args=one) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(ends) == 2
    assert len(set(ends)) == 1
    assert CustomerMatch.objects.count() == 1
    assert sorted([*events_of(mail.pk), *events_of(other.pk)]).count("customer.joined") == 1


def test_how_they_like_to_be_answered(house: House) -> None:
    ticket = open_ticket(house.channel)
    for _ in range(2):
        assert prefer_channel(ticket.pk, "telegram", by=house.olena).prefers == "telegram"
    assert events_of(ticket.pk).count("customer.prefers") == 1
    with pytest.raises(InvalidInput):
        prefer_channel(ticket.pk, "phone", by=house.olena)
    prefer_channel(ticket.pk, "", by=house.olena)
    assert Customer.objects.get().prefers == ""
    assert Identity.objects.get().trust == Trust.CLAIMED, "a wish proves nothing"
