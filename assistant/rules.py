"""What the bot does with a message: one decision from what was said, what went before and what is set. Pure.

The order is the promise: whoever wants a person gets one before anything else is tried, and nothing is answered in a
language, about a person or from an article that the bot cannot stand for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.intents import Intent
from assistant.models import Reason, When

MOST_ARTICLES = 3
# An article found by a mistyped word counts as one that holds half of what was asked for.
MISTYPED = 0.5


@dataclass(frozen=True, slots=True)
class Match:
    """An article the search found; `share` of the words asked for stand in it, 0 for a mistyped one."""

    id: int
    share: float


@dataclass(frozen=True, slots=True)
class Said:
    """A message as the bot reads it. `proven` says that who wrote is proven to be the owner of an address, `has_order`
    that an order is known under it."""

    text: str
    language: str
    intents: frozenset[Intent] = frozenset()
    files: bool = False
    matches: Sequence[Match] = ()
    proven: bool = False
    has_order: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What went before. `held`: the bot has the conversation; `people`: they have it; neither at the very beginning."""

    held: bool = False
    people: bool = False
    turns: int = 0
    answered: bool = False
    told_order: bool = False
    offered: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Terms:
    """What is set for the channel."""

    when: str = When.ALWAYS
    languages: frozenset[str] = frozenset({"en"})
    most_turns: int = 4
    least_match: int = 60


@dataclass(frozen=True, slots=True)
class Hours:
    """Whether the shop is open, and whether somebody is there to answer."""

    within: bool = True
    somebody: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    articles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AnswerOrder:
    pass


@dataclass(frozen=True, slots=True)
class AskForMore:
    pass


@dataclass(frozen=True, slots=True)
class Helped:
    """They say that it helped: the ticket is solved."""


@dataclass(frozen=True, slots=True)
class HandOver:
    reason: Reason


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing is said; `why` is for the try-it page."""

    why: str = field(default="", compare=False)


Decision = Answer | AnswerOrder | AskForMore | Helped | HandOver | Silent


def begins(when: str, hours: Hours) -> bool:
    """Whether the bot takes a conversation that nobody holds."""
    return (
        when == When.ALWAYS
        or (when == When.OUT_OF_HOURS and not hours.within)
        or (when == When.NOBODY and not (hours.within and hours.somebody))
    )


def decide(said: Said, state: State, terms: Terms, hours: Hours) -> Decision:
    """What to do with what was said."""
    if state.people:
        return Silent("people")
    if not state.held and not begins(terms.when, hours):
        return Silent("off")
    if not said.text.strip():
        return HandOver(Reason.FILES) if said.files else Silent("empty")
    return _sensitive(said, terms) or _verdict(said, state) or _answer(said, state, terms)


def _sensitive(said: Said, terms: Terms) -> Decision | None:
    """What people must do themselves."""
    if Intent.PERSON in said.intents:
        return HandOver(Reason.ASKED)
    if Intent.SERIOUS in said.intents:
        return HandOver(Reason.SERIOUS)
    if said.language not in terms.languages:
        return HandOver(Reason.LANGUAGE)
    return None


def _verdict(said: Said, state: State) -> Decision | None:
    """What they say of the answer they got."""
    if state.answered and Intent.NOT_HELPED in said.intents:
        return HandOver(Reason.NOT_HELPED)
    if Intent.HELPED in said.intents:
        return Helped() if state.answered else Silent("thanks")
    return None


def _answer(said: Said, state: State, terms: Terms) -> Decision:
    if state.turns >= terms.most_turns:
        return HandOver(Reason.TURNS)
    if Intent.ORDER in said.intents and said.proven:
        return _order(said, state)
    good = [one.id for one in said.matches if (one.share or MISTYPED) * 100 >= terms.least_match]
    fresh = tuple(id for id in good if id not in state.offered)[:MOST_ARTICLES]
    if fresh:
        return Answer(fresh)
    if Intent.ORDER in said.intents:
        return HandOver(Reason.UNPROVEN)  # of orders strangers are told what everybody may read, and no more
    if good:
        return HandOver(Reason.NOT_HELPED)
    if Intent.GREETING in said.intents and not state.turns:
        return AskForMore()
    return HandOver(Reason.NO_ARTICLE)


def _order(said: Said, state: State) -> Decision:
    if not said.has_order:
        return HandOver(Reason.NO_ORDER)
    return HandOver(Reason.NOT_HELPED) if state.told_order else AnswerOrder()
