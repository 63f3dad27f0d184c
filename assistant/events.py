"""What happens between bot and people; recorded in the ticket's stream. Data carries ids and small facts."""

from __future__ import annotations

from enum import StrEnum

from events.actors import ActorKind
from events.models import Event
from tickets.events import TicketEvent


class BotEvent(StrEnum):
    BEGAN = "bot.began"  # {conversation}
    ANSWERED = "bot.answered"  # {message, articles: [ids]} or {message, order: the number of one that is proven theirs}
    HELPED = "bot.helped"  # {articles: [ids]}
    HANDED_OVER = "bot.handed_over"  # {reason, note, team} by the bot; {reason: taken} by the agent who took it
    HANDED_BACK = "bot.handed_back"  # {} by an agent


# What an agent does that takes the conversation from the bot.
TAKES = frozenset({TicketEvent.MESSAGE_QUEUED, TicketEvent.MESSAGE_SCHEDULED, TicketEvent.TICKET_ASSIGNED})
HEARD = frozenset(map(str, TAKES | {TicketEvent.MESSAGE_RECEIVED}))


def takes_over(event: Event) -> bool:
    """Whether a person's act says that people answer from now on: a reply to the customer, or the ticket given to
    somebody by hand. Giving it to nobody, by turn, or asking somebody aside does not."""
    if event.actor_kind != ActorKind.AGENT or event.kind not in TAKES or event.data.get("aside"):
        return False
    by_hand = "auto" not in event.data and event.data.get("to") is not None
    return event.kind != TicketEvent.TICKET_ASSIGNED or by_hand
