"""How many conversations the bot held, and what they came to: counted from `Stretch` rows, within the reader's sight.

Each figure can be counted again by one line of SQL, which docs/bot.md gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from assistant.models import Outcome, Reason, Stretch
from events.models import Event
from people.models import Agent
from tickets.events import TICKET_STREAM, TicketEvent
from tickets.models import Ticket

SETTLED_AFTER = timedelta(days=7)
MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class BotReport:
    """`stayed` of those that helped were not opened again within seven days, or not so far; `fresh` of these are
    younger than that. `reasons` are (name, count), the most frequent first."""

    held: int
    helped: int
    stayed: int
    fresh: int
    handed_over: int
    left_open: int
    unmatched: int
    reasons: list[tuple[str, int]]
    questions: list[Ticket]

    def share(self, part: int) -> int | None:
        """Percent of all that were held; None where none was."""
        return round(100 * part / self.held) if self.held else None


def bot_report(agent: Agent, *, first: datetime, before: datetime, now: datetime, channel: int | None) -> BotReport:
    """Conversations whose bot stretch began in [first, before). Four queries."""
    rows = _rows(agent, first, before, channel)
    reopened = Event.objects.filter(
        stream_type=TICKET_STREAM, stream_id=OuterRef("ticket"), kind=TicketEvent.TICKET_REOPENED,
        at__gte=OuterRef("ended_at"), at__lt=OuterRef("ended_at") + SETTLED_AFTER,
    )  # fmt: skip
    helped = Q(outcome=Outcome.HELPED)
    stays = helped & Q(again=False)
    counted = rows.annotate(again=Exists(reopened)).aggregate(
        held=Count("pk"), helped=Count("pk", filter=helped), stayed=Count("pk", filter=stays),
        fresh=Count("pk", filter=stays & Q(ended_at__gt=now - SETTLED_AFTER)),
        handed_over=Count("pk", filter=Q(outcome=Outcome.HANDED_OVER)),
        left_open=Count("pk", filter=Q(outcome=Outcome.OPEN)), unmatched=Count("pk", filter=Q(unmatched=True)),
    )  # fmt: skip
    handed = rows.filter(outcome=Outcome.HANDED_OVER).values_list("reason")
    by_reason = handed.annotate(n=Count("pk")).order_by("-n", "reason")
    reasons = [(str(Reason(key).label) if key in Reason.values else key, n) for key, n in by_reason]
    asked = rows.filter(unmatched=True).order_by("-began_at").values_list("ticket", flat=True)[:MOST_LISTED]
    found = Ticket.objects.in_bulk(list(asked))
    questions = [found[id] for id in dict.fromkeys(asked) if id in found]
    return BotReport(**counted, reasons=reasons, questions=questions)


def _rows(agent: Agent, first: datetime, before: datetime, channel: int | None) -> QuerySet[Stretch]:
    rows = Stretch.objects.filter(began_at__gte=first, began_at__lt=before)
    rows = rows.filter(ticket__in=Ticket.objects.visible_to(agent).order_by().values("pk"))
    return rows.filter(channel=channel) if channel else rows
