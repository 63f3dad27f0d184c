"""What readers see of the shelves: published texts in their language, else in the default one, as frozen rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from .addresses import agents_path, article_path
from .models import ArticleState, ArticleTranslation, ArticleViews, Audience, Category, HelpCentre

READ_LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Shown:
    """One article as lists show it. `fallback` says that `language` is not the one asked for."""

    id: int
    category_id: int
    title: str
    summary: str
    language: str
    fallback: bool
    address: str
    views: int


@dataclass(frozen=True, slots=True)
class Shelf:
    category: Category
    name: str
    description: str
    articles: tuple[Shown, ...]


def published(audience: Audience = Audience.PUBLIC) -> QuerySet[ArticleTranslation]:
    """Texts that these readers may see."""
    found = ArticleTranslation.objects.filter(published_at__isnull=False, article__state=ArticleState.PUBLISHED)
    return found if audience == Audience.AGENTS else found.filter(article__audience=Audience.PUBLIC)


def shown_articles(centre: HelpCentre, language: str, audience: Audience = Audience.PUBLIC) -> list[Shown]:
    """Every article once, in the order of the shelves; one query."""
    views = (
        ArticleViews.objects.filter(article=OuterRef("article"), day__gte=timezone.localdate() - READ_LATELY)
        .order_by().values("article").annotate(sum=Sum("count")).values("sum")
    )  # fmt: skip
    rows = (
        published(audience)
        .filter(language__in={language, centre.default_language})
        .annotate(read=Coalesce(Subquery(views, output_field=IntegerField()), 0))
        .order_by("article__category__position", "article__category", "article__position", "article")
        .values_list(
            "article_id", "article__category_id", "title", "summary", "language", "slug", "read", "article__audience"
        )
    )
    chosen: dict[int, Shown] = {}
    for id, category, title, summary, said_in, slug, read, readers in rows:
        if id not in chosen or said_in == language:
            address = agents_path(id, said_in) if readers == Audience.AGENTS else article_path(said_in, slug)
            chosen[id] = Shown(id, category, title, summary, said_in, said_in != language, address, read)
    return list(chosen.values())


def shelves(articles: Iterable[Shown], language: str) -> list[Shelf]:
    """The categories that hold one of these articles, in order; one query."""
    held: dict[int, list[Shown]] = {}
    for one in articles:
        held.setdefault(one.category_id, []).append(one)
    return [
        Shelf(row, row.name(language), row.description(language), tuple(held[row.pk]))
        for row in Category.objects.all()
        if row.pk in held
    ]


def most_read(articles: Iterable[Shown], limit: int) -> list[Shown]:
    """Those opened most within thirty days; among equals the first of the shelves."""
    return sorted(articles, key=lambda one: -one.views)[:limit]


def text_for(article_id: int, language: str, centre: HelpCentre, audience: Audience) -> ArticleTranslation | None:
    """An article in this language, else in the default one; None where these readers see neither. One query."""
    rows = published(audience).filter(article=article_id, language__in={language, centre.default_language})
    found = {row.language: row for row in rows.select_related("article__category")}
    return found.get(language) or found.get(centre.default_language)


def text_at(language: str, slug: str) -> ArticleTranslation | None:
    """What everybody may read at the address of a page, also at one it had before; one query, two for the latter."""
    rows = published().select_related("article__category")
    found = rows.filter(language=language, slug=slug).first()
    return found or rows.filter(old_slugs__language=language, old_slugs__slug=slug).first()


def languages_of(text: ArticleTranslation, audience: Audience = Audience.PUBLIC) -> dict[str, str]:
    """Address by language of everything this article is published in; one query."""
    rows = published(audience).filter(article=text.article_id).values_list("language", "slug")
    return {language: article_path(language, slug) for language, slug in rows}
