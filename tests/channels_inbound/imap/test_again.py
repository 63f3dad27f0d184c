"""A mail of which a mailbox gave only the header, asked for once more, of a real Dovecot."""

from __future__ import annotations

from typing import Any

import pytest
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from channels_inbound.imap import again
from channels_inbound.imap.again import fetch_again
from channels_inbound.models import FetchedMail, Mailbox, RawDelivery, RawState
from people.permissions import PermissionDenied
from tests.channels_inbound.imap.conftest import AddMailbox, numbered, read_subjects, visit
from tests.channels_inbound.imap.test_visit import channel_events, poison
from tests.people import House, row_counts
from tests.security.world import signed_in
from tests.support.dovecot import Account
from tickets.errors import TooLate


def with_a_header(add: AddMailbox, account: Account, monkeypatch: Any) -> tuple[Mailbox, RawDelivery]:
    """Three mails were fetched; of the second the server gave only the header."""
    poison(monkeypatch, uid=2, error=IMAPClientError("fetch failed: Internal error occurred"))
    account.deliver(*numbered(1, 2, 3))
    return visit(add(after_fetch="seen")), RawDelivery.objects.get(state=RawState.QUARANTINED)


def test_comes_whole_when_the_server_gives_it(
    house: House, add: AddMailbox, account: Account, monkeypatch: Any
) -> None:
    mailbox, left = with_a_header(add, account, monkeypatch)
    monkeypatch.undo()
    version = mailbox.version
    fetch_again(left.pk, by=house.adam)
    fetch_again(left.pk, by=house.adam)
    mailbox.refresh_from_db()
    assert mailbox.version == version + 1
    assert visit(mailbox).state == "ok"
    left.refresh_from_db()
    assert (left.state, left.reason, "incomplete" in left.envelope) == (RawState.STORED, "", False)
    assert left.size == len(bytes(left.body.content)) > 100
    assert read_subjects() == ["Mail 1", "Mail 2", "Mail 3"]
    assert account.flags()[2] == (b"\\Seen",)
    assert channel_events()[-3:] == ["mail.quarantined", "mail.retried", "mail.refetched"]
    with pytest.raises(TooLate):
        fetch_again(left.pk, by=house.adam)


def test_stays_with_the_new_reason_when_it_does_not(
    house: House, add: AddMailbox, account: Account, monkeypatch: Any
) -> None:
    mailbox, left = with_a_header(add, account, monkeypatch)
    fetch_again(left.pk, by=house.adam)
    assert visit(mailbox).state == "ok"
    monkeypatch.undo()
    with account.client() as client:
        client.delete_messages([2])
        client.expunge()
    fetch_again(left.pk, by=house.adam)
    assert visit(mailbox).state == "ok"
    left.refresh_from_db()
    assert (left.state, left.reason) == (RawState.QUARANTINED, again.GONE)
    assert b"Subject: Mail 2" in bytes(left.body.content)
    assert read_subjects() == ["Mail 1", "Mail 3"]


def test_one_that_breaks_the_connection_does_so_once(
    house: House, add: AddMailbox, account: Account, monkeypatch: Any
) -> None:
    mailbox, left = with_a_header(add, account, monkeypatch)
    monkeypatch.undo()
    poison(monkeypatch, uid=2, error=IMAPClientAbortError("socket error: EOF"))
    fetch_again(left.pk, by=house.adam)
    assert [visit(mailbox).state for _ in range(2)] == ["retrying", "ok"]
    left.refresh_from_db()
    assert (left.state, left.reason) == (RawState.QUARANTINED, again.BROKEN)
    assert mailbox.stalls == 0


def test_not_under_another_numbering_and_not_by_others(
    house: House, add: AddMailbox, account: Account, monkeypatch: Any
) -> None:
    mailbox, left = with_a_header(add, account, monkeypatch)
    before = row_counts()
    with pytest.raises(PermissionDenied):
        fetch_again(left.pk, by=house.olena)
    Mailbox.objects.filter(pk=mailbox.pk).update(epoch=1)
    with pytest.raises(TooLate):
        fetch_again(left.pk, by=house.adam)
    assert row_counts() == before


def test_reading_all_again_leaves_headers_alone(
    house: House, add: AddMailbox, account: Account, monkeypatch: Any
) -> None:
    _mailbox, left = with_a_header(add, account, monkeypatch)
    client = signed_in(house.adam)
    assert "Fetch again" in client.get("/quarantine/").content.decode()
    client.post("/quarantine/retry/")
    left.refresh_from_db()
    assert left.state == RawState.QUARANTINED
    assert client.post(f"/quarantine/{left.pk}/fetch/").status_code == 302
    assert FetchedMail.objects.get(wanted_again=True).delivery_id == left.pk
