"""Fetchers as the mail process runs them: many mailboxes, several processes, servers that fall, and an end in time."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from channels_inbound.imap import cursor, leases
from channels_inbound.imap.actions import change_mailbox, look_now
from channels_inbound.imap.folder import Folder
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import Mailbox, RawDelivery
from tests.channels_inbound.imap.conftest import AddMailbox, fetching, numbered, read_subjects, wait_for
from tests.channels_inbound.imap.hanging import hanging_server
from tests.people import House
from tests.support.dovecot import Account, Dovecot


def state_of(mailbox: Mailbox) -> str:
    return str(Mailbox.objects.values_list("state", flat=True).get(pk=mailbox.pk))


def looked(mailbox: Mailbox) -> bool:
    return Mailbox.objects.get(pk=mailbox.pk).last_look_at is not None


def test_idle_brings_new_mail_at_once(add: AddMailbox, account: Account) -> None:
    mailbox = add(use_idle=True, poll_seconds=3600)
    with fetching():
        wait_for(lambda: looked(mailbox))
        for n in range(1, 6):
            account.deliver(*numbered(n))
            began = time.monotonic()
            wait_for(lambda n=n: RawDelivery.objects.count() == n)
            assert time.monotonic() - began < 15
    assert read_subjects() == [f"Mail {n}" for n in range(1, 6)]


def test_idle_misses_nothing_under_a_steady_stream(add: AddMailbox, account: Account) -> None:
    """Mail that comes between a search and IDLE is told of by neither in so many words."""
    add(use_idle=True, poll_seconds=3600)
    with fetching():
        for n in range(60):
            account.deliver(*numbered(n))
            time.sleep(0.03)
        wait_for(lambda: RawDelivery.objects.count() == 60, seconds=20)
    assert read_subjects() == [f"Mail {n}" for n in range(60)]


def test_polling_brings_it_where_the_server_cannot_tell(add: AddMailbox, account: Account, monkeypatch: Any) -> None:
    monkeypatch.setattr(Folder, "can_idle", False)
    add(use_idle=True, poll_seconds=1)
    with fetching():
        account.deliver(*numbered(1))
        wait_for(lambda: RawDelivery.objects.count() == 1)
        account.deliver(*numbered(2))
        wait_for(lambda: RawDelivery.objects.count() == 2)
    assert read_subjects() == ["Mail 1", "Mail 2"]


def test_two_fetchers_never_race(add: AddMailbox, account: Account, monkeypatch: Any) -> None:
    """Pain 7: at no moment do two hold the mailbox, and every mail comes once."""
    inside: list[int] = []
    most: list[int] = []
    original = Folder.fetch

    def counted(self: Folder, *arguments: Any) -> Any:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        try:
            return original(self, *arguments)
        finally:
            inside.pop()

    monkeypatch.setattr(Folder, "fetch", counted)
    monkeypatch.setattr("channels_inbound.imap.visit.BATCH", 3)
    add(use_idle=False, poll_seconds=1)
    with fetching(number=2):
        for n in range(30):
            account.deliver(*numbered(n))
            time.sleep(0.05)
        wait_for(lambda: RawDelivery.objects.count() == 30)
    assert max(most) == 1
    assert read_subjects() == [f"Mail {n}" for n in range(30)]


def test_a_server_killed_while_it_gives_mails_loses_none(
    add: AddMailbox, account: Account, dovecot: Dovecot, monkeypatch: Any
) -> None:
    monkeypatch.setattr("channels_inbound.imap.visit.BATCH", 5)
    monkeypatch.setattr(leases, "FIRST_WAIT", 0.2)
    account.deliver(*numbered(*range(200)))
    add(use_idle=True)
    with fetching():
        for threshold in (10, 60, 120):
            wait_for(lambda t=threshold: RawDelivery.objects.count() >= t, seconds=60)
            dovecot.kill()
            time.sleep(0.3)
            dovecot.start()
        wait_for(lambda: RawDelivery.objects.count() == 200, seconds=60)
    assert sorted(read_subjects()) == sorted(f"Mail {n}" for n in range(200))


def test_a_hanging_server_holds_up_nobody_and_the_end_comes_in_time(add: AddMailbox, account: Account) -> None:
    with hanging_server() as port:
        add(port=port)
        good = add(use_idle=True)
        account.deliver(*numbered(1))
        with fetching() as [fetcher]:
            wait_for(lambda: RawDelivery.objects.count() == 1)
            wait_for(lambda: state_of(good) == "ok")
            began = time.monotonic()
            fetcher.stop()
            assert time.monotonic() - began < 9  # 5 of patience, and a machine that may be busy
    assert Mailbox.objects.filter(lease_token=None).count() == 2


def test_the_end_gives_the_leases_back(add: AddMailbox, account: Account) -> None:
    mailbox = add(use_idle=True)
    with fetching():
        wait_for(lambda: looked(mailbox))
        assert Mailbox.objects.get().lease_token is not None
    assert Mailbox.objects.get().lease_token is None


def test_new_settings_take_effect_while_it_waits(add: AddMailbox, account: Account, house: House) -> None:
    mailbox = add(use_idle=True)
    with override_settings(IMAP_LEASE_SECONDS=1), fetching():
        wait_for(lambda: looked(mailbox))
        change_mailbox(mailbox.pk, {"after_fetch": "seen"}, {}, by=house.adam)
        wait_for(lambda: Mailbox.objects.get().last_look_at > timezone.now() - timedelta(seconds=1))
        account.deliver(*numbered(1))
        wait_for(lambda: account.flags() == {1: (b"\\Seen",)})
        change_mailbox(mailbox.pk, {"is_active": False}, {}, by=house.adam)
        wait_for(lambda: Mailbox.objects.get().lease_token is None)
        account.deliver(*numbered(2))
        time.sleep(1)
    assert RawDelivery.objects.count() == 1


def test_a_lease_outlives_long_waits(add: AddMailbox, account: Account) -> None:
    mailbox = add(use_idle=True, poll_seconds=3600)
    with override_settings(IMAP_LEASE_SECONDS=1), fetching(number=2):
        wait_for(lambda: looked(mailbox))
        token = Mailbox.objects.get().lease_token
        time.sleep(3)
        assert Mailbox.objects.get().lease_token == token


@pytest.mark.parametrize("wrong", ["password", "folder"])
def test_what_needs_a_person_is_red_at_once_and_comes_back_by_itself(
    add: AddMailbox, account: Account, house: House, wrong: str
) -> None:
    """Threat R17, pains 6 and 24."""
    mailbox = add({"password": "wrong"}) if wrong == "password" else add(folder="Support/Neu")
    with fetching():
        wait_for(lambda: state_of(mailbox) == "refused")
        account.deliver(*numbered(1, 2))
        stale = Mailbox.objects.get()
        assert stale.next_look_at > timezone.now() + timedelta(seconds=150)
        assert stale.is_active
        if wrong == "password":
            account.server.set_password(account.name, "wrong")
        else:
            with account.client() as client:
                client.create_folder("Support/Neu")
                client.copy([1, 2], "Support/Neu")
        look_now(mailbox.pk, by=house.adam)
        wait_for(lambda: state_of(mailbox) == "ok")
    assert read_subjects() == ["Mail 1", "Mail 2"]


def test_waits_grow_are_uneven_and_have_an_end() -> None:
    waits = [leases.wait_after(n, needs_a_person=False) for n in range(1, 40)]
    assert 3.5 <= waits[0] <= 6.5
    assert 7 <= waits[1] <= 13
    assert all(210 <= wait <= 390 for wait in waits[8:])
    assert len(set(waits)) > 30
    refused = [leases.wait_after(n, needs_a_person=True) for n in range(1, 40)]
    assert min(refused) >= 210
    assert max(refused) <= 3600 * 1.3


def test_a_database_that_is_away_for_a_moment_costs_nothing(
    add: AddMailbox, account: Account, monkeypatch: Any
) -> None:
    from django.db import OperationalError

    original, broken = leases.claim_due, [True]

    def away(**named: Any) -> Any:
        if broken[0]:
            raise OperationalError("the database system is shutting down")
        return original(**named)

    monkeypatch.setattr(leases, "claim_due", away)
    add()
    account.deliver(*numbered(1))
    with fetching():
        time.sleep(0.5)
        broken[0] = False
        wait_for(lambda: RawDelivery.objects.count() == 1)
    assert read_subjects() == ["Mail 1"]


def test_an_old_folder_does_not_stand_before_live_mail(add: AddMailbox, account: Account, monkeypatch: Any) -> None:
    """Only some of it is stored until that is read; afterwards mail comes without waiting (threat R30)."""
    monkeypatch.setattr(cursor, "READ_FIRST", 20)
    monkeypatch.setattr("channels_inbound.imap.visit.BATCH", 10)
    account.deliver(*numbered(*range(100)))
    mailbox = add(use_idle=True, start_from="everything")
    with fetching():
        wait_for(lambda: RawDelivery.objects.count() == 30)
        time.sleep(1.5)
        assert RawDelivery.objects.count() == 30
        drain_inbound()
        wait_for(lambda: RawDelivery.objects.count() == 60)
        wait_for(lambda: drain_inbound() is not None and looked(mailbox), seconds=30)
        drain_inbound()
        account.deliver(*numbered(*range(100, 140)))
        wait_for(lambda: RawDelivery.objects.count() == 140)
    assert read_subjects() == [f"Mail {n}" for n in range(140)]
