"""What was said in a message, without what was quoted; and the line of it that a list shows."""

from __future__ import annotations

from collections.abc import Iterable

MAX_PREVIEW = 200
_ENOUGH = 2_000  # code points that surely hold a preview, however much white space


def without_spans(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """`text` without these [start, end) spans, which are ordered and do not overlap."""
    kept, position = [], 0
    for start, end in spans:
        kept.append(text[position:start])
        position = max(position, end)
    kept.append(text[position:])
    return "".join(kept)


def preview_of(text: str, quoted: Iterable[tuple[int, int]] = ()) -> str:
    """At most `MAX_PREVIEW` characters of what was written, in one line."""
    own = answers(without_spans(text, quoted)[: 4 * _ENOUGH])
    line = " ".join(own.lstrip()[:_ENOUGH].split())
    return line if len(line) <= MAX_PREVIEW else line[: MAX_PREVIEW - 1] + "…"


def answers(text: str) -> str:
    """What was written between quotes, which stay in the message to be read with it."""
    if "\n>" not in f"\n{text}":
        return text
    lines = [line.strip() for line in text.split("\n")]
    following = [*lines[1:], ""]
    said = [
        line
        for line, after in zip(lines, following, strict=True)
        if not line.startswith(">") and not (line.endswith(":") and after.startswith(">"))
    ]
    return "\n".join(said) if any(said) else text
