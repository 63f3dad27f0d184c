"""Fields of the shop's own as a ticket's side shows them: read with the ticket, in its one query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject

from tickets.fields import shown_value
from tickets.models import FieldKind, FieldValue, TicketField


@dataclass(frozen=True, slots=True)
class ShownField:
    """`asked` may be written by who looks; `shown` is the value for people."""

    id: int
    name: str
    kind: str
    choices: list[str]
    value: str
    shown: str
    required: bool
    asked: bool

    @property
    def options(self) -> list[str]:
        """The choices, and what was said while it was one."""
        gone = [self.value] if self.value and self.value not in self.choices else []
        return [*self.choices, *gone]

    @property
    def input_type(self) -> str:
        return {FieldKind.DATE: "date"}.get(FieldKind(self.kind), "text")


def fields_with_values() -> Any:
    """For `ArraySubquery` on tickets: its team.s fields, those of all, and what else was said."""
    ticket, team = OuterRef(OuterRef("pk")), OuterRef("team_id")
    said = FieldValue.objects.filter(ticket=ticket, field=OuterRef("pk")).values("value")[:1]
    fields = TicketField.objects.annotate(said=Coalesce(Subquery(said), Value("")))
    here = Q(team=None) | Q(team=team)
    return (
        fields.filter(Q(archived_at=None) & here | ~Q(said=""))
        .order_by("position", "pk")
        .values(
            json=JSONObject(
                id="id", name="name", kind="kind", choices="choices", value="said", required="required",
                team="team_id", archived="archived_at",
            )
        )
    )  # fmt: skip


def shown_field(row: dict[str, Any], *, ask: bool, team_id: int | None = None) -> ShownField:
    current = row["archived"] is None and row["team"] in (None, team_id)
    return ShownField(
        id=row["id"], name=row["name"], kind=row["kind"], choices=row["choices"], value=row["value"],
        shown=shown_value(row["kind"], row["value"]), required=row["required"], asked=ask and current,
    )  # fmt: skip
