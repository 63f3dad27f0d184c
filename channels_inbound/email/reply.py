"""Which lines of a mail are the answer and which are quote or signature. Marks, never deletes."""

from dataclasses import dataclass

from channels_inbound.email.html_text import HtmlText

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ReplyMarks:
    reply_text: str
    quoted: tuple[Span, ...]
    signature: tuple[Span, ...]


def mark_reply(text: str, subject: str, is_reply: bool, derived: HtmlText | None, cleaned: str) -> ReplyMarks:
    return ReplyMarks(text.strip(), (), ())
