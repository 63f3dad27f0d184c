"""A link brings a customer to a bot and says who they are: made by an agent for one customer, once, for three days; it
joins nobody who was known, and what it joined can be parted."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_inbound.hooks import invitations
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.invitations import forget_invitations, invite
from channels_inbound.models import Connection, Invitation, RawDelivery
from events.models import Event
from people.models import Identity
from people.permissions import PermissionDenied
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import House, events_of, make_house, open_ticket, row_counts, signed_in
from tests.providers.server import running
from tests.providers.telegram import TOKEN, TelegramServer
from tests.providers.webhooks import telegram
from tickets.actions.elsewhere import ways_of
from tickets.actions.same_person import part_customers
from tickets.errors import InvalidInput, NotFound
from tickets.models import CustomerMatch, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
NUMBERS = itertools.count(5000)


@pytest.fixture
def house(settings: Any) -> Iterator[House]:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.CREDENTIALS_KEYS = [KEY]
    with running(TelegramServer()) as server:
        settings.PROVIDER_ENDPOINTS = {"telegram": server.url}
        yield make_house()


@pytest.fixture
def bot(house: House) -> Connection:
    return connect(house, "telegram", {"token": TOKEN, "username": "@nordvik_bot"}, "Bot")


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel, verdict="pass")


def says(
    bot: Connection, text: str, *, who: int = 551230001, chat: str = "private", robot: bool = False
) -> dict[str, int]:
    number = next(NUMBERS)
    wrote = telegram({"update_id": number, "message": {
        "message_id": number, "date": int(time.time()), "text": text, "chat": {"id": who, "type": chat},
        "from": {"id": who, "is_bot": robot, "first_name": "Zoe"}}}, bot.verify_token)  # fmt: skip
    for _ in range(2):
        assert deliver(bot, wrote).status_code == 200
    return dict(drain_hooks())


def token_of(link: str) -> str:
    start = "https://t.me/nordvik_bot?start="
    assert link.startswith(start)
    return link.removeprefix(start)


def joined(ticket: Ticket) -> list[str]:
    """The addresses the ticket's customer has by now."""
    from people.identities import family

    ticket.refresh_from_db()
    return list(
        Identity.objects.filter(customer__in=family(ticket.customer_id)).order_by("pk").values_list("value", flat=True)
    )


def test_who_comes_by_the_link_is_the_customer_and_can_be_parted(house: House, bot: Connection, ticket: Ticket) -> None:
    link, made = invite(ticket.pk, bot.channel_id, by=house.olena)
    token = token_of(link)
    assert len(token) == 43 and token not in made.digest and made.expires_at - made.made_at == timedelta(days=3)
    assert says(bot, f"/start {token}") == {"applied": 1}
    made.refresh_from_db()
    assert made.used_at is not None and made.used_by is not None
    assert joined(ticket) == ["zoe@customer.example", "telegram:551230001"]
    match = CustomerMatch.objects.get()
    assert (match.by, match.state, match.evidence[0]["invited"]) == (house.olena, "joined", True)
    assert events_of(ticket.pk)[-1] == "customer.joined"
    assert Ticket.objects.count() == 1, "that they came is no message"
    # What they write then is theirs, and the bot may answer.
    assert says(bot, "Here I am") == {"new": 1}
    theirs = Ticket.objects.latest("pk")
    assert theirs.customer_id == ticket.customer_id
    assert [way.channel.name for way in ways_of(ticket, at=timezone.now()) if way.usable] == ["Bot"]
    assert not Event.objects.filter(data__icontains=token).exists()
    # It was somebody else after all: parted, with what they wrote.
    part_customers(ticket.pk, match.pk, by=house.olena)
    theirs.refresh_from_db()
    assert joined(ticket) == ["zoe@customer.example"] and theirs.customer_id != ticket.customer_id


def test_a_link_counts_once(house: House, bot: Connection, ticket: Ticket) -> None:
    token = token_of(invite(ticket.pk, bot.channel_id, by=house.olena)[0])
    says(bot, f"/start {token}")
    before = row_counts()
    assert says(bot, f"/start {token}", who=666) == {"ignored": 1}
    assert joined(ticket) == ["zoe@customer.example", "telegram:551230001"]
    assert not Identity.objects.filter(value="telegram:666").exists()
    after = row_counts()
    assert {name for name in after if after[name] != before[name]} <= {
        "channels_inbound_rawdelivery", "channels_inbound_rawbody",
    }  # fmt: skip


@pytest.mark.parametrize("wrong", ["late", "newer", "other bot", "changed", "ends", "group", "robot", "agent gone"])
def test_what_is_no_link_of_ours_joins_nobody(house: House, bot: Connection, ticket: Ticket, wrong: str) -> None:
    token = token_of(invite(ticket.pk, bot.channel_id, by=house.olena)[0])
    more: dict[str, Any] = {}
    if wrong == "late":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif wrong == "newer":
        invite(ticket.pk, bot.channel_id, by=house.olena)
    elif wrong == "other bot":
        other = connect(house, "telegram", {"token": "777:OTHER-TOKEN", "username": "other_bot"}, "Other")
        bot = other
    elif wrong == "changed":
        token = token[:-1] + ("A" if token[-1] != "A" else "B")
    elif wrong == "ends":
        token = token[:-1]
    elif wrong == "group":
        more = {"chat": "group"}
    elif wrong == "robot":
        more = {"robot": True}
    else:
        type(house.olena).objects.filter(pk=house.olena.pk).update(is_active=False)
    assert says(bot, f"/start {token}", **more) == {"ignored": 1}
    assert joined(ticket) == ["zoe@customer.example"]
    assert not CustomerMatch.objects.exists() and not Identity.objects.filter(kind="page_user").exists()
    assert not Invitation.objects.exclude(used_at=None).exists()


def test_whoever_is_known_stays_who_they_are_and_the_link_waits(house: House, bot: Connection, ticket: Ticket) -> None:
    says(bot, "Hello, I am Mallory", who=666)
    known = Identity.objects.get(value="telegram:666").customer_id
    token = token_of(invite(ticket.pk, bot.channel_id, by=house.olena)[0])
    assert says(bot, f"/start {token}", who=666) == {"ignored": 1}
    assert Identity.objects.get(value="telegram:666").customer_id == known and not CustomerMatch.objects.exists()
    assert says(bot, f"/start {token}") == {"applied": 1}, "for whom it was made"
    assert joined(ticket) == ["zoe@customer.example", "telegram:551230001"]


def test_only_who_may_answer_the_ticket_invites(house: House, bot: Connection, ticket: Ticket) -> None:
    before = row_counts()
    for agent, refusal in ((house.mallory, NotFound), (house.vera, PermissionDenied)):
        with pytest.raises(refusal):
            invite(ticket.pk, bot.channel_id, by=agent)
        assert (
            signed_in(agent).post(f"/tickets/{ticket.pk}/invitations/", {"channel": bot.channel_id}).status_code == 404
        )
        assert signed_in(agent).get(f"/tickets/{ticket.pk}/invitations/").status_code == 404
    with pytest.raises(InvalidInput):
        invite(ticket.pk, house.channel.pk, by=house.olena)
    assert row_counts() == before


def test_the_page_shows_the_link_once(house: House, bot: Connection, ticket: Ticket) -> None:
    client, path = signed_in(house.olena), f"/tickets/{ticket.pk}/invitations/"
    dialog = client.get(f"/tickets/{ticket.pk}/elsewhere/").content.decode()
    assert path in dialog
    page = client.get(path).content.decode()
    assert "Make a link" in page and "t.me" not in page
    made = client.post(path, {"channel": bot.channel_id})
    assert made.status_code == 201 and "https://t.me/nordvik_bot?start=" in made.content.decode()
    assert "t.me" not in client.get(path).content.decode()
    assert client.post(path, {"channel": "x"}).status_code == 422
    bot.settings = {}
    bot.save(update_fields=["settings"])
    assert "no channel to invite anybody to" in client.get(path).content.decode()


def test_links_of_long_ago_are_forgotten(house: House, bot: Connection, ticket: Ticket) -> None:
    invite(ticket.pk, bot.channel_id, by=house.olena)
    now = timezone.now()
    assert forget_invitations(at=now + invitations.LASTS) == 0
    assert forget_invitations(at=now + invitations.LASTS + invitations.KEPT + timedelta(days=1)) == 1
    assert RawDelivery.objects.count() == 0
