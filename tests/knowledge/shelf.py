"""A help centre with articles on its shelves, written and published by the actions people use."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from knowledge.models import Article, ArticleState, ArticleTranslation, Audience, Category, HelpCentre
from knowledge.texts import carry_over


def open_centre(**fields: Any) -> HelpCentre:
    """A centre in English and Ukrainian; every field can be said."""
    values = {
        "languages": ["en", "uk"],
        "titles": {"en": "Nordvik help", "uk": "Довідка Nordvik"},
        "colour": "#1f57d6",
    } | fields
    return HelpCentre.objects.update_or_create(pk=1, defaults=values)[0]


def shelf(name: str = "Delivery", **fields: Any) -> Category:
    values = {"names": {"en": name}, "slug": name.lower()} | fields
    return Category.objects.create(**values)


def article(category: Category, *, keywords: str = "", audience: Audience = Audience.PUBLIC, **texts: Any) -> Article:
    """A published article: `en=(title, body)`, `uk=(title, body)`."""
    row = Article.objects.create(category=category, keywords=keywords, audience=audience, state=ArticleState.PUBLISHED)
    for language, (title, body) in texts.items():
        now = timezone.now()
        text = ArticleTranslation.objects.create(
            article=row, language=language, draft_title=title, draft_body=body, draft_at=now, revision=1
        )
        carry_over(text, by=None, at=now)
    return row
