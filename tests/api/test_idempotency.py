"""A write under an Idempotency-Key happens once: repeated, at the same moment, after a crash."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from people.api.idempotency import KEPT, forget_old_requests
from people.models import IdempotentRequest
from tests.api.client import Answer, Api
from tests.people import House, events_of, make_house, open_ticket
from tickets import actions
from tickets.api import messages
from tickets.models import Attachment, Message, Ticket

NOTE = {"kind": "note", "text": "call back"}


def path(ticket: Ticket) -> str:
    return f"tickets/{ticket.pk}/messages/"


def test_the_same_request_again_gets_the_same_answer(ticket: Ticket, olena: Api) -> None:
    first = olena.post(path(ticket), NOTE, Idempotency_Key="k1")
    known = events_of(ticket.pk)
    again = olena.post(path(ticket), NOTE, Idempotency_Key="k1")
    assert (first.status, first.raw) == (again.status, again.raw) == (201, first.raw)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert events_of(ticket.pk) == known
    assert Message.objects.filter(kind="note").count() == 1


def test_spacing_and_order_of_the_body_do_not_matter(ticket: Ticket, olena: Api) -> None:
    first = olena.send("POST", path(ticket), body=b'{"kind":"note","text":"a"}', headers={"Idempotency-Key": "k"})
    again = olena.send("POST", path(ticket), body=b' {"text": "a", "kind": "note"} ', headers={"Idempotency-Key": "k"})
    assert (again.status, again.raw) == (201, first.raw)


def test_the_key_for_something_else_is_refused(house: House, ticket: Ticket, olena: Api) -> None:
    other = open_ticket(house.channel)
    olena.post(path(ticket), NOTE, Idempotency_Key="k1")
    for answer in (
        olena.post(path(ticket), NOTE | {"text": "other"}, Idempotency_Key="k1"),
        olena.post(path(other), NOTE, Idempotency_Key="k1"),
        olena.patch(f"tickets/{ticket.pk}/", {"priority": "high"}, Idempotency_Key="k1"),
    ):
        assert (answer.status, answer.code) == (422, "idempotency_mismatch")
    assert Message.objects.filter(kind="note").count() == 1


def test_keys_of_two_agents_do_not_meet(house: House, ticket: Ticket, olena: Api) -> None:
    olena.post(path(ticket), NOTE, Idempotency_Key="k1")
    assert Api.of(house.ben).post(path(ticket), NOTE, Idempotency_Key="k1").status == 201
    assert Message.objects.filter(kind="note").count() == 2


def test_a_refused_write_leaves_the_key_unused(house: House, ticket: Ticket, olena: Api) -> None:
    actions.add_note(ticket.pk, by=house.ben, text="new")
    stale = {"kind": "reply", "text": "x", "expected_sequence": 1}
    assert olena.post(path(ticket), stale, Idempotency_Key="k1").status == 409
    assert not IdempotentRequest.objects.exists()
    assert olena.post(path(ticket), stale | {"expected_sequence": 2}, Idempotency_Key="k1").status == 201


def test_patch_and_upload_too(ticket: Ticket, olena: Api) -> None:
    for _ in range(2):
        answer = olena.patch(f"tickets/{ticket.pk}/", {"priority": "high"}, Idempotency_Key="p")
        assert answer.body["priority"] == "high"
    files = {olena.upload(ticket.pk, Idempotency_Key="u").body["id"] for _ in range(2)}
    assert len(files) == Attachment.objects.count() == 1
    assert olena.upload(ticket.pk, content=b"other", Idempotency_Key="u").code == "idempotency_mismatch"


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "ключ"])
def test_senseless_keys(ticket: Ticket, olena: Api, key: str) -> None:
    answer = olena.post(path(ticket), NOTE, Idempotency_Key=key.encode().decode("latin-1"))
    assert answer.wrong_fields == {"Idempotency-Key"}
    assert Message.objects.count() == 1


def test_replay_needs_a_token_that_may_write(house: House, ticket: Ticket, olena: Api) -> None:
    olena.post(path(ticket), NOTE, Idempotency_Key="k1")
    answer = Api.of(house.olena, ("read",)).post(path(ticket), NOTE, Idempotency_Key="k1")
    assert (answer.status, answer.code) == (403, "insufficient_scope")


def test_old_keys_are_forgotten(ticket: Ticket, olena: Api) -> None:
    olena.post(path(ticket), NOTE, Idempotency_Key="k1")
    now = timezone.now()
    assert forget_old_requests(at=now) == 0
    assert forget_old_requests(at=now + KEPT + timedelta(minutes=1)) == 1


@pytest.fixture
def shop(transactional_db: None) -> tuple[House, Ticket]:
    house = make_house()
    return house, open_ticket(house.channel)


def together(count: int, work: Callable[[int], Answer]) -> list[Answer]:
    """Run the work in so many threads that start at the same moment, each with its own connection."""
    barrier = threading.Barrier(count)

    def one(number: int) -> Answer:
        try:
            barrier.wait(10)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_a_crash_before_the_end_leaves_neither_message_nor_key(
    shop: tuple[House, Ticket], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, ticket = shop
    olena = Api.of(house.olena)

    class Broken:
        def __init__(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("the process dies here")

    known = events_of(ticket.pk)
    with monkeypatch.context() as broken:
        broken.setattr(messages, "MessageSerializer", Broken)
        answer = olena.post(path(ticket), NOTE, Idempotency_Key="k1")
    assert (answer.status, answer.code) == (500, "internal")
    assert b"dies here" not in answer.raw
    assert events_of(ticket.pk) == known
    assert not IdempotentRequest.objects.exists()
    assert olena.post(path(ticket), NOTE, Idempotency_Key="k1").status == 201
    assert Message.objects.filter(kind="note").count() == 1


def test_the_same_request_many_times_at_once_is_one(shop: tuple[House, Ticket]) -> None:
    house, ticket = shop
    olena = Api.of(house.olena)
    body = {"kind": "reply", "text": "once", "expected_sequence": 1}
    answers = together(8, lambda _: olena.post(path(ticket), body, Idempotency_Key="k1"))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.raw for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 7
    assert Message.objects.filter(kind="outbound").count() == 1
    assert events_of(ticket.pk).count("message.queued") == 1


def test_a_key_held_for_long_is_409_and_not_a_second_write(shop: tuple[House, Ticket]) -> None:
    """The first request hangs in its transaction; the second gives up waiting and says so."""
    house, ticket = shop
    olena = Api.of(house.olena)
    with transaction.atomic():
        IdempotentRequest.objects.create(agent=house.olena, key="k1", digest="x")
        answers = together(1, lambda _: olena.post(path(ticket), NOTE, Idempotency_Key="k1"))
        transaction.set_rollback(True)
    assert (answers[0].status, answers[0].code) == (409, "in_progress")
    assert not Message.objects.filter(kind="note").exists()


def test_two_writers_with_the_same_expectation_one_is_stopped(shop: tuple[House, Ticket]) -> None:
    house, ticket = shop
    tokens = [Api.of(house.olena), Api.of(house.ben)]
    body = {"kind": "reply", "text": "mine", "expected_sequence": 1}
    answers = together(2, lambda number: tokens[number].post(path(ticket), body))
    assert sorted(answer.status for answer in answers) == [201, 409]
    stopped = next(answer for answer in answers if answer.status == 409)
    assert [row["text"] for row in stopped.body["missed"]] == ["mine"]
    assert Message.objects.filter(kind="outbound").count() == 1


def test_writes_at_once_leave_a_gapless_ticket(shop: tuple[House, Ticket]) -> None:
    house, ticket = shop
    olena = Api.of(house.olena)

    def work(number: int) -> Answer:
        if number % 2:
            return olena.patch(f"tickets/{ticket.pk}/", {"tags": [f"tag {number}"], "priority": "high"})
        return olena.post(path(ticket), {"kind": "note", "text": f"note {number}"})

    answers = together(8, work)
    assert {answer.status for answer in answers} == {200, 201}
    sequences = sorted(Message.objects.filter(ticket=ticket).values_list("sequence", flat=True))
    assert sequences == [1, 2, 3, 4, 5]
    assert events_of(ticket.pk).count("ticket.prioritised") == 1
    assert len(olena.get(f"tickets/{ticket.pk}/").body["tags"]) == 1
