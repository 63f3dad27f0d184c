"""Notes on days: who writes and sees them, what each change records, and that drawings show them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.shop_year import DAY
from events.models import Event
from metrics.annotations import annotations_in, remove_annotation, visible_annotations, write_annotation
from metrics.facts import Scope
from metrics.models import Annotation
from people.models import Agent
from people.permissions import PermissionDenied
from tests.api.client import Api
from tests.metrics.shop import fill_year, lead
from tests.people import House, make_house, row_counts
from tickets.errors import InvalidInput, NotFound

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 3)


@pytest.fixture
def house() -> House:
    return make_house()


def note(by: Agent, text: str = "New courier", day: date = TODAY, **of: Any) -> Annotation:
    return write_annotation(
        None, by=by, day=day, text=text, channel_id=of.get("channel"), team_id=of.get("team")
    )  # fmt: skip


def told(row_id: int) -> list[tuple[str, int | None, str]]:
    found = Event.objects.filter(stream_type="annotation", stream_id=row_id).order_by("sequence")
    return [(event.kind, event.actor_id, event.data["text"]) for event in found]


def test_each_change_is_one_event_and_the_same_again_is_none(house: House) -> None:
    ben = lead(house.ben)
    row = note(ben, "  New \x00 courier ", team=house.support.pk)
    again = write_annotation(
        row.pk, by=ben, day=TODAY, text="New courier", channel_id=None, team_id=house.support.pk
    )  # fmt: skip
    assert again.pk == row.pk and again.text == "New courier" and again.author_id == ben.pk
    write_annotation(row.pk, by=ben, day=TODAY + DAY, text="Old courier", channel_id=None, team_id=None)
    changed = Event.objects.get(kind="annotation.changed")
    assert changed.data["before"] == {
        "day": "2026-11-03", "text": "New courier", "channel": None, "team": house.support.pk,
    }  # fmt: skip
    remove_annotation(row.pk, by=ben)
    remove_annotation(row.pk, by=ben)
    assert told(row.pk) == [
        ("annotation.written", ben.pk, "New courier"), ("annotation.changed", ben.pk, "Old courier"),
        ("annotation.removed", ben.pk, "Old courier"),
    ]  # fmt: skip
    assert not Annotation.objects.exists()


def test_outsiders_and_those_who_only_read_change_nothing(house: House) -> None:
    ben, mallory = lead(house.ben), lead(house.mallory)
    row = note(ben, team=house.support.pk)
    before = row_counts()
    for stranger in (house.olena, house.vera):
        with pytest.raises(PermissionDenied):
            note(stranger)
        with pytest.raises(PermissionDenied):
            remove_annotation(row.pk, by=stranger)
    with pytest.raises(InvalidInput):
        note(mallory, team=house.support.pk)
    with pytest.raises(NotFound):
        write_annotation(row.pk, by=mallory, day=TODAY, text="Mine", channel_id=None, team_id=None)
    remove_annotation(row.pk, by=mallory)
    with pytest.raises(InvalidInput):
        note(ben, " \x00 ")
    assert row_counts() == before and Annotation.objects.get().text == "New courier"
    assert not visible_annotations(mallory).exists()


def test_a_scope_shows_what_matters_for_it(house: House) -> None:
    ben = lead(house.ben)
    texts = [("All", {}), ("Ours", {"team": house.support.pk}), ("Mail", {"channel": house.channel.pk}),
             ("Other", {"channel": house.other_channel.pk})]  # fmt: skip
    for text, of in texts:
        note(house.adam, text, **of)
    note(house.adam, "Long ago", TODAY - 9 * DAY)

    def seen(agent: Agent, **narrow: Any) -> set[str]:
        scope = Scope(agent, timezone.now(), timezone.now(), **narrow)
        return {one.text for one in annotations_in(scope, TODAY - DAY, TODAY)}

    assert seen(house.adam) == {"All", "Ours", "Mail", "Other"}
    assert seen(house.adam, channel=house.channel.pk) == {"All", "Ours", "Mail"}
    assert seen(lead(house.mallory)) == {"All", "Mail", "Other"}
    assert seen(ben, team=house.returns.pk) == {"All", "Mail", "Other"}


def test_a_manager_notes_it_and_every_drawing_shows_it(house: House) -> None:
    year = fill_year(house, 300)
    client, day = Client(), (year.end - 150 * DAY).date()
    client.force_login(lead(house.ben))
    made = client.post(reverse("annotations"), {"day": day.isoformat(), "text": "Sale began"})
    assert made.status_code == 302 and "Sale began" in client.get(reverse("annotations")).content.decode()
    for name in ("overview", "sla_report", "satisfaction"):
        page = client.get(reverse(name), {"period": "365"}).content.decode()
        assert page.count('class="mark"') >= 1 and "Sale began" in page, name
        far = {"period": "own", "from": str(day + timedelta(days=100)), "to": str(day + timedelta(days=140))}
        assert "Sale began" not in client.get(reverse(name), far).content.decode()
    row = Annotation.objects.get()
    assert client.get(reverse("annotation_edit", args=[row.pk])).status_code == 200
    assert client.post(reverse("annotation_edit", args=[row.pk]), {"day": "", "text": "x"}).status_code == 422
    assert client.post(reverse("annotation_remove", args=[row.pk])).status_code == 302
    page = client.get(reverse("annotations")).content.decode()
    assert not Annotation.objects.exists() and "Nothing yet." in page


def test_programs_read_and_write_them_with_the_same_rights(house: House) -> None:
    api, stranger, agent = Api.of(lead(house.ben)), Api.of(lead(house.mallory)), Api.of(house.olena)
    made = api.post("reports/notes/", {"day": "2026-11-03", "text": "New courier", "team": house.support.pk})
    assert made.status == 201
    path = f"reports/notes/{made.body['id']}/"
    assert api.get("reports/notes/").body["results"] == [made.body]
    assert stranger.get("reports/notes/").body["results"] == []
    before = row_counts()
    body = {"day": "2026-11-04", "text": "Mine"}
    assert (stranger.send("PUT", path, body=body).status, stranger.send("DELETE", path).status) == (404, 204)
    assert agent.post("reports/notes/", body).status == 403
    assert api.post("reports/notes/", body | {"team": house.returns.pk}).status in (400, 422)
    assert row_counts() == before
    assert api.send("PUT", path, body=body).body["text"] == "Mine"
    assert api.send("DELETE", path).status == 204 and not Annotation.objects.exists()
