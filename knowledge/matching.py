"""How well an article answers a question, for who answers out of it without a person: stricter than the search, which
only says what comes first.

Each telling word of the question weighs: two where the article bears it in its title, keywords or summary (it is what
the article is about), one where it only stands in its text. A word it does not hold weighs one where another article
knows it (goods the shop sells), and two where none does: what the help centre has never heard of it cannot answer. A
word that no article knows is first read as the one it is mistyped for, if there is such a one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection
from django.db.models.functions import Left

from people.finding.query import is_small
from people.finding.text import normalise
from people.finding.words import document_lexemes

from .models import THE_CENTRE, ArticleTranslation, Audience
from .passages import MOST_READ, passage_for
from .search import PUNCTUATION, SHOWN, STANDARD, Found, find, is_asking

ABOUT, HELD, FOREIGN, UNKNOWN = 2, 1, 1, 2
MOST_WORDS = 12
# Shorter words are too like each other; longer ones may hold two mistakes.
_SHORTEST_MISTYPED, _LONG, _LONGEST_MISTYPED = 5, 9, 40
_WEIGH = STANDARD + "SELECT t.article_id, ARRAY[{held}], ARRAY[{ranks}] " + SHOWN + " AND t.vector @@ %(any)s::tsquery"
_HELD = "(t.vector @@ %(term{n})s::tsquery)::int + (ts_filter(t.vector, '{{a,b}}') @@ %(term{n})s::tsquery)::int"
_RANK = "ts_rank('{{0.05, 0.3, 0.5, 1.0}}', t.vector, %(term{n})s::tsquery)"
_LIKE = """{standard}, known AS (SELECT DISTINCT btrim(v, %(marks)s) AS v {shown})
SELECT w, v FROM unnest(%(words)s::text[]) AS w JOIN known ON abs(length(v) - length(w)) <= 2
WHERE left(v, 1) = left(w, 1) AND length(v) <= %(longest)s AND levenshtein_less_equal(w, left(v, 42), 2) <= 2
ORDER BY w, v
"""
_EACH_WORD = SHOWN.replace("WHERE", "CROSS JOIN LATERAL unnest(string_to_array(t.folded, ' ')) AS v WHERE", 1)


@dataclass(frozen=True, slots=True)
class _Weighed:
    """Of each word: 0 where the article lacks it, 1 where it only stands in its text, 2 where the article is about it;
    and how much it tells there. What people want comes before what they want it for ("return boots"), so of articles
    that answer equally well the one that knows the earlier word comes first."""

    held: list[int]
    ranks: list[float]


def answering(text: str, *, language: str, default: str, limit: int) -> tuple[Found, ...]:
    """The public articles that may answer `text`, best first; the `share` of each says how well (0 to 1, and 0 for one
    found by a mistyped word alone). `default` is the help centre's language. Two queries, four at most where a word is
    unknown."""
    words = _words(text)
    weighed = _weighed(words, language, default)
    unknown = [word for place, word in enumerate(words) if not any(one.held[place] for one in weighed.values())]
    if likely := _meant(unknown, language):
        words = list(dict.fromkeys(likely.get(word, word) for word in words))
        weighed = _weighed(words, language, default)
    found = find(" ".join(words), language=language, limit=limit)
    known = [any(one.held[place] for one in weighed.values()) for place in range(len(words))]
    shares = {id: _share(one.held, known) for id, one in weighed.items()}
    # What the search found by a mistyped word, or by how a word begins, holds none of the words as they are.
    found = tuple(replace(one, share=shares.get(one.id, 0.0), asked=tuple(words)) for one in found)
    return tuple(sorted(found, key=lambda one: (one.share, weighed[one.id].ranks if one.share else []), reverse=True))


def passage_of(found: Found, *, spoken: str) -> str:
    """What of an article answers the question it was found by, "" where its summary tells as much; `spoken` is the
    language of the question. One query, for the one article."""
    text = ArticleTranslation.objects.filter(article=found.id, language=found.language).exclude(published_at=None)
    body = text.annotate(read=Left("body", MOST_READ)).values_list("read", flat=True).first() if found.asked else None
    return passage_for(
        found.asked, body or "", title=found.title, summary=found.summary, language=found.language, spoken=(spoken,)
    )  # fmt: skip


def _words(text: str) -> list[str]:
    """The telling words, each once; all of them where none tells."""
    said = [word.strip(PUNCTUATION) for word in normalise(text).replace("\0", " ").split()]
    said = [word for word in dict.fromkeys(said) if re.search(r"\w", word)]
    telling = [word for word in said if not (is_asking(word) or is_small(word))]
    return (telling or said)[:MOST_WORDS]


def _share(held: Sequence[int], known: Sequence[bool]) -> float:
    got = [ABOUT if one > 1 else HELD if one else 0 for one in held]
    lacks = [0 if one else FOREIGN if heard else UNKNOWN for one, heard in zip(got, known, strict=True)]
    return sum(got) / (sum(got) + sum(lacks))


def _term(word: str, languages: Iterable[str]) -> str:
    """The tsquery of a word in any of its forms in these languages alone: in a third one it may be another word's."""
    pieces = [piece for piece in re.findall(r"[\w'’]+", word) if piece.strip("'’_")]
    forms = [{lexeme for each in languages for lexeme in document_lexemes(piece, each)} for piece in pieces]
    return " & ".join("(" + " | ".join(f"'{lexeme}'" for lexeme in sorted(each)) + ")" for each in forms)


def _weighed(words: Sequence[str], language: str, default: str) -> dict[int, _Weighed]:
    """Each article that holds one of the words."""
    terms = [_term(word, {language, default}) for word in words]
    if not any(terms):
        return {}
    values = _values(language) | {f"term{n}": term for n, term in enumerate(terms)}
    values["any"] = " | ".join(f"({term})" for term in terms if term)
    held, ranks = (", ".join(each.format(n=n) for n in range(len(terms))) for each in (_HELD, _RANK))
    with connection.cursor() as cursor:
        cursor.execute(_WEIGH.format(held=held, ranks=ranks), values)
        return {id: _Weighed(held, ranks) for id, held, ranks in cursor.fetchall()}


def _meant(words: Sequence[str], language: str) -> dict[str, str]:
    """What unknown words are mistyped for: the article's word that is one slip away, two for a long one."""
    words = [word for word in words if _SHORTEST_MISTYPED <= len(word) <= _LONGEST_MISTYPED]
    if not words:
        return {}
    values = _values(language) | {"words": words, "marks": PUNCTUATION + "*_#>«»“”„|", "longest": _LONGEST_MISTYPED}
    with connection.cursor() as cursor:
        cursor.execute(_LIKE.format(standard=STANDARD, shown=_EACH_WORD), values)
        rows = cursor.fetchall()
    found: dict[str, tuple[int, str]] = {}
    for word, other in rows:
        slips = slips_between(word, other)
        if slips <= (2 if len(word) >= _LONG else 1) and (word not in found or slips < found[word][0]):
            found[word] = slips, other
    return {word: other for word, (_slips, other) in found.items()}


def slips_between(one: str, other: str) -> int:
    """How many slips of the hand lie between two words: a letter more, less or another, or two swapped."""
    before: list[int] = list(range(len(other) + 1))
    last: list[int] = []
    for row, letter in enumerate(one, 1):
        line = [row]
        for place, mark in enumerate(other, 1):
            cost = min(before[place] + 1, line[-1] + 1, before[place - 1] + (letter != mark))
            if row > 1 and place > 1 and letter == other[place - 2] and one[row - 2] == mark:
                cost = min(cost, last[place - 2] + 1)
            line.append(cost)
        before, last = line, before
    return before[-1]


def _values(language: str) -> dict[str, Any]:
    return {"centre": THE_CENTRE, "language": language, "audiences": [Audience.PUBLIC.value]}
