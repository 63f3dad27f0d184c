"""How a ticket stands with the bot, for whoever shows it: chats beside us ask through `settings.CHAT_BOT`."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from assistant.hearing import hours_of
from assistant.models import Bot, Holder, Ownership, When
from assistant.rules import begins
from tickets.models import Ticket


class Standing(NamedTuple):
    """Whether the bot answers in the ticket, and whether it could."""

    holds: bool
    may_hold: bool


def standing_of(ticket: Ticket) -> Standing:
    """Two queries."""
    own = Ownership.objects.filter(conversation__ticket=ticket.pk, conversation__aside=False)
    holds = own.order_by("-conversation").values_list("holder", flat=True).first() == Holder.BOT
    return Standing(holds, Bot.objects.filter(channel=ticket.channel_id).exclude(when=When.OFF).exists())


def will_answer(ticket: Ticket, *, at: datetime) -> bool:
    """Whether the bot, and no person, answers what was written just now."""
    bot = Bot.objects.filter(channel=ticket.channel_id).exclude(when=When.OFF).first()
    if bot is None or ticket.assignee_id is not None:
        return False
    own = Ownership.objects.filter(conversation__ticket=ticket.pk).order_by("-conversation").first()
    if own is not None and own.holder != Holder.NOBODY:
        return own.holder == Holder.BOT
    return begins(bot.when, hours_of(bot, ticket.channel, ticket.team_id, at=at))
