"""Rows of the list: one query a page of fifty, and one flat template that the page and live updates share."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, JSONObject, Left, NullIf
from django.template.loader import get_template

from events.compiled import compiled, compiled_among
from people.models import Agent, Brand, Identity
from tickets.conditions import ticket_q
from tickets.facets import Where, is_plain
from tickets.kinds import traits_of
from tickets.models import Draft, Priority, Seen, Status, Tagging, Ticket, ViewOrder
from tickets.statuses import label_in

from .due import Due, due_of
from .faces import hue, initials

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # there for type checkers only

PAGE = 50
TAGS_SHOWN = 2
DRAFT_SHOWN = 160
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Row:
    """All that one row shows, the same for every reader. The labels follow from the values, so rows compare without."""

    number: int
    who: str
    initials: str
    hue: int
    subject: str
    preview: str
    language: str
    at: datetime
    at_ms: int
    opened_ms: int
    status: str
    status_label: str | _StrPromise = field(compare=False)
    priority: int
    priority_label: str | _StrPromise = field(compare=False)
    tags: tuple[tuple[str, int], ...]
    more_tags: int
    channel_id: int
    channel_name: str
    channel_kind: str
    brand: str  # empty where there are not several
    team_id: int | None
    assignee_id: int | None
    assignee_name: str
    assignee_initials: str
    assignee_hue: int
    waiting_since: datetime | None
    snoozed_until: datetime | None
    due: Due | None
    attention: bool
    sequence: int
    inbound_sequence: int
    merged_into: int | None = None
    aside: int = 0
    # A status of the shop's own that the ticket stands in: (name, names by language, tone).
    named: tuple[str, tuple[tuple[str, str], ...], str] | None = None

    @property
    def channel_icon(self) -> str:
        return traits_of(self.channel_kind).icon

    @property
    def ticks(self) -> bool:
        """Whether the customer sits and waits right now, so that each second counts."""
        waits = self.waiting_since is not None and self.snoozed_until is None and self.status == Status.OPEN
        return waits and traits_of(self.channel_kind).instant

    @property
    def named_label(self) -> str:
        """What the shop calls its status, in the active language."""
        return label_in(dict(self.named[1]), self.named[0]) if self.named else ""

    @property
    def named_tone(self) -> str:
        return self.named[2] if self.named else ""

    @property
    def priority_class(self) -> str:
        return f"pri p{self.priority}"


@dataclass(frozen=True, slots=True)
class Mark:
    """What one agent's screen adds to a row."""

    unread: bool
    draft: str


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    marks: dict[int, Mark]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: by one value and the number, along an index. Tickets without the value are not in a list
    sorted by it."""

    column: str
    descending: bool = False
    # Whether higher numbers come first among equals: as the index can be walked.
    last_first: bool = False
    by_status: bool = True  # its index begins with the status

    @property
    def keys(self) -> tuple[str, str]:
        return f"{'-' * self.descending}{self.column}", f"{'-' * self.last_first}id"

    def follows(self, value: datetime | int, number: int) -> Q:
        """What comes after this place. The first condition repeats the second in a form an index can start from."""
        way, further = "lt" if self.descending else "gt", "lt" if self.last_first else "gt"
        start = Q(**{f"{self.column}__{way}e": value})
        return start & (Q(**{f"{self.column}__{way}": value}) | Q(**{self.column: value, f"id__{further}": number}))

    def statuses(self, where: Where) -> tuple[object, ...]:
        """Those to walk one by one. By priority all are, for no index has all tickets by it."""
        asked = where.get("status", tuple(Status.values) if self.column == "priority" else ())
        return asked if self.by_status and len(asked) > 1 else ()


BY_MESSAGE = Order("last_message_at", descending=True, last_first=True)
ORDERS = {
    ViewOrder.NEWEST: BY_MESSAGE,
    ViewOrder.OLDEST: Order("last_message_at"),
    ViewOrder.WAITING: Order("waiting_since", by_status=False),
    ViewOrder.DEADLINE: Order("next_due_at", by_status=False),
    ViewOrder.PRIORITY: Order("priority", descending=True),
    ViewOrder.ELDEST: Order("opened_at"),
    ViewOrder.YOUNGEST: Order("opened_at", descending=True, last_first=True),
}


def list_page(agent: Agent, where: Where, *, after: str = "", order: str = ViewOrder.NEWEST) -> Page:
    """The first fifty of a view in the agent's scope, or the fifty that follow a cursor. One query."""
    found = _found(agent, where, after, order)
    shown = found[:PAGE]
    rows = [_row(values) for values in shown]
    marks = {values["id"]: _mark(values) for values in shown}
    last = shown[-1] if len(found) > PAGE else None
    cursor = write_cursor(last[ORDERS[ViewOrder(order)].column], last["id"]) if last else ""
    return Page(rows, marks, cursor)


def rows_among(ids: Collection[int]) -> list[Row]:
    """Rows of these tickets in any order, whoever may see them: callers check scope."""
    found = compiled_among("rows", lambda slots: _with_facts(Ticket.objects.filter(pk__in=slots)), ids)
    return [_row(values) for values in found]


def rows_seen(agent: Agent, ids: Collection[int]) -> dict[int, tuple[Row, Mark]]:
    """Those of these tickets that the agent may see: the row, and what the agent's screen adds to it."""

    def build(slots: list[int]) -> QuerySet[Ticket, Any]:
        return _with_marks(_with_facts(Ticket.objects.visible_to(agent).filter(pk__in=slots)), agent)

    found = compiled_among(("rows seen", agent.scope), build, ids)
    return {values["id"]: (_row(values), _mark(values)) for values in found}


def row_of(ticket_id: int) -> Row | None:
    """The row of one ticket, whoever may see it: callers check scope."""
    return next(iter(rows_among([ticket_id])), None)


def render_row(row: Row) -> str:
    """The row's HTML in the active language; what live updates send."""
    return get_template("tickets/_row.html").render({"row": row})


def write_cursor(value: datetime | int, number: int) -> str:
    return f"{value if isinstance(value, int) else (value - EPOCH) // _MICROSECOND}-{number}"


def read_cursor(cursor: str, order: Order = BY_MESSAGE) -> tuple[datetime | int, int] | None:
    """The place a cursor names; None for an empty or foreign one, which starts at the top."""
    value, dash, number = cursor.partition("-")
    if not (dash and value.isdecimal() and number.isdecimal() and len(value) < 18 and len(number) < 19):
        return None
    return int(value) if order.column == "priority" else EPOCH + int(value) * _MICROSECOND, int(number)


def _found(agent: Agent, where: Where, after: str, order: str) -> list[dict[str, Any]]:
    by = ORDERS[ViewOrder(order)]
    if after or not is_plain(where):
        return list(_page_query(agent, where, after, by))
    key = ("list", agent.scope, tuple(sorted(where.items())), order)
    return compiled(key, lambda: _page_query(agent, where, "", by)).run()


def _page_query(agent: Agent, where: Where, after: str, order: Order) -> QuerySet[Ticket, Any]:
    """One ordered index walk per status, merged: with several statuses in one condition the order would need a sort
    of everything that matches. Deadlines and waiting have indexes of their own, with few tickets in them."""
    parts: list[Where] = [{**where, "status": (status,)} for status in order.statuses(where)] or [where]
    walks = [_walk(agent, part, after, order) for part in parts]
    if len(walks) == 1:
        return walks[0]
    return walks[0].union(*walks[1:], all=True).order_by(*order.keys)[: PAGE + 1]


def _walk(agent: Agent, where: Where, after: str, order: Order) -> QuerySet[Ticket, Any]:
    tickets = Ticket.objects.visible_to(agent).filter(ticket_q(where))
    if not order.by_status:  # what the index holds
        tickets = tickets.filter(**{f"{order.column}__isnull": False})
    if place := read_cursor(after, order):
        tickets = tickets.filter(order.follows(*place))
    return _with_marks(_with_facts(tickets.order_by(*order.keys)), agent)[: PAGE + 1]


def _with_facts(tickets: QuerySet[Ticket]) -> QuerySet[Ticket, Any]:
    address = Identity.objects.filter(customer=OuterRef("customer_id")).order_by("id").values("value")[:1]
    tags = Tagging.objects.filter(ticket=OuterRef("pk")).order_by("id")
    return tickets.values(
        "id", "subject", "preview", "language", "opened_at", "last_message_at", "status", "priority", "channel_id",
        "team_id", "assignee_id", "waiting_since", "snoozed_until", "due_state", "due_target", "next_due_at",
        "due_amber_at", "due_red_at", "needs_attention", "message_sequence", "inbound_sequence", "merged_into_id",
        "aside", "customer_id", named=F("custom_status__name"),
        named_names=F("custom_status__names"), named_tone=F("custom_status__tone"),
        named_category=F("custom_status__category"), named_gone=F("custom_status__archived_at"),
        channel_kind=F("channel__kind"),
        who=Coalesce(NullIf(F("customer__name"), Value("")), Subquery(address), Value("")),
        channel_name=F("channel__name"),
        brand=Case(When(Exists(Brand.objects.order_by()[1:2]), then=F("channel__brand__name")), default=Value("")),
        assignee_name=F("assignee__name"),
        tag_list=ArraySubquery(tags.values(json=JSONObject(name="tag__name", hue="tag__hue"))),
    )  # fmt: skip


def _with_marks(tickets: QuerySet[Ticket, Any], agent: Agent) -> QuerySet[Ticket, Any]:
    seen = Seen.objects.filter(agent=agent, ticket=OuterRef("pk")).values("sequence")
    drafts = Draft.objects.filter(Q(agent=agent), ~Q(text=""), ticket=OuterRef("pk")).order_by("-updated_at")
    draft = drafts.values(words=Left("text", DRAFT_SHOWN))[:1]
    return tickets.annotate(seen_sequence=Coalesce(Subquery(seen), 0), draft=Coalesce(Subquery(draft), Value("")))


def _mark(values: dict[str, Any]) -> Mark:
    return Mark(values["inbound_sequence"] > values["seen_sequence"], " ".join(values["draft"].split()))


def _row(values: dict[str, Any]) -> Row:
    tags, assignee_id = values["tag_list"], values["assignee_id"]
    assignee = values["assignee_name"] or ""
    at = values["last_message_at"]
    return Row(
        number=values["id"],
        who=values["who"],
        initials=initials(values["who"]),
        hue=hue(values["customer_id"]),
        subject=values["subject"],
        preview=values["preview"],
        language=values["language"],
        at=at,
        at_ms=int(at.timestamp() * 1000),
        opened_ms=int(values["opened_at"].timestamp() * 1000),
        status=values["status"],
        status_label=_STATUS[values["status"]],
        priority=values["priority"],
        priority_label=_PRIORITY[values["priority"]],
        tags=tuple((tag["name"], tag_hue(tag["hue"])) for tag in tags[:TAGS_SHOWN]),
        more_tags=max(0, len(tags) - TAGS_SHOWN),
        channel_id=values["channel_id"],
        channel_name=values["channel_name"],
        channel_kind=values["channel_kind"],
        brand=values["brand"] or "",
        team_id=values["team_id"],
        assignee_id=assignee_id,
        assignee_name=assignee,
        assignee_initials=initials(assignee) if assignee_id else "",
        assignee_hue=hue(assignee_id),
        waiting_since=values["waiting_since"],
        snoozed_until=values["snoozed_until"],
        due=due_of(values),
        attention=values["needs_attention"],
        sequence=values["message_sequence"],
        inbound_sequence=values["inbound_sequence"],
        merged_into=values["merged_into_id"],
        aside=values["aside"],
        named=_named(values),
    )


def _named(values: dict[str, Any]) -> tuple[str, tuple[tuple[str, str], ...], str] | None:
    """Counts while its category is the ticket's, as `tickets.statuses.word_of` says."""
    if values["named"] is None or values["named_gone"] is not None or values["named_category"] != values["status"]:
        return None
    return values["named"], tuple(sorted(values["named_names"].items())), values["named_tone"]


def tag_hue(degrees: int) -> int:
    """The colour class nearest to a tag's hue in degrees."""
    return min(range(len(_DEGREES)), key=lambda i: min(abs(_DEGREES[i] - degrees), 360 - abs(_DEGREES[i] - degrees)))


_DEGREES = (12, 40, 72, 100, 130, 158, 185, 212, 240, 263, 290, 330)  # .h-0 to .h-11 in assets/css/base.css
_STATUS = {status.value: status.label for status in Status}
_PRIORITY = {priority.value: priority.label for priority in Priority}
