"""What the bot makes of words: their language, what they mean, the articles that may answer, an order that is proven
to be theirs. The subscriber and the try-it page both ask here, so that what is tried is what is done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings

from assistant.intents import Intent, read_intents
from assistant.models import Bot, When
from assistant.rules import MOST_ARTICLES, Hours, Match, Said, Terms
from commerce import chat_orders
from knowledge.matching import answering
from knowledge.models import HelpCentre
from knowledge.search import Found
from people.availability import agents_here
from people.finding.language import guess_language
from people.finding.text import normalise
from people.hours import opening_of
from tickets.models import Channel

# What is searched for, and in how much is looked for what must go to a person: people begin with the story and end with
# what they want.
LONGEST_QUESTION = 500
LONGEST_READ = 10_000
_ASKED_FOR = MOST_ARTICLES * 3


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as read, with what was found for it."""

    said: Said
    articles: tuple[Found, ...]
    order: Any

    def named(self, ids: Collection[int]) -> list[Found]:
        """The articles of these ids, as they were found."""
        return [one for one in self.articles if one.id in ids]


def hear(text: str, *, language: str, files: bool, address: str) -> Heard:
    """Read a message. `language` is what the channel says of it, which its own words may correct; `address` is the one
    that is proven to be the writer's, "" for whom nothing proves."""
    intents, text = read_intents(text[:LONGEST_READ]), text[:LONGEST_QUESTION]
    language = guess_language(normalise(text)) or language
    # Whose order we know is told how it stands; who may be anybody is told what the help centre says of orders.
    elsewhere = {Intent.PERSON, Intent.SERIOUS} | ({Intent.ORDER} if address else set())
    asks = text.strip() and not intents & elsewhere
    articles = _articles(text, language) if asks else ()
    order = chat_orders.latest_order(address) if address and Intent.ORDER in intents else None
    matches = [Match(one.id, one.share) for one in articles]
    said = Said(text, language, intents, files, matches, bool(address), order is not None)
    return Heard(said, articles, order)


def _articles(text: str, language: str) -> tuple[Found, ...]:
    """A help centre that is closed to the public is not read out to it."""
    centre = HelpCentre.load()
    if not centre.is_open:
        return ()
    return answering(text, language=language, default=centre.default_language, limit=_ASKED_FOR)


def terms_of(bot: Bot) -> Terms:
    return Terms(bot.when, frozenset(bot.languages), bot.most_turns, bot.least_match)


def hours_of(bot: Bot, channel: Channel, team_id: int | None, *, at: datetime) -> Hours:
    """How things stand for who writes now; asked only where it matters."""
    if bot.when in (When.OFF, When.ALWAYS):
        return Hours()
    within = opening_of(bot.calendar, at=at).within
    return Hours(within, bool(agents_here(team_id, channel.pk)) if bot.when == When.NOBODY else True)


def proven_address(channel_id: int, thread: str) -> str:
    """The address that a shop has signed for whoever writes in this thread; "" where nothing proves one."""
    found: str = import_module(settings.CHAT_PROOFS).proven_address(channel_id, thread) if thread else ""
    return found
