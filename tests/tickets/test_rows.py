"""Rows are drawn once for all who see the same, and anew for whoever sees something else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from tests.people import House, make_house, open_ticket
from tickets.inbox.rows import Mark, Row, row_of
from tickets.models import Ticket
from tickets.preview import preview_of
from tickets.templatetags.helpdesk_ui import _drawn

UNREAD, READ = Mark(unread=True, draft=""), Mark(unread=False, draft="")


@pytest.fixture
def house(db: None) -> House:
    _drawn.cache_clear()
    return make_house()


def drawn(row: Row, mark: Mark = READ) -> str:
    return render_to_string("tickets/_rows.html", {"pairs": [(row, mark)]})


def row(house: House) -> Row:
    ticket = open_ticket(house.channel, subject="Where <is> it?")
    Ticket.objects.filter(pk=ticket.pk).update(last_message_at=timezone.now() - timedelta(minutes=5))
    found = row_of(ticket.pk)
    assert found is not None
    return found


def test_same_row_is_drawn_once_and_as_the_live_row_is(house: House) -> None:
    one, again = row(house), None
    again = row_of(one.number)
    assert again is not None and again is not one
    assert drawn(one) == drawn(again)
    assert _drawn.cache_info().misses == 1
    assert render_to_string("tickets/_row.html", {"row": one, "mark": READ}) in drawn(one)
    assert "Where &lt;is&gt; it?" in drawn(one)


@pytest.mark.parametrize(
    "change", [{"subject": "Other"}, {"status": "pending"}, {"assignee_name": "Ben", "assignee_id": 2}]
)
def test_a_changed_row_is_drawn_anew(house: House, change: dict[str, object]) -> None:
    one = row(house)
    before = drawn(one)
    assert drawn(replace(one, **change)) != before  # type: ignore[arg-type]


def test_marks_language_and_time_are_the_readers_own(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    one = row(house)
    plain = drawn(one)
    assert "data-unread" in drawn(one, UNREAD) and "data-unread" not in plain
    with translation.override("uk"):
        before = _drawn.cache_info().misses
        drawn(one)
    assert _drawn.cache_info().misses == before + 1
    assert ">5m</time>" in plain
    later = timezone.now() + timedelta(minutes=7)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert ">12m</time>" in drawn(one)


@pytest.mark.parametrize(("text", "shown"), [
    ("Shop wrote:\n> Which colour?\n\nBlue.\n\n> Which size?\nLarge.", "Blue. Large."),
    ("> only a quote", "> only a quote"),
    ("Two choices:\nthis > that", "Two choices: this > that"),
    ("", ""),
])  # fmt: skip
def test_a_preview_of_answers_between_quotes_is_the_answers(text: str, shown: str) -> None:
    assert preview_of(text) == shown
