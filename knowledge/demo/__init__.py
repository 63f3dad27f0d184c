"""The demo shop's help centre: twelve articles in two languages, read and judged by some."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from knowledge.answers import give_feedback, reader_of
from knowledge.files import import_folder
from knowledge.models import Article, ArticleViews, SearchMiss
from knowledge.shelves import save_centre
from people.models import Agent

FOLDER = Path(__file__).parent
_COMMENTS = {
    "1-delivery/01-how-long-delivery-takes": ("en", "How long to the Canary Islands?"),
    "2-returns/03-when-the-money-arrives": ("uk", "Платила частинами, про це нічого немає."),
    "4-sizes-and-care/01-find-your-size": ("en", "Sizes for children are missing."),
}
_MISSES = (("en", "warranty"), ("en", "loyalty points"), ("uk", "знижка військовим"), ("uk", "самовивіз"))


def fill_help_centre(by: Agent, at: datetime) -> None:
    """Fill an empty help centre. The same for everybody who loads the demo on the same day."""
    save_centre(
        by=by, titles={"en": "Nordvik help", "uk": "Довідка Nordvik"}, languages=["en", "uk"], default_language="en",
        greetings={"en": "Delivery, returns, sizes: most answers are here.",
                   "uk": "Доставка, повернення, розміри: більшість відповідей тут."},
    )  # fmt: skip
    for language in ("en", "uk"):
        import_folder(FOLDER / language, language=language, by=by, and_publish=True)
    dice = random.Random(48213)  # noqa: S311  decides what a demonstration shows, nothing secret
    for article in Article.objects.exclude(imported_as="").order_by("pk"):
        _read(article, dice, at)
    for language, query in _MISSES:
        SearchMiss.objects.create(language=language, query=query, day=timezone.localdate(at), count=dice.randint(2, 9))


def _read(article: Article, dice: random.Random, at: datetime) -> None:
    liked = dice.uniform(0.55, 0.95)
    for back in range(14):
        when = at - timedelta(days=back)
        day = timezone.localdate(when)
        for language in ("en", "uk"):
            ArticleViews.objects.create(article=article, language=language, day=day, count=dice.randint(1, 14))
        reader = reader_of(f"demo-{article.pk}", "", day.isoformat())
        give_feedback(article.pk, language="en", reader=reader, helped=dice.random() < liked, at=when)
    if said := _COMMENTS.get(article.imported_as):
        language, words = said
        reader = reader_of(f"demo-words-{article.pk}", "", "")
        give_feedback(article.pk, language=language, reader=reader, helped=False, comment=words, at=at)
