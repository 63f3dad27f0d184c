"""The bot gives a conversation to people: the customer is told what will happen, the team what happened."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from assistant.hearing import Heard
from assistant.intents import Intent
from assistant.models import Bot, Ownership, Reason
from assistant.ownership import let_go, note_unmatched
from assistant.saying import bot_name, greeting_of, handing_text
from events.models import Event
from knowledge.models import ArticleTranslation
from people.availability import agents_here, takers_here
from people.hours import opening_of
from people.languages import choose_language
from tickets.actions.by_bot import BOT, note_by_bot, reply_by_bot
from tickets.actions.by_rule import move_by_rule
from tickets.errors import InvalidInput, StaleReply
from tickets.kinds import traits_of
from tickets.models import Message, MessageKind, Ticket
from tickets.realtime import announce_to_agent

LONGEST_WISH = 300


def hand_over(
    ticket: Ticket, own: Ownership, bot: Bot, message: Message, heard: Heard, reason: Reason, *, at: datetime,
    cause: Event | None, known: int,
) -> None:  # fmt: skip
    """Let people answer from now on, in the locked ticket: into the fallback team, with a summary of what was asked.
    The customer is told, unless more was said since message `known`."""
    team_id = _move(ticket, bot, at=at, cause=cause)
    language = choose_language([heard.said.language])
    if reason != Reason.OFF:
        greeting = "" if own.turns else greeting_of(bot, language)
        _tell_customer(ticket, bot, message, language, greeting, at=at, known=known)
    about = summary(own, heard, reason, _asked_first(own, heard)) | {"name": bot_name(bot, language)}
    with translation.override(message.conversation.channel.locale):
        note = note_by_bot(ticket, message.conversation, text=summary_text(about), at=at, about=about)
    own.heard = message.sequence
    if reason == Reason.NO_ARTICLE:
        note_unmatched(own)
    let_go(ticket, own, by=BOT, reason=reason, at=at, note=note.pk, team=team_id, cause=cause)
    if traits_of(message.conversation.channel.kind).instant and ticket.assignee_id is None:
        for agent in takers_here(ticket.team_id, ticket.channel_id):
            announce_to_agent(agent.pk, "chat", ticket=ticket.pk, fresh=True)


def _move(ticket: Ticket, bot: Bot, *, at: datetime, cause: Event | None) -> int | None:
    """Into the fallback team, unless somebody has the ticket; the team's id if that changed something."""
    wanted = bot.fallback_team_id
    if wanted is None or ticket.assignee_id is not None or cause is None:
        return None
    if not move_by_rule(ticket.pk, by=BOT, team_id=wanted, at=at, cause=cause):
        return None
    ticket.refresh_from_db(fields=["team"])
    return wanted


def _tell_customer(
    ticket: Ticket, bot: Bot, message: Message, language: str, greeting: str, *, at: datetime, known: int
) -> None:  # fmt: skip
    """Somebody answers here, or nobody is there and when they will be: no more than is known."""
    opening = opening_of(bot.calendar, at=at)
    somebody = opening.within and bool(agents_here(ticket.team_id, ticket.channel_id))
    text = handing_text(language, somebody=somebody, opens_at=opening.opens_at)
    text = f"{greeting}\n\n{text}" if greeting else text
    about = {"name": bot_name(bot, language), "holds": False}
    with suppress(InvalidInput, StaleReply):  # where nothing can be said people take over all the same
        reply_by_bot(
            ticket, message, text=text, expected=known, at=at, language=language, about=about, waits=True,
        )  # fmt: skip


def _asked_first(own: Ownership, heard: Heard) -> str:
    """What they came with, where the last words only judge an answer to it or ask for a person."""
    if not heard.said.intents & {Intent.NOT_HELPED, Intent.PERSON}:
        return heard.said.text
    said = Message.objects.filter(conversation=own.conversation_id, kind=MessageKind.INBOUND, sequence__gt=own.since)
    first = said.exclude(text="").order_by("sequence").values_list("text", flat=True).first()
    return first or heard.said.text


def summary(own: Ownership, heard: Heard, reason: Reason, asked: str) -> dict[str, Any]:
    """Wants, order, tried: what an agent needs to go on without asking again."""
    wish = " ".join(asked.split())
    return {
        "summary": True,
        "reason": str(reason),
        "wants": wish if len(wish) <= LONGEST_WISH else f"{wish[: LONGEST_WISH - 1].rstrip()}…",
        "order": heard.order.number if heard.order is not None else "",
        "tried": tried(own, heard.said.language),
    }


def tried(own: Ownership, language: str) -> list[dict[str, Any]]:
    """The articles the bot has named, as they are called now."""
    rows = ArticleTranslation.objects.filter(article__in=own.offered, published_at__isnull=False)
    titles: dict[int, tuple[str, str]] = {}
    for row in sorted(rows, key=lambda one: one.language == language):
        titles[row.article_id] = (row.title, row.address)
    return [{"id": id, "title": titles[id][0], "address": titles[id][1]} for id in own.offered if id in titles]


def summary_text(about: dict[str, Any]) -> str:
    """The summary as plain words, for search, mail and programs."""
    lines = [_("Handed over: %(reason)s") % {"reason": Reason(about["reason"]).label}]
    lines += [_("Wants: %(text)s") % {"text": about["wants"]}] if about["wants"] else []
    lines += [_("Order: %(number)s") % {"number": about["order"]}] if about["order"] else []
    lines += [_("Tried: %(title)s") % {"title": one["title"]} for one in about["tried"]]
    return "\n".join(lines)
