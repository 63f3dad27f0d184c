"""Loading the demo shop: only into an empty helpdesk, whole or not at all, and never in production."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from channels_inbound.demo import load as loading
from channels_inbound.demo import load_demo_shop
from channels_inbound.demo.shop import new_password
from people.models import Agent, Role
from tests.people import row_counts
from tickets.models import (
    Channel,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def test_passwords_differ_between_installations() -> None:
    assert len({new_password() for _ in range(200)}) == 200


@pytest.mark.parametrize("what", ["agent", "channel"])
def test_a_helpdesk_in_use_is_left_alone(data_dir: Path, what: str) -> None:
    if what == "agent":
        Agent.objects.create_user("boss@shop.example", "something long", name="Boss", role=Role.ADMIN)
    else:
        Channel.objects.create(name="Support", address="support@shop.example")
    before = row_counts()
    assert load_demo_shop() is None
    assert row_counts() == before
    assert not (data_dir / "demo.json").exists()


def test_cut_off_it_leaves_an_empty_helpdesk(data_dir: Path, monkeypatch: Any) -> None:
    """Whatever breaks in the middle, the next start finds an empty helpdesk and loads it whole."""
    original: Callable[..., Any] = loading.Stage._pass_time
    calls = 0

    def break_later(self: Any, at: datetime) -> None:
        nonlocal calls
        calls += 1
        if calls > 40:
            raise OSError("no space left")
        original(self, at)

    empty = row_counts()
    with monkeypatch.context() as patched, pytest.raises(OSError, match="no space left"):
        patched.setattr(loading.Stage, "_pass_time", break_later)
        load_demo_shop()
    assert row_counts() == empty
    assert not (data_dir / "demo.json").exists()


@pytest.fixture
def migrated(monkeypatch: Any) -> None:
    """The test database is up to date, and migrating takes a connection of its own, outside the test's transaction."""
    monkeypatch.setattr("helpdesk.management.commands.prepare.migrate_patiently", lambda: None)


@pytest.mark.usefixtures("migrated")
def test_production_never_gets_it(data_dir: Path, settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("load_demo")
    call_command("prepare")
    assert not Agent.objects.exists()


@pytest.mark.usefixtures("migrated")
def test_prepare_loads_it_once_and_only_when_wanted(data_dir: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HELPDESK_DEMO", "0")
    call_command("prepare")
    call_command("prepare", no_demo=True)
    assert not Agent.objects.exists()
    monkeypatch.delenv("HELPDESK_DEMO")
    call_command("prepare")
    before = row_counts()
    call_command("prepare")
    assert row_counts() == before
    assert before["tickets_ticket"] > 40
