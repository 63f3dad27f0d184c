"""What agents do with chats: take, hand over, call in, end, keep out; and what time does with a taken one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from events.delivery import drain
from events.doorbell import probe_client
from events.models import Event
from livechat.blocking import block_visitor
from livechat.chats import accept_chat, end_chat, invite_agent, requeue_unanswered, transfer_chat
from livechat.models import Round
from livechat.presence import visitor_here
from livechat.visitors import visitor_claims
from metrics.models import BusinessCalendar
from people.availability import say_presence
from people.models import Membership
from people.permissions import PermissionDenied
from tests.livechat.talking import SHOP, Chat, at_desks, begin
from tests.people import House, assert_gapless, events_of, make_house, row_counts
from tickets.actions import reply
from tickets.errors import InvalidInput, NotFound
from tickets.models import Conversation, Message, Notification, Status, Ticket


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def chat(house: House) -> Chat:
    made = begin(house, requeue_minutes=3)
    made.say("Hello?")
    return made


def test_a_chat_is_taken_once(house: House, chat: Chat) -> None:
    number = chat.ticket.pk
    assert accept_chat(number, by=house.olena).assignee == house.olena
    assert accept_chat(number, by=house.olena).assignee == house.olena
    with pytest.raises(InvalidInput, match="Olena has taken"):
        accept_chat(number, by=house.ben)
    assert chat.ticket.assignee == house.olena
    assert events_of(number) == ["ticket.opened", "message.received", "ticket.assigned"]


def test_outsiders_and_viewers_do_nothing_to_a_chat(house: House, chat: Chat) -> None:
    number, before = chat.ticket.pk, row_counts()
    acts: list[tuple[Any, dict[str, Any]]] = [
        (accept_chat, {}), (transfer_chat, {"agent": house.ben}), (transfer_chat, {"team": house.returns}),
        (invite_agent, {"agent": house.ben, "note": "x"}), (end_chat, {}), (block_visitor, {"blocked": True}),
    ]  # fmt: skip
    for act, more in acts:
        with pytest.raises(NotFound):
            act(number, by=house.mallory, **more)
        with pytest.raises(PermissionDenied):
            act(number, by=house.vera, **more)
    chat.visitor.refresh_from_db()
    assert (row_counts(), chat.ticket.assignee, chat.ticket.team, chat.visitor.blocked_at) == (
        before, None, house.support, None,
    )  # fmt: skip
    assert events_of(number) == ["ticket.opened", "message.received"]


def test_a_transfer_to_a_person_takes_the_note_along(house: House, chat: Chat) -> None:
    number = chat.ticket.pk
    accept_chat(number, by=house.olena)
    transfer_chat(number, by=house.olena, agent=house.mallory, note="Speaks of a return")
    assert (chat.ticket.assignee, chat.ticket.team) == (house.mallory, house.support)
    assert Ticket.objects.visible_to(house.mallory).filter(pk=number).exists()
    assert events_of(number)[3:] == ["note.added", "ticket.assigned"]
    assert Message.objects.get(kind="note").text == "Speaks of a return"


def test_a_transfer_to_a_team_puts_it_into_their_queue_and_out_of_sight(house: House, chat: Chat) -> None:
    number = chat.ticket.pk
    accept_chat(number, by=house.olena)
    transfer_chat(number, by=house.olena, team=house.returns)
    assert (chat.ticket.assignee, chat.ticket.team) == (None, house.returns)
    assert not Ticket.objects.visible_to(house.olena).filter(pk=number).exists()
    assert events_of(number)[3:] == ["ticket.assigned", "ticket.moved"]


def test_who_was_given_a_chat_of_another_team_can_transfer_it_back(house: House, chat: Chat) -> None:
    number = chat.ticket.pk
    transfer_chat(number, by=house.adam, agent=house.mallory)
    transfer_chat(number, by=house.mallory, team=house.support, note="Not a return after all")
    assert (chat.ticket.assignee, chat.ticket.team) == (None, house.support)
    transfer_chat(number, by=house.adam, agent=house.mallory)
    transfer_chat(number, by=house.mallory, team=house.returns)
    assert (chat.ticket.assignee, chat.ticket.team) == (None, house.returns)


def test_a_transfer_that_cannot_be_leaves_no_note(house: House, chat: Chat) -> None:
    number, before = chat.ticket.pk, row_counts()
    for wrong in ({"agent": house.vera}, {}, {"agent": house.ben, "team": house.returns}):
        with pytest.raises(InvalidInput):
            transfer_chat(number, by=house.olena, note="NOTE", **wrong)  # type: ignore[arg-type]
    assert row_counts() == before


def test_a_colleague_who_sees_it_is_called_in_and_told_once(house: House, chat: Chat) -> None:
    number = chat.ticket.pk
    for _ in range(2):
        invite_agent(number, by=house.olena, agent=house.ben)
    assert events_of(number)[2:] == ["chat.invited"]
    drain()
    assert list(Notification.objects.values_list("agent", flat=True)) == [house.ben.pk]
    for wrong in (house.mallory, house.vera, house.olena):
        with pytest.raises(InvalidInput):
            invite_agent(number, by=house.olena, agent=wrong)
    assert events_of(number)[2:] == ["chat.invited"]


def test_ending_solves_and_a_new_word_begins_anew(house: House, chat: Chat) -> None:
    number = chat.ticket.pk
    for _ in range(2):
        end_chat(number, by=house.olena)
    assert events_of(number)[2:] == ["chat.ended", "ticket.solved"]
    assert (chat.ticket.status, Round.objects.get().number) == (Status.SOLVED, 1)
    chat.say("One more thing")
    assert chat.ticket.pk == number and chat.ticket.status == Status.OPEN
    end_chat(number, by=house.olena)
    assert list(Round.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_a_blocked_visitor_is_let_in_again(house: House, chat: Chat) -> None:
    number = chat.ticket.pk
    for blocked in (True, True, False, False):
        block_visitor(number, by=house.olena, blocked=blocked)
        chat.visitor.refresh_from_db()
        assert (chat.visitor.blocked_at is not None) == blocked
    assert events_of(number)[2:] == ["chat.blocked", "chat.unblocked"]


def test_a_taken_chat_left_waiting_goes_back_into_the_queue(house: House, chat: Chat) -> None:
    number, now = chat.ticket.pk, timezone.now()
    accept_chat(number, by=house.olena, at=now)
    assert requeue_unanswered(at=now + timedelta(minutes=4)) == 0, "the visitor is gone: a mail answers, not a queue"
    visitor_here(chat.visitor.thread, {})
    assert requeue_unanswered(at=now + timedelta(minutes=2)) == 0
    assert requeue_unanswered(at=now + timedelta(minutes=4)) == 1
    assert requeue_unanswered(at=now + timedelta(minutes=5)) == 0
    assert chat.ticket.assignee is None
    assert events_of(number)[3:] == ["chat.requeued"]
    event = Event.objects.get(kind="chat.requeued")
    assert event.data == {"from": house.olena.pk, "minutes": 3}
    # Whoever takes it now has their three minutes, however long the visitor has waited before.
    accept_chat(number, by=house.ben, at=now + timedelta(minutes=6))
    assert requeue_unanswered(at=now + timedelta(minutes=8)) == 0
    reply(number, by=house.ben, text="Here I am")
    assert requeue_unanswered(at=now + timedelta(minutes=60)) == 0
    assert chat.ticket.assignee == house.ben


def test_where_the_channel_does_not_want_it_nobody_loses_a_chat(house: House) -> None:
    chat = begin(house, requeue_minutes=0)
    chat.say("Hello?")
    accept_chat(chat.ticket.pk, by=house.olena)
    visitor_here(chat.visitor.thread, {})
    assert requeue_unanswered(at=timezone.now() + timedelta(hours=5)) == 0


def test_nobody_loses_a_chat_out_of_hours_or_for_a_mail(house: House) -> None:
    calendar = BusinessCalendar.objects.create(name="Shop", time_zone="UTC", weekly=[[[600, 1080]]] * 7)
    monday = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    chat = begin(house, requeue_minutes=3, calendar=calendar.pk)
    chat.say("Hello?", at=monday)
    accept_chat(chat.ticket.pk, by=house.olena, at=monday)
    visitor_here(chat.visitor.thread, {})

    def at(minutes: int) -> int:
        probe_client().delete(f"figure:hours:{calendar.pk}")
        return requeue_unanswered(at=monday + timedelta(minutes=minutes))

    assert at(20) == 0, "not open yet"
    assert at(32) == 0, "open for two minutes: whoever has it has three"
    mail = Conversation.objects.create(ticket=chat.ticket, channel=house.channel, customer_id=chat.ticket.customer_id)
    wrote = Message.objects.filter(ticket=chat.ticket, kind="inbound")
    first = wrote.get().conversation
    wrote.update(conversation=mail)
    assert at(40) == 0, "the last words came by mail"
    wrote.update(conversation=first)
    assert at(40) == 1


def test_put_aside_and_left_ones_keep_nobody_from_their_turn(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livechat.chats.AT_ONCE", 1)
    first = begin(house, requeue_minutes=3)
    chats = [first, *(begin(house, secret=letter * 43, connection=first.connection) for letter in "abc")]
    now = timezone.now()
    for number, chat in enumerate(chats):
        chat.say("Hello?", at=now - timedelta(minutes=30 - number))
        accept_chat(chat.ticket.pk, by=house.olena, at=now - timedelta(minutes=20))
    for chat in (chats[0], *chats[2:]):
        visitor_here(chat.visitor.thread, {})
    Ticket.objects.filter(pk=chats[0].ticket.pk).update(snoozed_until=now + timedelta(days=1))
    assert [requeue_unanswered(at=now) for _ in range(3)] == [1, 1, 0]
    assert [chat.ticket.assignee for chat in chats] == [house.olena, house.olena, None, None]


@pytest.mark.django_db(transaction=True)
def test_two_workers_put_it_back_once() -> None:
    house = make_house()
    chat = begin(house, requeue_minutes=3)
    chat.say("Hello?")
    number, now = chat.ticket.pk, timezone.now()
    accept_chat(number, by=house.olena, at=now)
    visitor_here(chat.visitor.thread, {})
    start, done = Barrier(4), []

    def work() -> None:
        start.wait()
        try:
            done.append(requeue_unanswered(at=now + timedelta(minutes=4)))
        finally:
            connections.close_all()

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(done) == 1
    assert events_of(number).count("chat.requeued") == 1
    assert_gapless(number)


@pytest.mark.django_db(transaction=True)
def test_two_who_accept_at_once_are_told_apart() -> None:
    house = make_house()
    chat = begin(house)
    chat.say("Hello?")
    number, start, outcomes = chat.ticket.pk, Barrier(2), []

    def take(agent: Any) -> None:
        start.wait()
        try:
            accept_chat(number, by=agent)
            outcomes.append("got")
        except InvalidInput:
            outcomes.append("told")
        finally:
            connections.close_all()

    threads = [Thread(target=take, args=[agent]) for agent in (house.olena, house.ben)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["got", "told"]
    assert events_of(number).count("ticket.assigned") == 1


def test_who_is_here_is_rung_when_somebody_begins_to_wait(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[tuple[int, dict[str, Any]]] = []
    monkeypatch.setattr("livechat.alerts.announce_to_agent", lambda id, kind, **data: rung.append((id, data)))
    Membership.objects.create(agent=house.adam, team=house.support)
    say_presence(house.adam, "busy")
    with at_desks([house.olena, house.ben, house.mallory, house.vera, house.adam]):
        chat = begin(house)
        first = chat.say("Hello?")
        chat.say("Anybody?")
    number = first.ticket_id
    about = f"{chat.visitor.called} · #{number}"
    assert rung == [(agent.pk, {"ticket": number, "fresh": True, "about": about}) for agent in (house.olena, house.ben)]
    accept_chat(number, by=house.ben)
    reply(number, by=house.ben, text="Yes")
    rung.clear()
    chat.say("Great")
    assert rung == [(house.ben.pk, {"ticket": number, "fresh": False, "about": about})]
    # Whoever is busy still hears of what they have.
    say_presence(house.ben, "busy")
    reply(number, by=house.ben, text="Yes")
    rung.clear()
    chat.say("Still there?")
    assert rung == [(house.ben.pk, {"ticket": number, "fresh": False, "about": about})]


def test_the_notice_says_who_waits_and_where_and_nothing_of_what_they_wrote(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr("livechat.alerts.announce_to_agent", lambda id, kind, **data: rung.append(data["about"]))
    house.olena.locale = "uk"
    house.olena.save()
    page = {"url": f"{SHOP}/boots/42", "title": "Fjellrev boots"}
    with at_desks([house.olena]):
        chat = begin(house)
        number = chat.say("CANARY is my card", page=page).ticket_id
        mark = chat.visitor.thread[:4].upper()
        assert rung == [f"Відвідувач {mark} · Fjellrev boots · #{number}"]
        # By name once that is known; put back into a queue, from where they were last seen.
        visitor_claims(chat.visitor, name="Iryna", email="")
        visitor_here(chat.visitor.thread, {"url": f"{SHOP}/cart?coupon=CANARY"})
        transfer_chat(number, by=house.ben, team=house.support, note="CANARY")
    assert rung[1:] == [f"Iryna · /cart · #{number}"]
