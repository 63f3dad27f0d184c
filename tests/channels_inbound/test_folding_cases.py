"""A mail folded wrongly: one click shows it whole, and the command makes a test case of it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from channels_inbound.inbound import drain_inbound
from channels_inbound.raw import store_raw
from events.models import Event
from people.models import Agent
from tests.channels_inbound.mails import raw_mail
from tests.people import House, events_of, make_house
from tests.security.world import signed_in
from tickets import actions
from tickets.errors import NotFound
from tickets.models import Message

pytestmark = pytest.mark.django_db
QUOTE = "On Tue, 3 Nov 2026, 12:30 Shop, <support@shop.example> wrote:\n> We have sent it.\n"
MAIL = raw_mail(text=f"It has not come.\n\n{QUOTE}", In_Reply_To="<x@shop.example>", Subject="Re: parcel")


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def message(house: House) -> Message:
    store_raw([house.channel.pk], transport="smtp", content=MAIL, envelope={"mail_from": "zoe@customer.example"})
    drain_inbound()
    return Message.objects.get()


def pane(agent: Agent, message: Message) -> str:
    """The conversation as the agent sees it."""
    return str(signed_in(agent).get(f"/tickets/{message.ticket_id}/pane/").json()["thread"])


def test_one_click_shows_it_whole_to_everybody_and_one_folds_it_again(house: House, message: Message) -> None:
    before = events_of(message.ticket_id)
    assert 'data-cmd="unfold"' in pane(house.ben, message)

    for _ in range(2):  # the second click comes late
        answer = signed_in(house.olena).post(f"/messages/{message.pk}/folding/", {"event": "0"})
    shown = pane(house.ben, message)

    assert f"msg-{message.pk}" in answer.json()["updates"]["items"]
    assert events_of(message.ticket_id) == [*before, "folding.rejected"]
    assert 'class="quote"' not in shown
    assert "We have sent it." in shown
    assert "Olena</b> said that a mail was folded wrongly" in shown
    message.refresh_from_db()
    assert (message.shown_whole, len(message.quoted)) == (True, 1)

    signed_in(house.ben).post(f"/messages/{message.pk}/folding/", {"restore": "1"})

    assert events_of(message.ticket_id) == [*before, "folding.rejected", "folding.restored"]
    assert 'class="quote"' in pane(house.olena, message)


def test_who_only_looks_is_not_asked(house: House, message: Message) -> None:
    assert 'data-cmd="unfold"' not in pane(house.vera, message)


def test_where_nothing_is_folded_nothing_can_be_wrong(house: House, message: Message) -> None:
    note = actions.add_note(message.ticket_id, by=house.olena, text="A note")
    events = Event.objects.count()

    with pytest.raises(NotFound):
        actions.reject_folding(note.pk, by=house.olena)

    assert Event.objects.count() == events


def test_marked_mails_become_cases_and_keep_their_answers(house: House, message: Message, tmp_path: Path) -> None:
    call_command("folding_cases", export=tmp_path / "cases", stdout=StringIO())
    assert list((tmp_path / "cases").iterdir()) == []
    actions.reject_folding(message.pk, by=house.olena)

    call_command("folding_cases", export=tmp_path / "cases", stdout=StringIO())

    case = tmp_path / "cases" / f"message-{message.pk}.json"
    assert case.with_suffix(".eml").read_bytes() == MAIL
    assert json.loads(case.read_text()) == {"folded": [QUOTE.strip()], "shown": "It has not come.", "answer": ""}

    case.write_text(json.dumps(json.loads(case.read_text()) | {"answer": "filled in"}))
    said = StringIO()
    call_command("folding_cases", export=tmp_path / "cases", stdout=said)

    assert json.loads(case.read_text())["answer"] == "filled in"
    assert said.getvalue() == f"1 cases are in {tmp_path / 'cases'}.\n"


def test_a_marked_message_without_its_source_is_counted_not_hidden(
    house: House, message: Message, tmp_path: Path
) -> None:
    actions.reject_folding(message.pk, by=house.olena)
    message.raw_deliveries.all().delete()
    said = StringIO()

    call_command("folding_cases", export=tmp_path, stdout=said)

    assert said.getvalue().splitlines()[1] == "1 marked messages have no source any more and were left out."
