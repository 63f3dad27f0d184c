"""The audit: nothing in it can be altered in silence, whoever has the table; and no writer waits for another."""

from __future__ import annotations

import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from events.actors import SYSTEM, Actor
from events.audit import AuditKind, looking_as, note, note_amended
from events.ledger import record_event
from events.models import AuditEntry, AuditSeal, Event
from events.seals import MOST_ROWS, Finding, Verification, seal_all

OLENA = Actor.agent(7)


def entries() -> list[tuple[Any, ...]]:
    return list(AuditEntry.objects.order_by("pk").values_list("kind", "actor_id", "seen_as", "ticket_id", "what"))


def opened(ticket: int = 1, by: Actor = OLENA) -> AuditEntry:
    note(AuditKind.TICKET_OPENED, by=by, ticket_id=ticket)
    return AuditEntry.objects.latest("pk")


def recorded(number: int = 1) -> Event:
    with transaction.atomic():
        made = record_event(("team", number), "team.created", by=OLENA, at=timezone.now(), data={"name": "Night"})
    return Event.objects.get(pk=made.id)


def by_force(sql: str, values: list[Any]) -> None:
    """As somebody does who has the database: past the triggers."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_auditentry DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE events_auditseal DISABLE TRIGGER USER")
        cursor.execute(sql, values)
        cursor.execute("ALTER TABLE events_auditentry ENABLE TRIGGER USER")
        cursor.execute("ALTER TABLE events_auditseal ENABLE TRIGGER USER")


def found() -> list[Finding]:
    return list(Verification().findings())


class TestNoting:
    pytestmark = pytest.mark.django_db

    def test_it_says_who_what_and_with_whose_eyes(self) -> None:
        note(AuditKind.EXPORTED, by=OLENA, what="work?days=7", data={"rows": 3})
        with looking_as(Actor.agent(1), 7):
            note(AuditKind.TICKET_OPENED, by=OLENA, ticket_id=12)
        assert entries() == [("exported", 7, None, None, "work?days=7"), ("ticket.opened", 1, 7, 12, "")]
        assert AuditEntry.objects.earliest("pk").data == {"rows": 3}

    def test_it_is_one_statement(self, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(1):
            note(AuditKind.SEARCHED, by=OLENA, what="parcel")

    def test_the_same_again_is_noted_once(self) -> None:
        now = timezone.now()
        for minutes in (0, 1, 4):
            at = now + timedelta(minutes=minutes)
            note(AuditKind.SEARCHED, by=OLENA, what="parcel", at=at, once_since=at - timedelta(minutes=5))
        note(AuditKind.SEARCHED, by=OLENA, what="order", once_since=now - timedelta(minutes=5))
        note(AuditKind.SEARCHED, by=Actor.agent(8), what="parcel", once_since=now - timedelta(minutes=5))
        assert len(entries()) == 3

    def test_what_somebody_typed_cannot_break_it(self) -> None:
        note(AuditKind.SEARCHED, by=OLENA, what="a\x00b\n" + "<script>" * 100)
        assert AuditEntry.objects.get().what == ("ab\n" + "<script>" * 100)[:200]

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE events_auditentry SET actor_id = 8",
            "UPDATE events_auditentry SET xid = 0, what = 'x'",
            "DELETE FROM events_auditentry",
            "TRUNCATE events_auditentry",
            "UPDATE events_auditseal SET number = 9",
            "DELETE FROM events_auditseal",
            "TRUNCATE events_auditseal",
        ],
    )
    def test_the_database_refuses_to_change_it(self, sql: str) -> None:
        opened()
        AuditSeal.objects.create(source="entry", number=1, at=timezone.now(), xid=1, ids=[1], digests=b"", mark=b"")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
        assert len(entries()) == AuditSeal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
class TestProving:
    def test_what_was_left_alone_is_whole(self) -> None:
        for number in range(1, 6):
            opened(number), recorded(number)
        assert seal_all(at=timezone.now()) == 10
        opened(6)
        assert found() == []
        out = StringIO()
        call_command("verify_audit", stdout=out)
        assert "10 rows in 2 seals, 1 not sealed yet" in out.getvalue()
        assert seal_all(at=timezone.now()) == 1
        assert seal_all(at=timezone.now()) == 0

    def test_a_changed_row_is_named(self) -> None:
        rows = [opened(number) for number in range(3)]
        seal_all(at=timezone.now())
        by_force("UPDATE events_auditentry SET actor_id = 8 WHERE id = %s", [rows[1].pk])
        assert found() == [
            Finding("entry", rows[1].pk, "changed"),
            Finding("entry", rows[1].pk, "not written by this helpdesk, or changed"),
        ]

    def test_a_changed_row_that_is_not_sealed_yet_is_named_too(self) -> None:
        entry = opened()
        by_force("UPDATE events_auditentry SET at = at - interval '1 hour' WHERE id = %s", [entry.pk])
        assert [finding.id for finding in found()] == [entry.pk]

    def test_a_removed_row_is_named(self) -> None:
        rows = [opened(number) for number in range(3)]
        seal_all(at=timezone.now())
        by_force("DELETE FROM events_auditentry WHERE id = %s", [rows[2].pk])
        assert found() == [Finding("entry", rows[2].pk, "removed")]

    def test_an_inserted_row_is_named(self) -> None:
        first, gone = opened(1), opened(2)
        by_force("DELETE FROM events_auditentry WHERE id = %s", [gone.pk])
        opened(3)
        seal_all(at=timezone.now())
        columns = "at, actor_kind, actor_id, kind, ticket_id, what, data, mark"
        by_force(f"INSERT INTO events_auditentry (id, xid, {columns}) SELECT %s, xid, {columns} FROM events_auditentry "
                 "WHERE id = %s", [gone.pk, first.pk])  # fmt: skip
        assert Finding("entry", gone.pk, "inserted") in found()
        assert Finding("entry", gone.pk, "a copy of another entry") in found()

    def test_a_row_written_without_the_key_is_named(self) -> None:
        opened()
        by_force("INSERT INTO events_auditentry (at, actor_kind, actor_id, kind, mark) "
                 "SELECT now(), 'agent', 8, 'exported', mark FROM events_auditentry", [])  # fmt: skip
        forged = AuditEntry.objects.latest("pk")
        assert Finding("entry", forged.pk, "not written by this helpdesk, or changed") in found()

    def test_the_ledger_is_sealed_as_well(self) -> None:
        one, two, three = recorded(1), recorded(2), recorded(3)
        seal_all(at=timezone.now())
        Event.objects.filter(pk=one.pk).update(actor_id=8)
        Event.objects.filter(pk=two.pk).delete()
        assert found() == [Finding("event", one.pk, "changed"), Finding("event", two.pk, "removed")]
        note_amended([one.pk, two.pk], by=SYSTEM, reason="erasure of customer 5")
        assert found() == []
        assert three.pk

    def test_a_seal_made_anew_does_not_hide_it(self) -> None:
        rows = [opened(number) for number in range(3)]
        seal_all(at=timezone.now())
        opened(4)
        seal_all(at=timezone.now())
        by_force("DELETE FROM events_auditentry WHERE id = %s", [rows[0].pk])
        by_force("UPDATE events_auditseal SET ids = ids[2:], digests = substr(digests, 17) WHERE number = 1", [])
        assert [finding for finding in found() if finding.source == "seal"] == [
            Finding("seal", 1, "this seal of entry was changed, or the one before it")
        ]

    def test_a_missing_seal_is_named(self) -> None:
        for number in range(3):
            opened(number)
            seal_all(at=timezone.now())
        by_force("DELETE FROM events_auditseal WHERE number = 2", [])
        assert Finding("seal", 2, "the seals of entry up to 2 are missing") in found()

    def test_an_end_that_was_cut_off_is_found_by_a_head_kept_elsewhere(self) -> None:
        opened()
        seal_all(at=timezone.now())
        out = StringIO()
        call_command("verify_audit", stdout=out)
        head = next(line for line in out.getvalue().splitlines() if line.startswith("head entry")).removeprefix("head ")
        call_command("verify_audit", head=[head], stdout=StringIO())
        by_force("DELETE FROM events_auditentry", [])
        by_force("DELETE FROM events_auditseal", [])
        call_command("verify_audit", stdout=StringIO())
        with pytest.raises(CommandError, match="1 found"):
            call_command("verify_audit", head=[head], stdout=StringIO(), stderr=StringIO())

    def test_another_secret_key_is_said_and_is_no_alarm(self, settings: Any) -> None:
        opened()
        seal_all(at=timezone.now())
        old = settings.SECRET_KEY
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another " * 8, [old]
        opened()
        seal_all(at=timezone.now())
        looked = Verification()
        assert (list(looked.findings()), looked.unknown_keys) == ([], 0)
        settings.SECRET_KEY_FALLBACKS = []
        looked = Verification()
        assert (list(looked.findings()), looked.unknown_keys) == ([], 2)

    def test_a_long_backlog_is_sealed_in_parts(self) -> None:
        with transaction.atomic():
            for _ in range(MOST_ROWS + 3):
                note(AuditKind.SEARCHED, by=OLENA, what="parcel")
        assert seal_all(at=timezone.now()) == MOST_ROWS + 3
        assert [len(seal.ids) for seal in AuditSeal.objects.order_by("number")] == [MOST_ROWS, 3]
        assert found() == []

    def test_whoever_commits_late_is_sealed_later_and_nobody_waits(self) -> None:
        """A row with a lower id that becomes visible after the seal is neither lost nor taken for put between."""
        held, let_go = threading.Event(), threading.Event()

        def slow() -> None:
            try:
                with transaction.atomic():
                    note(AuditKind.TICKET_OPENED, by=OLENA, ticket_id=1)
                    held.set()
                    let_go.wait(30)
            finally:
                connection.close()

        writer = threading.Thread(target=slow)
        writer.start()
        assert held.wait(30)
        opened(2)  # does not wait for the other
        assert seal_all(at=timezone.now()) == 0
        let_go.set()
        writer.join(30)
        assert seal_all(at=timezone.now()) == 2
        assert found() == []

    def test_one_seals_at_a_time(self) -> None:
        for number in range(50):
            opened(number)
        start, sealed = threading.Barrier(4), []

        def race() -> None:
            try:
                start.wait(30)
                sealed.append(seal_all(at=timezone.now()))
            finally:
                connection.close()

        threads = [threading.Thread(target=race) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sum(sealed) == 50
        assert found() == []

    def test_after_a_restore_the_chain_goes_on(self) -> None:
        opened(1)
        seal_all(at=timezone.now())
        opened(2)
        future = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000"
        by_force(f"UPDATE events_auditentry SET xid = {future}", [])
        seal = AuditSeal.objects.get()
        by_force(f"UPDATE events_auditseal SET xid = {future}", [])
        seal_all(at=timezone.now())
        opened(3)
        seal_all(at=timezone.now())
        assert sorted(id for one in AuditSeal.objects.all() for id in one.ids) == [
            entry.pk for entry in AuditEntry.objects.order_by("pk")
        ]
        assert [finding for finding in found() if finding.source == "entry"] == []
        assert seal.pk
