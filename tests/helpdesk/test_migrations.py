"""Migrations that run beside a helpdesk at work: none locks a big table for longer than a blink, none takes away what
the version before still reads (expand first, contract a release later)."""

from __future__ import annotations

from collections.abc import Iterator

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
}  # fmt: skip
OURS = ("events", "people", "tickets", "knowledge", "channels_inbound", "commerce", "metrics", "livechat")
# Written before there was a release with data to lock; no new line belongs here.
BEFORE_THE_FIRST_RELEASE = {
    "people.0002_find_by_part: AddIndex on people.customer: AddIndexConcurrently, or nobody writes meanwhile",
    "people.0002_find_by_part: AddIndex on people.identity: AddIndexConcurrently, or nobody writes meanwhile",
    "tickets.0004_search_by_ticket: AddIndex on tickets.searchentry: AddIndexConcurrently, or nobody writes meanwhile",
    "tickets.0011_deadlines: AddIndex on tickets.ticket: AddIndexConcurrently, or nobody writes meanwhile",
    "tickets.0018_merging: AddIndex on tickets.conversation: AddIndexConcurrently, or nobody writes meanwhile",
    "tickets.0018_merging: AddIndex on tickets.ticket: AddIndexConcurrently, or nobody writes meanwhile",
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


def _about_new(field: models.Field) -> Iterator[str]:
    if isinstance(field, models.ManyToManyField):
        return  # a table of its own
    has_default = field.has_default() or field.db_default is not NOT_PROVIDED
    if not field.null and not has_default:
        yield "NOT NULL without a default"
    if field.has_default() and callable(field.default) and field.default not in (dict, list) and not field.null:
        yield "each row gets a value of its own: the table is written anew"
    if not isinstance(field, models.ForeignKey) and (field.unique or field.db_index):
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
    ],
)
def test_what_costs_a_blink_is_let_through(operation: operations.base.Operation) -> None:
    migration = Wrong("right", "tickets")
    migration.operations = [operation]
    assert list(faults(migration, MigrationLoader(None).project_state())) == []
