"""What the bot says, in the customer's language: plain text, made of the shop's own articles and facts of an order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format

from assistant.models import Bot
from assistant.words import STATES, words_for
from knowledge.matching import passage_of
from knowledge.search import Found

LONGEST_EXCERPT = 300


def bot_name(bot: Bot, language: str) -> str:
    return bot.name or words_for(language)["name"]


def greeting_of(bot: Bot, language: str) -> str:
    """What stands before its first answer; "" where nothing was written for the language."""
    return str(bot.greetings.get(language) or "")


def answer_text(articles: Sequence[Found], language: str) -> str:
    """The passage of the best article that answers, or what it says of itself, and its address; the addresses of the
    others. One query."""
    words, (best, *others) = words_for(language), articles
    excerpt = passage_of(best, spoken=language) or _excerpt(best)
    lines = [words["found"].replace("{title}", best.title), *([excerpt] if excerpt else []), address_of(best)]
    if best.fallback:
        lines.append(words["not_ours"])
    if others:
        lines += ["", words["more"], *(f"{one.title}: {address_of(one)}" for one in others)]
    return "\n".join(lines)


def _excerpt(article: Found) -> str:
    excerpt = " ".join((article.summary or article.plain_excerpt).split())
    return excerpt if len(excerpt) <= LONGEST_EXCERPT else excerpt[: LONGEST_EXCERPT - 1].rsplit(" ", 1)[0] + "…"


def address_of(article: Found) -> str:
    """Where a reader opens it."""
    return f"{settings.BASE_URL}{article.address}"


def order_text(order: Any, language: str) -> str:
    """How an order stands, as far as the shop has told us."""
    words = words_for(language)
    names = dict(zip(STATES, words["order_states"].split("|"), strict=True))
    with translation.override(language):
        date = date_format(timezone.localtime(order.placed_at), "SHORT_DATE_FORMAT")
    line = words["order"].replace("{number}", order.number).replace("{date}", date)
    lines = [line.replace("{state}", names.get(order.state, order.state)), *order.items]
    if order.tracking:
        lines.append(words["tracking"].replace("{tracking}", order.tracking))
    return "\n".join(lines)


def ask_text(language: str) -> str:
    return words_for(language)["ask"]


def glad_text(language: str) -> str:
    return words_for(language)["glad"]


def handing_text(language: str, *, somebody: bool, opens_at: datetime | None) -> str:
    """What is promised when people take over: no more than is known."""
    words = words_for(language)
    if somebody:
        return words["here"]
    if opens_at is None:
        return words["away"]
    with translation.override(language):
        local = timezone.localtime(opens_at)
        when = date_format(local, "l H:i")
    return words["opens"].replace("{when}", when)
