"""The mail that asks, and the words in a chat that do. Nothing in them was written by a stranger (threat 12)."""

from __future__ import annotations

from html import escape

from metrics.models import SurveyInvitation
from metrics.surveys.links import answer_url
from metrics.surveys.scales import SCALES, Kind
from metrics.surveys.words import words_for

FACES = {1: "😞", 2: "🙁", 3: "😐", 4: "🙂", 5: "😀"}


def mail_subject(invitation: SurveyInvitation) -> str:
    return words_for(invitation.language)["subject"]


def mail_text(invitation: SurveyInvitation) -> str:
    """The question with one link a score, for programs that show no HTML."""
    words, kind = words_for(invitation.language), invitation.kind
    scale = SCALES[kind]
    marks = {scale[0]: words[f"low_{kind}"], scale[-1]: words[f"high_{kind}"]}
    lines = [f"{_shown(kind, n)}{f' ({marks[n]})' if n in marks else ''}: {answer_url(invitation, n)}" for n in scale]
    intro = words["intro"].format(number=invitation.ticket_id)
    parts = [words["greeting"], intro, words[f"ask_{kind}"], "\n".join(lines), words["click"], words["reopen"]]
    return "\n\n".join(parts)


def mail_html(invitation: SurveyInvitation) -> str:
    """The same with the numbers in a row. Only what `people.written_html` lets through."""
    words, kind = words_for(invitation.language), invitation.kind
    scale = SCALES[kind]
    cells = "".join(
        f'<td><a href="{escape(answer_url(invitation, n))}">{escape(_shown(kind, n))}</a></td>' for n in scale
    )
    ends = f"{scale[0]} = {words[f'low_{kind}']}, {scale[-1]} = {words[f'high_{kind}']}"
    return (
        f"<p>{escape(words['greeting'])}</p><p>{escape(words['intro'].format(number=invitation.ticket_id))}</p>"
        f"<p><b>{escape(words[f'ask_{kind}'])}</b></p><table><tbody><tr>{cells}</tr></tbody></table>"
        f"<p>{escape(ends)}</p><p>{escape(words['click'])} {escape(words['reopen'])}</p>"
    )


def chat_text(invitation: SurveyInvitation) -> str:
    """One line with one link: the page asks the rest."""
    return f"{words_for(invitation.language)[f'ask_{invitation.kind}']}\n{answer_url(invitation)}"


def _shown(kind: str, score: int) -> str:
    return f"{FACES[score]} {score}" if kind == Kind.CSAT else str(score)
