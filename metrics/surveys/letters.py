"""The mail that asks, and the words in a chat that do. Nothing in them was written by a stranger (threat 12)."""

from __future__ import annotations

from html import escape

from metrics.brands import channel_of
from metrics.models import SurveyInvitation
from metrics.surveys.links import answer_url
from metrics.surveys.scales import SCALES, Band, Kind, band_of
from metrics.surveys.words import wording, words_for
from people.models import Brand

# Of the first set of faces there was, so that old phones and mail programs draw them too.
FACES = {1: "😞", 2: "😕", 3: "😐", 4: "😊", 5: "😀"}


def mail_subject(invitation: SurveyInvitation) -> str:
    return words_for(invitation.language)["subject"]


def mail_text(invitation: SurveyInvitation) -> str:
    """The question with one link a score, for programs that show no HTML."""
    words, kind = words_for(invitation.language), invitation.kind
    scale, said = SCALES[kind], wording(kind, invitation.language)
    marks = {scale[0]: said.low, scale[-1]: said.high}
    lines = [
        f"{shown_score(kind, n)}{f' ({marks[n]})' if n in marks else ''}: {answer_url(invitation, n)}" for n in scale
    ]
    intro = words["intro"].format(number=invitation.ticket_id)
    parts = [words["greeting"], intro, said.ask, "\n".join(lines), words["click"], words["reopen"]]
    return "\n\n".join([*parts, *_shop_text(invitation)])


def mail_html(invitation: SurveyInvitation) -> str:
    """The same with the numbers in a row. Only what `people.written_html` lets through."""
    words, kind = words_for(invitation.language), invitation.kind
    scale, said = SCALES[kind], wording(kind, invitation.language)
    cells = "".join(
        f'<td><a href="{escape(answer_url(invitation, n))}">{escape(shown_score(kind, n))}</a></td>' for n in scale
    )
    ends = f"{scale[0]} = {said.low}, {scale[-1]} = {said.high}"
    return (
        f"<p>{escape(words['greeting'])}</p><p>{escape(words['intro'].format(number=invitation.ticket_id))}</p>"
        f"<p><b>{escape(said.ask)}</b></p><table><tbody><tr>{cells}</tr></tbody></table>"
        f"<p>{escape(ends)}</p><p>{escape(words['click'])} {escape(words['reopen'])}</p>"
    ) + _shop_html(invitation)


def _brand(invitation: SurveyInvitation) -> Brand | None:
    channel = channel_of(invitation.channel_id)
    return channel.brand if channel else None


def _shop_text(invitation: SurveyInvitation) -> list[str]:
    """Whose customers are asked; nothing in a house without brands."""
    brand = _brand(invitation)
    return ["\n".join(filter(None, (brand.name, brand.url)))] if brand else []


def _shop_html(invitation: SurveyInvitation) -> str:
    brand = _brand(invitation)
    if brand is None:
        return ""
    name = escape(brand.name)
    return f'<p><a href="{escape(brand.url)}">{name}</a></p>' if brand.url else f"<p>{name}</p>"


def chat_text(invitation: SurveyInvitation, *, buttons: bool) -> str:
    """The question with one link: the page asks the rest. What a number means, and that one may be written, where the
    channel has no buttons to show them on."""
    words, said = words_for(invitation.language), wording(invitation.kind, invitation.language)
    scale = SCALES[invitation.kind]
    ends = f"{scale[0]} = {said.low}, {scale[-1]} = {said.high}"
    how = [] if buttons else [words["number"].format(first=scale[0], last=scale[-1])]
    return "\n".join([said.ask, ends, *how, answer_url(invitation)])


def thanks_text(invitation: SurveyInvitation, score: int) -> str:
    """What they hear when a word of theirs was kept: the page asks why, by what they said."""
    words = words_for(invitation.language)
    why = {Band.LOW: words["why_low"], Band.MIDDLE: words["why_middle"]}.get(band_of(invitation.kind, score))
    saved = f"{words['saved']} {why}" if why else words["saved"]
    return f"{saved}\n{words['more']} {answer_url(invitation)}"


def shown_score(kind: str, score: int) -> str:
    """A score as customers see it."""
    return f"{FACES[score]} {score}" if kind == Kind.CSAT else str(score)
