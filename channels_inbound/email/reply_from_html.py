"""A second opinion for mails with both parts: where the plain one shows no quote we know, the HTML may mark one."""

import re

from channels_inbound.email.html_text import html_to_text
from channels_inbound.email.reply import ReplyMarks, mark_reply

_WORD = re.compile(r"\w+")


def mark_by_html(text: str, cleaned: str, subject: str) -> ReplyMarks | None:
    """Marks for the plain `text` as the structure of its HTML twin has them, or None where the two do not agree."""
    derived = html_to_text(cleaned)
    if not (derived.quotes or derived.attributions or derived.rest_quoted_from is not None):
        return None
    marks = mark_reply(derived.text, subject, True, derived)
    answer = _WORD.findall(marks.reply_text)
    if not marks.quoted or not answer:
        return None
    start = _end_of_answer(text, answer)
    if start is None:
        return None
    return ReplyMarks(text[:start].strip(), ((start, len(text)),), ())


def _end_of_answer(text: str, answer: list[str]) -> int | None:
    """Where the line after the answer's words begins, if `text` begins with exactly these words and has more."""
    position = 0
    for word in answer:
        found = _WORD.search(text, position)
        if found is None or found.group() != word:
            return None
        position = found.end()
    line_end = text.find("\n", position)
    following = _WORD.search(text, position)
    if line_end < 0 or following is None or following.start() < line_end:
        return None
    return line_end + 1
