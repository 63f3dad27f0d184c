"""Calls: a log is brought in by mouse and by keyboard, its progress is seen, and every page of it is for everybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from playwright.sync_api import expect

from channels_inbound.hooks.connections import add_connection
from channels_inbound.models import CallImport
from channels_inbound.phone.log_import import How, run_due_call_imports, set_log, upload_log
from tests.browser.test_looks import LOOKS, SIZES, judge
from tests.people import House, make_house
from tests.support.browser import OpenPage
from tests.support.live import LiveStack
from tickets.models import Call, Channel

LOG = (
    "When,Way,Caller,Called,Answered,Ended,Id\n"
    "2026-11-20 10:00:00,in,0671110022,100,,2026-11-20 10:00:40,a1\n"
    "2026-11-20 11:00:00,in,0509998877,100,2026-11-20 11:00:12,2026-11-20 11:04:00,a2\n"
    "2026-11-20 12:00:00,out,100,0631234567,2026-11-20 12:00:08,2026-11-20 12:02:00,a3\n"
    "yesterday,in,1,2,,,a4\n"
)
COLUMNS = {"started_at": "when", "direction": "way", "from": "caller", "to": "called", "answered_at": "answered",
           "ended_at": "ended", "external_id": "id"}  # fmt: skip


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    house = make_house()
    with override_settings(CREDENTIALS_KEYS=[Fernet.generate_key().decode()]):
        add_connection("line", {"number": "+380440000100"}, by=house.adam, name="Hotline", team=house.support)
    return house


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "november.csv"
    path.write_text(LOG)
    return path


def test_a_log_is_looked_at_and_kept(house: House, file: Path, open_page: OpenPage) -> None:
    page = open_page(house.adam)
    page.goto("/calls/")
    page.get_by_role("link", name="Import calls").click()
    page.get_by_label("Kind of log").select_option("table")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Have a look").press("Enter")
    expect(page.locator("h1")).to_have_text("november.csv")
    expect(page.locator("main")).to_contain_text("the column started_at is missing")
    for wanted, column in COLUMNS.items():
        page.locator(f"select[name=column_{wanted}]").select_option(column)
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("main")).to_contain_text("1 row cannot be read")
    expect(page.get_by_role("region", name="Calls")).to_contain_text("Missed")
    assert not Call.objects.exists()
    page.get_by_role("button", name="Keep 3 calls").press("Enter")
    expect(page.locator("main")).to_contain_text("How it goes")
    run_due_call_imports()  # the worker's tick
    expect(page.locator("main .figs")).to_contain_text("Done", timeout=30_000)
    expect(page.locator("main")).to_contain_text("this is no time: 'yesterday'")
    page.get_by_role("link", name="See the calls").click()
    expect(page.locator("main")).to_contain_text("+380671110022")
    row = CallImport.objects.get()
    assert (row.state, row.kept, Call.objects.count()) == ("done", 3, 3)


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_every_page_of_calls_is_for_everybody(
    size: str, scheme: str, house: House, open_page: OpenPage, file: Path, tmp_path: Path
) -> None:
    line = Channel.objects.get(name="Hotline")
    how = How("table", "Europe/Kyiv", "UA", COLUMNS)
    rows = [
        upload_log(line.pk, by=house.adam, upload=SimpleUploadedFile(f"{name}.csv", LOG.encode()), how=how)
        for name in ("october", "november", "december")
    ]
    for row, start in zip(rows, (True, False, True), strict=True):
        set_log(row.pk, by=house.adam, how=how, start=start)
    CallImport.objects.filter(pk=rows[2].pk).update(
        lease_until="2100-01-01T00:00:00Z", state="running", total=3, read=2
    )
    run_due_call_imports()
    width, height = SIZES[size]
    page = open_page(house.adam, viewport={"width": width, "height": height}, color_scheme=scheme)
    paths = ["/calls/", "/calls/import/", *(f"/calls/import/{row.pk}/" for row in rows)]
    for number, path in enumerate(paths):
        page.goto(path)
        page.screenshot(path=tmp_path / f"calls-{number}-{size}-{scheme}.png", full_page=True)
        judge(page, path)
