"""How the inbox tells of what happens to promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from commerce.segments import segments, tiers
from tickets.inbox.sentences import Names, Sentence, Teller, teach_sentence
from tickets.inbox.times import teach_opening
from tickets.notices.rules import teach_notice

from .business_day import next_opening
from .clocks.terms import NEVER_BOUGHT, Target
from .events import SlaEvent, SurveyEvent
from .surveys.scales import SCALES, Kind
from .topic_alerts import teach_alerts


def teach() -> None:
    """Give the inbox the words for events it does not know itself."""
    teach_opening(next_opening)
    teach_alerts()
    teach_sentence(SlaEvent.WARNED, _warned)
    teach_sentence(SlaEvent.BREACHED, _breached)
    teach_sentence(SlaEvent.REPLANNED, _replanned)
    teach_sentence(SlaEvent.CUSTOMER_NOTED, _noted)
    for kind, teller in _TELLERS.items():
        teach_sentence(kind, teller)
    teach_notice(
        SurveyEvent.FOLLOW_UP_OPENED,
        lambda number: _("A customer of #%(number)s was disappointed") % {"number": number},
    )
    teach_notice(SlaEvent.WARNED, lambda number: _("A deadline is near on #%(number)s") % {"number": number})
    teach_notice(SlaEvent.BREACHED, lambda number: _("A deadline has passed on #%(number)s") % {"number": number})


def target_name(target: str) -> str:
    """What was promised, in words."""
    return {
        Target.FIRST: _("First answer"), Target.NEXT: _("Next answer"), Target.RESOLUTION: _("Solution"),
        Target.WAIT: _("Wait on the phone"),
    }[Target(target)]  # fmt: skip


def _warned(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    text = _("{target}: {percent} of the time is used")
    return Sentence(
        icon="timer",
        html=format_html(text, target=target_name(data["target"]), percent=f"{data['percent']}\N{NO-BREAK SPACE}%"),
    )


def _breached(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    text = _("{target}: the deadline has passed")
    return Sentence(icon="timer-off", html=format_html(text, target=target_name(data["target"])))


def _replanned(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    return Sentence(icon="refresh-cw", html=format_html("{}", _("Service levels changed; deadlines were planned anew")))


def _noted(who: SafeString, data: dict[str, Any], names: Names) -> Sentence | None:
    """What held from the opening on is no news."""
    if data.get("from_opening"):
        return None
    known = dict(segments()) | dict(tiers()) | {NEVER_BOUGHT: _("Has not bought yet")}
    said = [*data.get("segment", ()), *filter(None, (data.get("tier"), data.get("region")))]
    text = _("The customer is by now: {what}. Deadlines follow that")
    return Sentence(icon="refresh-cw", html=format_html(text, what=", ".join(str(known.get(one, one)) for one in said)))


def question_name(kind: str) -> str:
    """What was asked, in a word."""
    return {
        Kind.CSAT: _("Satisfaction"), Kind.NPS: _("Recommendation"), Kind.CES: _("Ease"),
        Kind.CSAT10: _("Satisfaction, 1 to 10"),
    }[Kind(kind)]  # fmt: skip


def score_text(kind: str, score: int) -> str:
    """4 of 5."""
    return _("%(score)d of %(most)d") % {"score": score, "most": SCALES[Kind(kind)][-1]}


def reason_name(code: str) -> str:
    """What a customer ticked, in the reader's language."""
    return {
        "slow": _("It took too long"), "unsolved": _("Not settled"), "unclear": _("Unclear answer"),
        "unkind": _("Unfriendly tone"), "repeat": _("Had to explain it again"), "goods": _("The product"),
        "delivery": _("The delivery"), "quick": _("Quick"), "solved": _("Settled"), "clear": _("Clear answer"),
        "kind": _("Friendly tone"),
    }.get(code, code)  # fmt: skip


def withheld_reason(reason: str) -> str:
    """Why a customer was not asked, in words."""
    return {
        "no_survey": _("No survey fits the ticket"), "closed_by_rule": _("No person solved it"),
        "not_drawn": _("Not drawn in the sample"), "mailing_list": _("Mail of a list"),
        "nobody_wrote": _("The customer wrote nothing"), "automatic": _("Only machines wrote"),
        "suspect": _("The sender is not genuine"), "refused": _("The customer wants no such questions"),
        "channel": _("This channel takes only answers"), "unreachable": _("The address cannot be reached"),
        "public": _("Everybody would read the question"), "window": _("The channel's time to write was over"),
        "reopened": _("It was opened again"), "too_late": _("Too long ago"), "storm": _("A flood of mail"),
        "budget": _("Asked not long ago"), "merged": _("Merged into another ticket"), "spam": _("Spam"),
    }.get(reason, reason)  # fmt: skip


def _answered(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    said = format_html("<b>{}</b>", score_text(data["kind"], data["score"]))
    text = (
        _("{who} rated: {question} {score}, with a comment")
        if data.get("commented")
        else _("{who} rated: {question} {score}")
    )
    return Sentence(icon="star", html=format_html(text, who=who, question=question_name(data["kind"]), score=said))


def _rerated(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    if data["from"] == data["score"]:
        text = format_html(_("{who} added to their answer"), who=who)
        return Sentence(icon="star", html=text)
    said = format_html("<b>{}</b>", score_text(data["kind"], data["score"]))
    text = format_html(_("{who} changed the rating to {score}"), who=who, score=said)
    return Sentence(icon="star", html=text)


def _withheld(who: SafeString, data: dict[str, Any], names: Names) -> Sentence | None:
    """Chance and missing surveys are no news of a ticket; the settings page counts them."""
    if data["reason"] in ("not_drawn", "no_survey"):
        return None
    text = format_html(_("The customer is not asked how it was: {why}"), why=withheld_reason(data["reason"]))
    return Sentence(icon="star-off", html=text)


def _plain(icon: str, text: Callable[[dict[str, Any]], str]) -> Teller:
    return lambda who, data, names: Sentence(icon=icon, html=format_html(text(data), who=who))


_TELLERS: dict[str, Teller] = {
    SurveyEvent.PLANNED: lambda who, data, names: None,
    SurveyEvent.ASKED: _plain("star", lambda data: _("The customer was asked how it was")),
    SurveyEvent.WITHHELD: _withheld,
    SurveyEvent.ANSWERED: _answered,
    SurveyEvent.CHANGED: _rerated,
    SurveyEvent.FOLLOW_UP_OPENED: _plain("heart-crack", lambda data: _("A lead is to follow up on the low rating")),
    SurveyEvent.FOLLOW_UP_TAKEN: _plain("heart-handshake", lambda data: _("{who} takes care of the low rating")),
    SurveyEvent.FOLLOW_UP_CLOSED: _plain(
        "heart-handshake",
        lambda data: _("The rating was changed, so nobody needs to follow up")
        if data.get("changed") else _("{who} has followed up on the low rating"),
    ),
    SurveyEvent.VOUCHER_GIVEN: _plain("gift", lambda data: _("{who} gave the customer a voucher")),
    SurveyEvent.FOLLOW_UP_RECOVERED: _plain(
        "heart", lambda data: _("After the follow-up the customer is satisfied again")
    ),
}  # fmt: skip
