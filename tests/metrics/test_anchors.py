"""What figures are held against: drawn, in the table beside, and with where it is from."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from bench.shop_year import DAY
from metrics.anchors import AIM, anchor_of, promised
from metrics.models import Policy
from metrics.pages.report import bars
from metrics.rules import ensure_defaults, freeze
from metrics.surveys.scales import Kind
from tests.metrics.shop import fill_year, make_policy
from tests.people import House, make_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def test_what_is_promised_on_a_channel_is_what_its_policies_may_promise(house: House) -> None:
    everything = make_policy(position=9)
    assert promised({1: "email", 2: "chat"}) == {1: (3600, 3600), 2: (3600, 3600)}
    calendar = everything.calendar
    Policy.objects.create(name="Chats", position=1, calendar=calendar, conditions={"channel_kind": ["chat"]},
                          first_seconds=120)  # fmt: skip
    Policy.objects.create(name="Urgent", position=2, calendar=calendar, conditions={"priority": [40]},
                          first_seconds=600)  # fmt: skip
    Policy.objects.create(name="One", position=3, calendar=calendar, conditions={"channel_id": [7]}, first_seconds=None,
                          resolution_seconds=60)  # fmt: skip
    freeze(by=None)
    # Chats never get to what stands after their own policy; mail may be urgent; nothing is promised on the seventh
    # but what is urgent.
    assert promised({1: "email", 2: "chat", 7: "email"}) == {1: (600, 3600), 2: (120, 120), 7: (600, 600)}


def test_the_defaults_promise_each_kind_its_own(house: House) -> None:
    ensure_defaults()
    found = promised({1: "chat", 2: "email"})
    assert found[1] == (120, 120) and found[2] == (86_400, 86_400)


def test_an_aim_lies_at_95_of_100_of_each_bar() -> None:
    [bar] = bars([(date(2026, 1, 1), 90, 10)], date(2026, 1, 1), date(2026, 1, 2))
    assert bar.aim_y == pytest.approx(bar.missed_y + (1 - AIM / 100) * (bar.kept_height + bar.missed_height))


def test_only_what_is_measured_alike_has_an_anchor_and_its_source_is_said() -> None:
    csat = anchor_of(Kind.CSAT)
    assert csat is not None and csat.value == 81 and "2019" in csat.source
    assert anchor_of(Kind.NPS) is None and anchor_of(Kind.CES) is None


def test_lines_of_reference_stand_in_the_drawing_and_in_the_table(house: House) -> None:
    year = fill_year(house, 400)
    make_policy(first_seconds=5400)
    client = Client()
    client.force_login(house.adam)
    overview = client.get(
        reverse("overview"),
        {
            "period": "own",
            "from": str((year.end - 300 * DAY).date()),
            "to": str((year.end - 150 * DAY).date()),
        },
    ).content.decode()
    assert overview.count('class="aim"') >= 10 and 'class="anchor"' in overview and "1h 30m" in overview
    assert "American Customer Satisfaction Index" in overview and "aim 95 %" in overview
    level = client.get(reverse("sla_report"), {"period": "365"}).content.decode()
    assert 'class="aim"' in level and level.count("1h 30m") == 2
    rows = re.findall(
        r"<td class=\"n\">(\d+)</td><td class=\"n\">(\d+)</td><td class=\"n\">([\d.]+) %</td></tr>", level
    )
    assert rows and all(float(share) == round(100 * int(k) / (int(k) + int(m)), 1) for k, m, share in rows)
    said = client.get(reverse("satisfaction"), {"period": "365"}).content.decode()
    assert 'class="anchor"' in said and "online shops, USA" in said
    said = client.get(reverse("satisfaction"), {"period": "365", "kind": "ces"}).content.decode()
    assert 'class="anchor"' not in said and "online shops" not in said
