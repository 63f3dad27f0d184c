"""The one search of articles: pages, widget, bot, palette and composer all ask `find`.

Words match in all their forms in any of our languages; the last one may go on. An article need not hold every word
(people ask in sentences), but those that hold more come first, and a word in the title tells more than one in the text.
Only when no word is found at all are mistyped ones compared by their trigrams. All of it is one query.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection

from people.finding.marking import READ, Marker, Pieces
from people.finding.query import Query, parse_query
from people.finding.text import normalise

from .addresses import agents_path, article_path
from .models import THE_CENTRE, Audience

LIMIT = 10
MOST = 50
# How alike a mistyped word must be to one of the article's, measured on typos of both languages in the tests.
ALIKE = 0.65
_SHORTEST_MISTYPED, _LONGEST_MISTYPED = 4, 40
PUNCTUATION = "?!.,:;()\"'"
# Said in nearly every question and in no answer; left out beside words that tell something.
_ASKING = frozenset(
    """
    how do does did can could should would will what when where which who why if there have has had get got am any
    about like please want need help my mine s t don doesn isn im
    як чи де коли що який яка яке які чому хто скільки можна мені можу треба потрібно хочу будь ласка мій моя моє мої
    моїх мене ви вас вам ваш ваша ваше ваші якщо буде є так ще вже про
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Found:
    """An article that was found. `language` is that of the text; `fallback` says that there is none in the language
    asked for. `excerpt` are (piece, is it a match) pairs. `share` of the words asked for stand in it, 0 to 1; it is 0
    for one that was found by a mistyped word. `asked` are the words it was looked for by, where it is to answer."""

    id: int
    title: str
    excerpt: Pieces
    address: str
    language: str
    fallback: bool
    agents_only: bool
    summary: str
    share: float
    marked_title: Pieces
    asked: tuple[str, ...] = ()

    @property
    def plain_excerpt(self) -> str:
        return "".join(piece for piece, _match in self.excerpt)


# Made of constants of this file; what was typed travels as values.
# What to show of an article: its text in the language asked for, else in the default one; never both.
SHOWN = """
FROM knowledge_articletranslation t
JOIN knowledge_article a ON a.id = t.article_id AND a.state = 'published' AND a.audience = ANY(%(audiences)s)
WHERE t.published_at IS NOT NULL AND t.language IN (%(language)s, (SELECT language FROM standard))
  AND (t.language = %(language)s OR NOT EXISTS (
      SELECT 1 FROM knowledge_articletranslation o
      WHERE o.article_id = t.article_id AND o.language = %(language)s AND o.published_at IS NOT NULL))
"""
STANDARD = """
WITH standard AS (
    SELECT COALESCE((SELECT c.default_language FROM knowledge_helpcentre c WHERE c.id = %(centre)s), 'en') AS language
)
"""
_COLUMNS = "t.article_id, t.title, t.summary, left(t.text, %(read)s), t.language, t.slug, a.audience"
_FIND = """
, hits AS (
    SELECT {columns}, {share} AS share,
           ts_rank('{{0.05, 0.3, 0.5, 1.0}}', t.vector, %(any)s::tsquery, 1) AS rank, a.position
    {shown} AND t.vector @@ %(any)s::tsquery
), near AS (
    SELECT {columns}, 0::real AS share, {alike} AS rank, a.position
    {shown} AND %(mistyped)s::text[] <> '{{}}' AND NOT EXISTS (SELECT 1 FROM hits WHERE hits.share >= %(enough)s)
)
(SELECT * FROM hits WHERE share >= %(enough)s)
UNION ALL (SELECT * FROM near WHERE rank >= %(alike)s)
ORDER BY share DESC, rank DESC, position, article_id LIMIT %(limit)s
"""
# Each mistyped word is as near as the nearest word of the article: by trigrams, which forgive endings, or by letters
# that must change, which forgives two that were swapped. What counts is how near the better half of them is: somebody
# who writes "retrun shoes" means returns, though no article knows shoes.
_ALIKE = """(
    SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY greatest(strict_word_similarity(w, t.folded), (
        SELECT max(1 - levenshtein_less_equal(w, left(v, length(w) + 1), 3)::real / length(w))
        FROM unnest(string_to_array(t.folded, ' ')) AS v WHERE abs(length(v) - length(w)) <= 3)) DESC)
    FROM unnest(%(mistyped)s::text[]) AS w)"""
# A question of many words is answered by an article that has some of them.
_ENOUGH = 0.5


def find(text: str, *, language: str, limit: int = LIMIT, audience: Audience = Audience.PUBLIC) -> tuple[Found, ...]:
    """The published articles that answer `text`, best first, each in `language`, else in the default language of the
    help centre. Nothing typed is an error; nothing said finds nothing. One query."""
    query = understood(text)
    if not query.wanted:
        return ()
    values: dict[str, Any] = {
        "centre": THE_CENTRE, "language": language, "audiences": _audiences(audience), "read": READ,
        "any": " | ".join(f"({term})" for term in query.wanted), "mistyped": _mistyped(text), "enough": _ENOUGH,
        "alike": ALIKE, "limit": max(1, min(limit, MOST)),
    } | {f"term{number}": term for number, term in enumerate(query.wanted)}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_statement(len(query.wanted)), values)
        rows = cursor.fetchall()
    marker = Marker(query)
    return tuple(_found(row, marker, language) for row in rows)


def understood(text: str) -> Query:
    """What was typed, as terms of which an article should hold as many as it can; questions lose their small words."""
    words = text.split()
    telling = [word for word in words if not is_asking(normalise(word).strip(PUNCTUATION))]
    return parse_query(" ".join(telling or words), open_end=True)


def is_asking(word: str) -> bool:
    """Whether a normalised word is said in nearly every question, and so tells nothing."""
    return word in _ASKING


def _audiences(audience: Audience) -> list[str]:
    return [Audience.PUBLIC.value, Audience.AGENTS.value] if audience == Audience.AGENTS else [Audience.PUBLIC.value]


def _mistyped(text: str) -> list[str]:
    """The words that may be mistyped ones: long enough to tell, without what every question says."""
    words = [word.strip(PUNCTUATION) for word in normalise(text[:200]).split()]
    return [word for word in words if _SHORTEST_MISTYPED <= len(word) <= _LONGEST_MISTYPED and word not in _ASKING][:8]


@lru_cache(16)
def _statement(terms: int) -> str:
    """Made of constants of this file; what was typed travels as values."""
    held = " + ".join(f"(t.vector @@ %(term{number})s::tsquery)::int" for number in range(terms))
    share = f"(({held})::real / {terms})"
    return STANDARD + _FIND.format(columns=_COLUMNS, share=share, shown=SHOWN, alike=_ALIKE)


def _found(row: tuple[Any, ...], marker: Marker, language: str) -> Found:
    id, title, summary, text, said_in, slug, audience, share, _rank, _position = row
    first = marker.first(text, said_in)
    agents_only = audience == Audience.AGENTS
    return Found(
        id=id,
        title=title,
        excerpt=marker.around(text, first, said_in) if first is not None else ((summary or text[:160], False),),
        address=agents_path(id, said_in) if agents_only else article_path(said_in, slug),
        language=said_in,
        fallback=said_in != language,
        agents_only=agents_only,
        summary=summary,
        share=share,
        marked_title=marker.mark(title, said_in),
    )
