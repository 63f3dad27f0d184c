"""What a published text is found by: its lexemes, weighted by where they stand, and the words a mistyped one is
compared with. Pure."""

from __future__ import annotations

from people.finding.language import guess_language
from people.finding.text import normalise, place_words
from people.finding.words import LATIN

# Weights of PostgreSQL's ranking: of the title, of keywords and summary, of headings, of the rest.
TITLE, KEYWORDS, HEADINGS, REST = "A", "B", "C", "D"
MOST_READ = 100_000  # characters of a body
_MOST_PLACES = 100


def index_of(title: str, keywords: str, headings: str, rest: str, language: str) -> str:
    """The text form of a tsvector."""
    latin = language if language in LATIN or language == "ru" else "en"
    entries: list[str] = []
    end = 0
    for text, weight in ((title, TITLE), (keywords, KEYWORDS), (headings, HEADINGS), (rest[:MOST_READ], REST)):
        places: dict[str, list[int]] = {}
        # Gaps between the fields, so that no phrase runs from one into the next.
        end = place_words(normalise(text), _language(text, latin), places, end) + 8
        mark = "" if weight == REST else weight
        for lexeme, at in places.items():
            entries.append(f"'{lexeme}':" + ",".join(f"{place}{mark}" for place in at[:_MOST_PLACES]))
    return " ".join(entries)


def _language(text: str, assumed: str) -> str:
    """A title of ours in another language keeps the stems of that language."""
    guessed = guess_language(normalise(text)) if len(text) > 200 else ""
    return guessed if guessed in LATIN or guessed == "ru" else assumed


def folded_words(*texts: str) -> str:
    """The words of these texts, each once, as mistyped ones are compared with them."""
    return " ".join(dict.fromkeys(word for text in texts for word in normalise(text).split()))[:4000]
