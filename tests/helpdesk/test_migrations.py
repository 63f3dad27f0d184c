"""Migrations that run beside a helpdesk at work: none locks a big table for longer than a blink, none takes away what
the version before still reads (expand first, contract a release later)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED

# Tables that grow with every mail: a lock on them is a lock on everybody.
BIG = {
    "tickets.ticket", "tickets.message", "tickets.attachment", "tickets.conversation", "tickets.participant",
    "tickets.searchentry", "tickets.delivery", "events.event", "events.eventdelivery", "channels_inbound.rawdelivery",
    "channels_inbound.rawbody", "people.customer", "people.identity", "metrics.clock", "commerce.order",
    "tickets.draft", "tickets.tally", "tickets.secret", "events.auditentry", "livechat.visitor",
}  # fmt: skip
OURS = ("events", "people", "tickets", "knowledge", "channels_inbound", "commerce", "metrics", "livechat", "assistant", "privacy")  # fmt: skip
BIG_TABLES = "|".join(sorted(name.replace(".", "_") for name in BIG))
# What SQL by hand would do to such a table, by pattern; what stands in a function's body is run later, by rows.
BY_HAND = {
    rf"UPDATE (?:ONLY )?({BIG_TABLES})\b": "one statement for all rows; batches in a RunPython that is not atomic",
    rf"DELETE FROM (?:ONLY )?({BIG_TABLES})\b": "one statement for all rows; batches in a RunPython that is not atomic",
    rf"INSERT INTO \w+[^;]*\bFROM ({BIG_TABLES})\b": "all rows are read in one transaction; batches",
    rf"ALTER TABLE (?:ONLY )?({BIG_TABLES})\b(?! (?:ALTER COLUMN \w+ SET (?:COMPRESSION|STATISTICS)|SET \(|ADD CONSTRAINT [^;]*NOT VALID|VALIDATE))": "a lock while every row is looked at or written",
    rf"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)[^;]*\bON ({BIG_TABLES})\b": "CREATE INDEX CONCURRENTLY, or nobody writes meanwhile",
    rf"(?<!AFTER )(?<!BEFORE )(?:LOCK TABLE|TRUNCATE|CLUSTER|VACUUM FULL|REINDEX TABLE) (?!CONCURRENTLY)[^;]*\b({BIG_TABLES})\b": "a lock on everybody",
    r"DROP TABLE (?:IF EXISTS )?(\w+)": "the version before still reads it; contract a release later",
    r"DROP COLUMN (?:IF EXISTS )?(\w+)": "the version before still reads it; contract a release later",
}  # fmt: skip
# Written before there was a release with data to lock; no new line belongs here.
BEFORE_THE_FIRST_RELEASE = {
    "people.0002_find_by_part: AddIndex on people.customer: AddIndexConcurrently, or nobody writes meanwhile",
    "people.0002_find_by_part: AddIndex on people.identity: AddIndexConcurrently, or nobody writes meanwhile",
    "tickets.0004_search_by_ticket: AddIndex on tickets.searchentry: AddIndexConcurrently, or nobody writes meanwhile",
    "tickets.0011_deadlines: AddIndex on tickets.ticket: AddIndexConcurrently, or nobody writes meanwhile",
    "tickets.0018_merging: AddIndex on tickets.conversation: AddIndexConcurrently, or nobody writes meanwhile",
    "tickets.0018_merging: AddIndex on tickets.ticket: AddIndexConcurrently, or nobody writes meanwhile",
    "tickets.0003_tally_triggers: RunSQL: tickets_tally: one statement for all rows; batches in a RunPython that is not atomic",
    "tickets.0003_tally_triggers: RunSQL: tickets_ticket: all rows are read in one transaction; batches",
    "tickets.0013_writing: AddField on tickets.draft.about: both tables are locked while the constraint is checked; db_constraint=False, then NOT VALID and VALIDATE",
    "tickets.0018_merging: AddField on tickets.conversation.home: both tables are locked while the constraint is checked; db_constraint=False, then NOT VALID and VALIDATE",
    "tickets.0018_merging: AddField on tickets.message.origin: both tables are locked while the constraint is checked; db_constraint=False, then NOT VALID and VALIDATE",
    "tickets.0018_merging: AddField on tickets.ticket.merged_into: both tables are locked while the constraint is checked; db_constraint=False, then NOT VALID and VALIDATE",
    "tickets.0033_custom_statuses: AddField on tickets.ticket.custom_status: both tables are locked while the constraint is checked; db_constraint=False, then NOT VALID and VALIDATE",
}


def faults(migration: Migration, before: ProjectState) -> Iterator[str]:
    """What would hurt a running helpdesk, in words."""
    state = before.clone()
    made = {
        f"{migration.app_label}.{op.name_lower}"
        for op in migration.operations
        if isinstance(op, operations.CreateModel)
    }
    for operation in migration.operations:
        yield from (
            f"{migration.app_label}.{migration.name}: {said}" for said in _judge(migration, operation, made, state)
        )
        operation.state_forwards(migration.app_label, state)


def _judge(
    migration: Migration, operation: operations.base.Operation, made: set[str], state: ProjectState
) -> Iterator[str]:
    model = f"{migration.app_label}.{getattr(operation, 'model_name_lower', '')}"
    where = f"{type(operation).__name__} on {model}"
    if isinstance(
        operation, (operations.RemoveField, operations.RenameField, operations.DeleteModel, operations.RenameModel)
    ):
        yield f"{where}: the version before still reads it; contract a release later"
    if isinstance(operation, operations.RunPython) and migration.atomic:
        yield f"{where}: one transaction for all rows; atomic = False and batches"
    if isinstance(operation, operations.RunSQL):
        yield from (f"RunSQL: {said}" for said in _about_sql(operation.sql, made))
    if model not in BIG or model in made:
        return
    if type(operation) is operations.AddIndex:
        yield f"{where}: AddIndexConcurrently, or nobody writes meanwhile"
    if isinstance(operation, operations.AddConstraint):
        yield f"{where}: every row is looked at under a lock; NOT VALID first, VALIDATE later"
    if isinstance(operation, operations.AddField):
        yield from (f"{where}.{operation.name}: {said}" for said in _about_new(operation.field))
    if isinstance(operation, operations.AlterField):
        old = state.models[migration.app_label, operation.model_name_lower].fields[operation.name]
        yield from (f"{where}.{operation.name}: {said}" for said in _about_change(old, operation.field))


def _about_sql(sql: Any, made: set[str]) -> Iterator[str]:
    parts = [sql] if isinstance(sql, str) else [one if isinstance(one, str) else one[0] for one in sql]
    fresh = {name.replace(".", "_") for name in made}
    for text in parts:
        plain = re.sub(r"--[^\n]*", "", re.sub(r"\bFUNCTION\b.*?\$\$.*?\$\$", "", text, flags=re.S | re.I))
        plain = " ".join(plain.split())
        for pattern, said in BY_HAND.items():
            for found in re.findall(pattern, plain, re.I):
                if found.lower() not in fresh:
                    yield f"{found.lower()}: {said}"


def _about_new(field: models.Field) -> Iterator[str]:
    if isinstance(field, models.ManyToManyField):
        return  # a table of its own
    has_default = field.has_default() or field.db_default is not NOT_PROVIDED
    if not field.null and not has_default:
        yield "NOT NULL without a default"
    if field.has_default() and callable(field.default) and field.default not in (dict, list) and not field.null:
        yield "each row gets a value of its own: the table is written anew"
    if isinstance(field, models.ForeignKey) and field.db_constraint:
        yield "both tables are locked while the constraint is checked; db_constraint=False, then NOT VALID and VALIDATE"
    if field.unique or field.db_index:
        yield "its index is built while nobody may write; AddIndexConcurrently"


def _about_change(old: models.Field, new: models.Field) -> Iterator[str]:
    if isinstance(old, models.ForeignKey):
        return
    types = [field.db_parameters(connection)["type"] for field in (old, new)]
    widened = all(str(kind).startswith("varchar") for kind in types) and (new.max_length or 0) >= (old.max_length or 0)
    if types[0] != types[1] and not widened and types[1] != "text":
        yield f"{types[0]} becomes {types[1]}: the table is written anew"
    if old.null and not new.null:
        yield "NOT NULL: every row is looked at under a lock"


def all_faults() -> list[str]:
    loader = MigrationLoader(None)
    found = []
    for key in loader.graph.nodes:
        if key[0] in OURS:
            migration = loader.get_migration(*key)
            found += faults(migration, loader.project_state(key, at_end=False))
    return sorted(found)


def test_no_migration_locks_a_table_that_everybody_uses() -> None:
    assert [fault for fault in all_faults() if fault not in BEFORE_THE_FIRST_RELEASE] == []


def test_nothing_is_excused_that_is_gone() -> None:
    assert BEFORE_THE_FIRST_RELEASE - set(all_faults()) == set()


class Wrong(Migration):
    operations = []


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (operations.AddIndex("message", models.Index(fields=["text"], name="x")), "AddIndexConcurrently"),
        (operations.AddField("message", "x", models.IntegerField()), "NOT NULL without a default"),
        (operations.AddField("message", "x", models.IntegerField(db_index=True, null=True)), "index is built"),
        (operations.AddConstraint("message", models.UniqueConstraint(fields=["text"], name="x")), "NOT VALID first"),
        (operations.AlterField("message", "sequence", models.CharField(max_length=9)), "written anew"),
        (operations.RemoveField("message", "text"), "a release later"),
        (operations.RunPython(lambda apps, editor: None), "batches"),
        (operations.RunSQL("UPDATE tickets_message SET text = ''"), "batches"),
        (operations.RunSQL([("DELETE FROM livechat_visitor WHERE id < %s", [7])]), "batches"),
        (operations.RunSQL("INSERT INTO x (a) SELECT id\nFROM events_auditentry"), "all rows are read"),
        (operations.RunSQL("ALTER TABLE tickets_draft ADD COLUMN x int NOT NULL DEFAULT random()"), "a lock while"),
        (operations.RunSQL("CREATE INDEX x ON tickets_secret (id)"), "CONCURRENTLY"),
        (operations.RunSQL("-- for tidiness\nLOCK TABLE tickets_tally"), "a lock on everybody"),
        (operations.RunSQL("ALTER TABLE people_team DROP COLUMN name"), "a release later"),
        (
            operations.AddField(
                "draft", "x", models.ForeignKey("tickets.Tag", models.CASCADE, null=True, db_index=False)
            ),
            "NOT VALID",
        ),
        (
            operations.AddField(
                "secret", "x", models.ForeignKey("tickets.Tag", models.CASCADE, null=True, db_constraint=False)
            ),
            "index is built",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_fault_is_seen(operation: operations.base.Operation, said: str) -> None:
    loader = MigrationLoader(None)
    migration = Wrong("wrong", "tickets")
    migration.operations = [operation]
    [fault] = faults(migration, loader.project_state())
    assert said in fault


@pytest.mark.parametrize(
    "operation",
    [
        operations.AddField("message", "x", models.IntegerField(null=True)),
        operations.AddField("message", "x", models.IntegerField(default=0)),
        operations.AddField("macro", "x", models.IntegerField(db_index=True, default=0)),
        operations.AlterField("message", "error", models.TextField(default="")),
        operations.AddField(
            "message",
            "x",
            models.ForeignKey("tickets.Tag", models.CASCADE, null=True, db_index=False, db_constraint=False),
        ),
        operations.RunSQL("ALTER TABLE tickets_message ADD CONSTRAINT x CHECK (id > 0) NOT VALID"),
        operations.RunSQL("ALTER TABLE tickets_message VALIDATE CONSTRAINT x"),
        operations.RunSQL("CREATE UNIQUE INDEX CONCURRENTLY x ON tickets_message (id)"),
        operations.RunSQL("CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN UPDATE tickets_ticket SET id = 1; END $$;"),
        operations.RunSQL("UPDATE people_team SET name = ''"),
    ],
)
def test_what_costs_a_blink_is_let_through(operation: operations.base.Operation) -> None:
    migration = Wrong("right", "tickets")
    migration.operations = [operation]
    assert list(faults(migration, MigrationLoader(None).project_state())) == []
