"""Why a ticket was found: a few words around the match, with the match marked. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from people.finding.marking import READ, Pieces
from people.finding.marking import Marker as AnyMarker
from tickets.preview import answers, without_spans

__all__ = ["READ", "Marker", "Pieces"]


class Marker(AnyMarker):
    """Marks in what people wrote, before it looks into what they quoted."""

    def snippet(self, text: str, language: str = "", quoted: Iterable[tuple[int, int]] = ()) -> Pieces:
        """About 160 characters around the first match, cut at words, as (piece, is it a match) pairs.

        Of what was written; of the whole `text` only when nothing but what is quoted there matches.
        """
        text = text[:READ]
        own = answers(without_spans(text, quoted))
        first = self.first(own, language)
        whole = self.first(text, language) if first is None else None
        return self.around(own if whole is None else text, first or whole or 0, language)
