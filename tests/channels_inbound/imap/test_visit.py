"""One visit after the other to a real Dovecot: what comes in, once, whatever happens to the numbers or to us."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from channels_inbound.imap import cursor
from channels_inbound.imap.cursor import LeaseLost
from channels_inbound.imap.folder import Folder
from channels_inbound.imap.visit import Visit
from channels_inbound.models import FetchedMail, Mailbox, RawBody, RawDelivery, RawState
from events.models import Event
from tests.channels_inbound.imap.conftest import AddMailbox, claim, numbered, read_subjects, visit
from tests.channels_inbound.mails import raw_mail
from tests.people import House
from tests.support.dovecot import PASSWORD, Account, Dovecot
from tickets.models import Message, Ticket

DAY = 24 * 3600.0


def channel_events() -> list[str]:
    return list(Event.objects.filter(stream_type="channel").order_by("id").values_list("kind", flat=True))


class TestNewMail:
    def test_comes_as_it_is_and_is_left_untouched(self, add: AddMailbox, account: Account, house: House) -> None:
        mailbox = add()
        content = raw_mail(text="Привіт\n").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        account.deliver(content)
        visit(mailbox)
        delivery = RawDelivery.objects.get()
        assert bytes(RawBody.objects.get().content) == content
        assert (delivery.transport, delivery.channel_id) == ("imap", house.channel.pk)
        assert delivery.transport_key == f"imap:{mailbox.pk}:{mailbox.uidvalidity}:1"
        assert (delivery.envelope["uid"], delivery.envelope["folder"]) == (1, "INBOX")
        assert account.flags() == {1: ()}
        assert (mailbox.state, mailbox.last_uid, mailbox.failures) == ("ok", 1, 0)
        assert mailbox.last_look_at is not None
        assert mailbox.last_mail_at is not None
        assert read_subjects() == ["Where is my parcel?"]
        assert Ticket.objects.get().status == "open"

    def test_comes_once_and_in_order(self, add: AddMailbox, account: Account) -> None:
        mailbox = add()
        account.deliver(*numbered(1, 2, 3))
        visit(visit(mailbox))
        account.deliver(*numbered(4))
        visit(visit(mailbox))
        assert read_subjects() == ["Mail 1", "Mail 2", "Mail 3", "Mail 4"]
        assert RawDelivery.objects.count() == 4

    def test_of_the_whole_outage_comes_after_it(self, add: AddMailbox, account: Account, dovecot: Dovecot) -> None:
        mailbox = add()
        account.deliver(*numbered(1))
        visit(mailbox)
        dovecot.kill()
        assert (visit(mailbox).state, mailbox.trouble) == ("retrying", "connect")
        account.deliver(*numbered(*range(2, 132)))
        dovecot.start()
        assert visit(mailbox).state == "ok"
        assert read_subjects() == [f"Mail {n}" for n in range(1, 132)]

    def test_in_many_batches(self, add: AddMailbox, account: Account, monkeypatch: Any) -> None:
        monkeypatch.setattr("channels_inbound.imap.visit.LISTED_AT_ONCE", 7)
        monkeypatch.setattr("channels_inbound.imap.visit.BATCH", 3)
        monkeypatch.setattr("channels_inbound.imap.folder.SEARCH_SPAN", 5)
        monkeypatch.setattr("channels_inbound.imap.folder.SEARCH_LIMIT", 0)
        account.deliver(*numbered(*range(40)))
        visit(add())
        assert read_subjects() == [f"Mail {n}" for n in range(40)]

    def test_of_two_mailboxes_is_one_message(self, add: AddMailbox, account: Account, house: House) -> None:
        """Threat R15, pain 4."""
        other = account.server.account()
        account.deliver(*numbered(1))
        other.deliver(*numbered(1))
        visit(add())
        visit(add(channel=house.other_channel, username=other.name))
        assert read_subjects() == ["Mail 1"]
        assert sorted(RawDelivery.objects.values_list("state", flat=True)) == ["duplicate", "ingested"]

    def test_with_the_same_bytes_twice_is_two_deliveries_and_one_message(
        self, add: AddMailbox, account: Account
    ) -> None:
        account.deliver(*numbered(1), *numbered(1))
        visit(add())
        assert RawDelivery.objects.count() == 2
        assert read_subjects() == ["Mail 1"]

    def test_below_the_cursor_is_found(self, add: AddMailbox, account: Account) -> None:
        """Busy servers make a mail visible after one with a higher number."""
        account.deliver(*numbered(0), at=time.time() - DAY)
        mailbox = add()
        account.deliver(*numbered(1, 2, 3))
        visit(mailbox)
        late = FetchedMail.objects.get(uid=3)
        RawDelivery.objects.filter(pk=late.delivery_id).delete()
        late.delete()
        visit(mailbox)
        assert sorted(read_subjects()) == ["Mail 1", "Mail 2", "Mail 3"]


class TestStart:
    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            ({"start_from": "new"}, ["Mail 4"]),
            ({"start_from": "days", "start_days": 7}, ["Mail 3", "Mail 4"]),
            ({"start_from": "everything"}, ["Mail 1", "Mail 2", "Mail 3", "Mail 4"]),
        ],
        ids=["new", "days", "everything"],
    )
    def test_where_it_was_told_to(
        self, add: AddMailbox, account: Account, settings: dict[str, Any], expected: list[str]
    ) -> None:
        now = time.time()
        for n, days in ((1, 400), (2, 9), (3, 5)):
            account.deliver(*numbered(n), at=now - days * DAY)
        mailbox = add(**settings)
        account.deliver(*numbered(4))
        visit(mailbox)
        assert read_subjects() == expected
        assert visit(mailbox).since is None
        assert read_subjects() == expected

    def test_only_new_mail_means_from_when_it_was_added_not_from_when_it_worked(
        self, add: AddMailbox, account: Account, dovecot: Dovecot
    ) -> None:
        account.deliver(*numbered(1), at=time.time() - DAY)
        mailbox = add({"password": "not yet right"})
        assert visit(mailbox).state == "refused"
        account.deliver(*numbered(2))
        dovecot.set_password(account.name, "not yet right")
        assert visit(mailbox).state == "ok"
        assert read_subjects() == ["Mail 2"]

    def test_older_mail_is_history_unless_told_otherwise(self, add: AddMailbox, account: Account) -> None:
        account.deliver(*numbered(1), at=time.time() - 5 * DAY)
        mailbox = add(start_from="everything")
        account.deliver(*numbered(2))
        visit(mailbox)
        read_subjects()
        assert {ticket.subject: ticket.status for ticket in Ticket.objects.all()} == {
            "Mail 1": "solved",
            "Mail 2": "open",
        }

    def test_older_mail_is_open_if_told_so(self, add: AddMailbox, account: Account) -> None:
        account.deliver(*numbered(1), at=time.time() - 5 * DAY)
        visit(add(start_from="everything", backlog_historic=False))
        read_subjects()
        assert Ticket.objects.get().status == "open"


class TestNumbers:
    """Threat R16."""

    def test_given_anew_bring_nothing_twice_and_lose_nothing(self, add: AddMailbox, account: Account) -> None:
        mailbox = add()
        account.deliver(*numbered(1, 2, 3))
        before = visit(mailbox).uidvalidity
        time.sleep(1.1)  # Dovecot's UIDVALIDITY is the second
        account.renumber()
        account.deliver(*numbered(4, 5))
        visit(mailbox)
        assert mailbox.uidvalidity != before
        assert (mailbox.epoch, mailbox.last_uid) == (1, 5)
        assert mailbox.renumbered_at is not None
        assert RawDelivery.objects.count() == 5
        assert sorted(read_subjects()) == [f"Mail {n}" for n in range(1, 6)]
        assert channel_events().count("mailbox.renumbered") == 1

    def test_used_again_for_other_mails_hide_none_of_them(self, add: AddMailbox, account: Account) -> None:
        mailbox = add()
        account.deliver(*numbered(1, 2, 3))
        visit(mailbox)
        time.sleep(1.1)
        account.renumber()
        for path in (account.folder / "cur").iterdir():
            path.unlink()
        account.deliver(*numbered(4, 5, 6))
        visit(mailbox)
        assert sorted(read_subjects()) == [f"Mail {n}" for n in range(1, 7)]

    def test_given_again_under_the_same_uidvalidity_are_noticed(self, add: AddMailbox, account: Account) -> None:
        """A server restored from its backup of yesterday."""
        mailbox = add()
        account.deliver(*numbered(1, 2, 3))
        visit(mailbox)
        Mailbox.objects.filter(pk=mailbox.pk).update(last_uid=50)
        account.deliver(*numbered(4))
        visit(mailbox)
        assert (mailbox.epoch, mailbox.last_uid) == (1, 4)
        assert RawDelivery.objects.count() == 4
        assert sorted(read_subjects()) == [f"Mail {n}" for n in range(1, 5)]

    def test_given_anew_do_not_bring_mail_from_before_the_beginning(self, add: AddMailbox, account: Account) -> None:
        account.deliver(*numbered(1), at=time.time() - 2 * DAY)
        mailbox = add()
        account.deliver(*numbered(2))
        visit(mailbox)
        time.sleep(1.1)
        account.renumber()
        visit(mailbox)
        assert read_subjects() == ["Mail 2"]

    def test_given_anew_in_the_middle_of_a_backlog_leave_no_gap(
        self, add: AddMailbox, account: Account, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr("channels_inbound.imap.visit.BATCH", 5)
        account.deliver(*numbered(*range(20)), at=time.time() - 30 * DAY)
        mailbox = add(start_from="everything")
        _stop_after(monkeypatch, batches=2)
        visit(mailbox)
        assert RawDelivery.objects.count() == 10
        assert mailbox.caught_up_at is None
        monkeypatch.undo()
        time.sleep(1.1)
        account.renumber()
        visit(mailbox)
        assert RawDelivery.objects.count() == 20
        assert sorted(read_subjects()) == sorted(f"Mail {n}" for n in range(20))

    def test_are_kept_when_mails_are_deleted_by_others(self, add: AddMailbox, account: Account) -> None:
        mailbox = add()
        account.deliver(*numbered(1, 2, 3))
        visit(mailbox)
        with account.client() as client:
            client.delete_messages([2, 3])
            client.expunge()
        account.deliver(*numbered(4))
        assert visit(mailbox).epoch == 0
        assert read_subjects() == [f"Mail {n}" for n in range(1, 5)]


def _stop_after(monkeypatch: Any, *, batches: int) -> None:
    """The visit is told to stop after so many batches."""
    original, done = Visit._take_batch, []

    def counted(self: Visit, *arguments: Any) -> Any:
        result = original(self, *arguments)
        done.append(1)
        if len(done) == batches:
            self.stop()
        return result

    monkeypatch.setattr(Visit, "_take_batch", counted)


class TestAfterFetch:
    def test_seen(self, add: AddMailbox, account: Account) -> None:
        account.deliver(*numbered(1, 2))
        visit(add(after_fetch="seen"))
        assert account.flags() == {1: (b"\\Seen",), 2: (b"\\Seen",)}
        assert not FetchedMail.objects.filter(action_owed=True).exists()

    def test_moved_to_a_folder_that_is_made(self, add: AddMailbox, account: Account) -> None:
        mailbox = add(after_fetch="move", move_to="Helpdesk/Оброблено")
        account.deliver(*numbered(1, 2))
        visit(mailbox)
        account.deliver(*numbered(3))
        visit(mailbox)
        assert account.flags() == {}
        assert len(account.flags("Helpdesk/Оброблено")) == 3
        assert read_subjects() == ["Mail 1", "Mail 2", "Mail 3"]
        assert mailbox.epoch == 0

    @pytest.mark.parametrize("lacking", [{"MOVE"}, {"MOVE", "UIDPLUS"}], ids=["no MOVE", "no MOVE, no UIDPLUS"])
    def test_moved_where_the_server_cannot_move(
        self, add: AddMailbox, account: Account, lacking: set[str], monkeypatch: Any
    ) -> None:
        from channels_inbound.imap.connection import Client

        original = Client.has_capability
        monkeypatch.setattr(Client, "has_capability", lambda self, name: name not in lacking and original(self, name))
        account.deliver(*numbered(1), *numbered(9))
        with account.client() as client:
            client.add_flags([2], [b"\\Deleted"])
        visit(add(after_fetch="move", move_to="Done"))
        assert len(account.flags("Done")) == 2
        # What somebody else marked as deleted is theirs to expunge, and so is all of it where we could not name ours.
        left = account.flags()
        assert left == ({} if lacking == {"MOVE"} else {1: (b"\\Deleted",), 2: (b"\\Deleted",)})

    def test_nothing_is_marked_before_the_commit(self, add: AddMailbox, account: Account, monkeypatch: Any) -> None:
        account.deliver(*numbered(1, 2))
        mailbox = add(after_fetch="seen")

        def broken(*arguments: Any, **named: Any) -> Any:
            raise OSError("the disk is full")

        monkeypatch.setattr(cursor, "store_raw", broken)
        visit(mailbox)
        assert account.flags() == {1: (), 2: ()}
        assert (RawDelivery.objects.count(), FetchedMail.objects.count(), mailbox.last_uid) == (0, 0, 0)
        monkeypatch.undo()
        visit(mailbox)
        assert account.flags() == {1: (b"\\Seen",), 2: (b"\\Seen",)}
        assert read_subjects() == ["Mail 1", "Mail 2"]

    def test_what_was_committed_and_not_marked_is_marked_by_the_next_visit(
        self, add: AddMailbox, account: Account, monkeypatch: Any
    ) -> None:
        account.deliver(*numbered(1, 2))
        mailbox = add(after_fetch="move", move_to="Done")

        def killed(self: Folder, *arguments: Any) -> None:
            raise IMAPClientAbortError("socket error: EOF")

        monkeypatch.setattr(Folder, "move", killed)
        assert visit(mailbox).trouble == "lost"
        assert RawDelivery.objects.count() == 2
        assert account.flags() == {1: (), 2: ()}
        monkeypatch.undo()
        visit(mailbox)
        assert account.flags() == {}
        assert len(account.flags("Done")) == 2
        assert read_subjects() == ["Mail 1", "Mail 2"]

    def test_a_refused_move_stops_nothing_and_is_shown(
        self, add: AddMailbox, account: Account, monkeypatch: Any
    ) -> None:
        def refused(self: Folder, *arguments: Any) -> None:
            raise IMAPClientError("move failed: [NOPERM] Permission denied")

        monkeypatch.setattr(Folder, "move", refused)
        account.deliver(*numbered(1, 2))
        mailbox = visit(add(after_fetch="move", move_to="Done"))
        assert mailbox.state == "ok"
        assert "Permission denied" in mailbox.action_trouble
        assert read_subjects() == ["Mail 1", "Mail 2"]
        monkeypatch.undo()
        assert visit(mailbox).action_trouble == ""
        assert len(account.flags("Done")) == 2


class TestHostileMails:
    def test_a_poison_mail_in_the_middle_stops_nothing(
        self, add: AddMailbox, account: Account, monkeypatch: Any
    ) -> None:
        """The server refuses to give one of them."""
        poison(monkeypatch, uid=3, error=IMAPClientError("fetch failed: Internal error occurred"))
        account.deliver(*numbered(1, 2, 3, 4, 5))
        mailbox = visit(add(after_fetch="seen"))
        assert (mailbox.state, mailbox.last_uid) == ("ok", 5)
        assert read_subjects() == ["Mail 1", "Mail 2", "Mail 4", "Mail 5"]
        left = RawDelivery.objects.get(state=RawState.QUARANTINED)
        assert left.reason == "the server does not give this mail: fetch failed: Internal error occurred"
        assert b"Subject: Mail 3" in bytes(left.body.content)
        assert account.flags()[3] == ()
        assert channel_events()[-1] == "mail.quarantined"

    def test_a_mail_that_breaks_the_connection_is_set_aside_in_the_end(
        self, add: AddMailbox, account: Account, monkeypatch: Any
    ) -> None:
        poison(monkeypatch, uid=3, error=IMAPClientAbortError("socket error: EOF"))
        account.deliver(*numbered(1, 2, 3, 4, 5))
        mailbox = add()
        states = [visit(mailbox).state for _ in range(10)]
        assert states[-1] == "ok"
        assert "retrying" in states
        assert read_subjects() == ["Mail 1", "Mail 2", "Mail 4", "Mail 5"]
        left = RawDelivery.objects.get(state=RawState.QUARANTINED)
        assert left.reason == "the connection broke 5 times while this mail was being fetched"
        assert b"Subject: Mail 3" in bytes(left.body.content)

    def test_a_mail_that_only_tears_the_reader_apart_is_in_quarantine_and_the_next_ones_come(
        self, add: AddMailbox, account: Account
    ) -> None:
        account.deliver(*numbered(1), b"", *numbered(2))
        visit(add())
        assert read_subjects() == ["Mail 1", "Mail 2"]

    @override_settings(MAX_MAIL_SIZE=20_000)
    def test_too_large_is_not_fetched_but_shown(self, add: AddMailbox, account: Account, monkeypatch: Any) -> None:
        asked = []
        original = Folder._bodies
        monkeypatch.setattr(
            Folder, "_bodies", lambda self, mails: asked.extend(m.uid for m in mails) or original(self, mails)
        )
        big = raw_mail(Subject="Big one", text="x" * 70 + "\n", Message_ID="<big@x.example>") + b"y" * 70 + b"\r\n"
        account.deliver(*numbered(1), big + b"z" * 30_000, *numbered(2))
        mailbox = visit(add(after_fetch="seen"))
        assert asked == [1, 3]
        assert read_subjects() == ["Mail 1", "Mail 2"]
        left = RawDelivery.objects.get(state=RawState.QUARANTINED)
        assert left.reason.startswith("larger than 0 MB (0.0 MB): only its header was fetched")
        assert b"Subject: Big one" in bytes(left.body.content)
        assert left.size < 2000
        assert account.flags()[2] == ()
        assert mailbox.last_uid == 3

    def test_a_server_that_announces_little_and_sends_much_is_not_believed(
        self, add: AddMailbox, account: Account, monkeypatch: Any
    ) -> None:
        account.deliver(raw_mail(text="x" * 3_000_000))
        with override_settings(MAX_MAIL_SIZE=1 << 20):
            original = Folder.listing
            monkeypatch.setattr(
                Folder, "listing", lambda self, uids: [type(m)(m.uid, 10, m.arrived_at) for m in original(self, uids)]
            )
            mailbox = visit(add())
        assert (mailbox.state, mailbox.stalls) == ("retrying", 1)
        assert "wants to send" in mailbox.trouble_detail


def poison(monkeypatch: Any, *, uid: int, error: Exception) -> None:
    """The server does this whenever that mail's body is asked for."""
    from channels_inbound.imap.connection import Client

    original = Client.fetch

    def fetch(self: Client, messages: Any, data: Any, *more: Any) -> Any:
        if data == ["BODY.PEEK[]"] and uid in messages:
            raise error
        return original(self, messages, data, *more)

    monkeypatch.setattr(Client, "fetch", fetch)


class TestLease:
    def test_is_held_by_one(self, add: AddMailbox, account: Account) -> None:
        from channels_inbound.imap import leases

        mailbox = add()
        first = claim(mailbox)
        assert leases.claim_due(at=timezone.now(), limit=9) == []
        later = timezone.now() + timedelta(seconds=61)
        [(second, _)] = leases.claim_due(at=later, limit=9)
        assert second.token != first.lease.token

    def test_lost_on_the_way_writes_nothing(self, add: AddMailbox, account: Account, monkeypatch: Any) -> None:
        mailbox = add(after_fetch="seen")
        account.deliver(*numbered(1, 2))
        late = claim(mailbox)
        original = Folder.fetch

        def slow(self: Folder, *arguments: Any) -> Any:
            found = original(self, *arguments)
            monkeypatch.undo()
            visit(mailbox)  # somebody else takes over meanwhile and does it all
            return found

        monkeypatch.setattr(Folder, "fetch", slow)
        late.run()
        assert RawDelivery.objects.count() == 2
        assert Mailbox.objects.get().state == "ok"
        assert read_subjects() == ["Mail 1", "Mail 2"]

    def test_store_refuses_without_it(self, add: AddMailbox) -> None:
        mailbox = add()
        going = claim(mailbox)
        Mailbox.objects.update(lease_token=None)
        with pytest.raises(LeaseLost):
            cursor.store(going.lease, 0, [], passed=9, at=timezone.now())
        assert Mailbox.objects.get().last_uid == 0


def test_secrets_are_nowhere_in_clear(
    add: AddMailbox, account: Account, caplog: Any, django_assert_num_queries: Any
) -> None:
    """In no row, no log line at any level, no event."""
    import logging

    from django.db import connection

    caplog.set_level(logging.DEBUG)
    mailbox = add()
    account.deliver(*numbered(1))
    visit(mailbox)
    wrong = add({"password": "wr0ng-but-still-secret"}, username="nobody-here")
    visit(wrong)
    assert wrong.state == "refused"
    rows = [str(list(model.objects.values())) for model in (Mailbox, RawDelivery, FetchedMail, Event)]
    with connection.cursor() as query:
        query.execute("SELECT * FROM channels_inbound_mailbox")
        rows.append(str(query.fetchall()))
    for place in (*rows, caplog.text, repr(mailbox), str(mailbox)):
        assert PASSWORD not in place
        assert "wr0ng" not in place


def test_messages_of_a_mailbox_are_messages_like_any(add: AddMailbox, account: Account) -> None:
    """An answer threads, wherever its mails came from."""
    mailbox = add()
    account.deliver(raw_mail())
    visit(mailbox)
    read_subjects()
    account.deliver(raw_mail(Message_ID="<second@customer.example>", In_Reply_To="<first@customer.example>",
                             text="Any news?\n"))  # fmt: skip
    visit(mailbox)
    read_subjects()
    assert (Ticket.objects.count(), Message.objects.count()) == (1, 2)
