"""What the bot would do with a message, and why: read only, the same code as for a real one."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistant.hearing import Heard, hear, hours_of, terms_of
from assistant.intents import Intent
from assistant.models import Bot
from assistant.rules import MISTYPED, Answer, AnswerOrder, AskForMore, Decision, HandOver, Helped, Silent, State, decide
from assistant.saying import answer_text, ask_text, glad_text, greeting_of, handing_text
from people.availability import agents_here
from people.hours import opening_of
from people.languages import choose_language

# What its words were taken for.
NAMES = {
    Intent.PERSON: _("wants a person"),
    Intent.SERIOUS: _("a complaint, law or safety"),
    Intent.NOT_HELPED: _("“it did not help”"),
    Intent.HELPED: _("“it helped”, or thanks"),
    Intent.ORDER: _("a question about an order"),
    Intent.GREETING: _("a greeting"),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """`text` is what would be said, "" for nothing. `articles` are (title, percent of the words, is it enough)."""

    decision: Decision
    kind: str
    text: str
    language: str
    intents: list[str]
    articles: list[tuple[str, str, int, bool]]


def try_message(bot: Bot, text: str, *, language: str, answered: bool) -> Trial:
    """Nothing is sent and nothing kept. `answered`: as if it had answered before. The order of nobody is looked up."""
    at = timezone.now()
    heard = hear(text, language=language, files=False, address="")
    state = State(held=True, answered=answered, turns=1 if answered else 0)
    hours = hours_of(bot, bot.channel, bot.channel.team_id, at=at)
    decision = decide(heard.said, state, terms_of(bot), hours)
    spoken = choose_language([heard.said.language])
    articles = [
        (one.title, one.address, round((one.share or MISTYPED) * 100), (one.share or MISTYPED) * 100 >= bot.least_match)
        for one in heard.articles
    ]
    return Trial(
        decision, type(decision).__name__, _text(decision, heard, bot, spoken, first=not answered), spoken,
        [str(name) for intent, name in NAMES.items() if intent in heard.said.intents], articles,
    )  # fmt: skip


def _text(decision: Decision, heard: Heard, bot: Bot, language: str, *, first: bool) -> str:
    greeting = greeting_of(bot, language) if first else ""
    match decision:
        case Answer(articles):
            found = sorted(heard.named(articles), key=lambda one: articles.index(one.id))
            answer = answer_text(found, language)
            return f"{greeting}\n\n{answer}" if greeting else answer
        case AskForMore():
            return greeting_of(bot, language) or ask_text(language)
        case Helped():
            return glad_text(language)
        case HandOver():
            opening = opening_of(bot.calendar, at=timezone.now())
            somebody = opening.within and bool(agents_here(bot.channel.team_id, bot.channel_id))
            handing = handing_text(language, somebody=somebody, opens_at=opening.opens_at)
            return f"{greeting}\n\n{handing}" if greeting else handing
        case AnswerOrder() | Silent():
            return ""
