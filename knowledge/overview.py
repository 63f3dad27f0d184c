"""What who looks after the help centre sees of it: every article with its languages, how often it is read, whether it
helps. A handful of queries, whatever the number of articles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from .models import (
    Article,
    ArticleFeedback,
    ArticleState,
    ArticleTranslation,
    ArticleViews,
    Audience,
    Category,
    HelpCentre,
    SearchMiss,
)
from .reading import READ_LATELY

FEEDBACK_SHOWN, MISSES_SHOWN = 100, 50
MISSES_LATELY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Version:
    """A text in one language: `state` is missing, draft, published, edited (published, with a draft beside it) or
    outdated (another text of the main language was published since it was written)."""

    language: str
    state: str

    @property
    def is_out(self) -> bool:
        return self.state in ("published", "edited", "outdated")


@dataclass(frozen=True, slots=True)
class Line:
    """An article in the list. `helped` of `answers` readers it helped within ninety days."""

    id: int
    title: str
    language: str
    state: str
    agents_only: bool
    versions: tuple[Version, ...]
    views: int
    helped: int
    answers: int

    @property
    def share(self) -> int | None:
        return round(100 * self.helped / self.answers) if self.answers else None

    @property
    def gaps(self) -> bool:
        """Whether something is to be written or looked through for readers of another language."""
        return any(one.state in ("missing", "outdated", "draft") for one in self.versions)


@dataclass(frozen=True, slots=True)
class Place:
    """A category with its articles, in order."""

    category: Category
    name: str
    lines: tuple[Line, ...]


def versions_of(texts: Sequence[ArticleTranslation], centre: HelpCentre) -> tuple[Version, ...]:
    """The states of a text in each language of the centre, the main one first."""
    found = {text.language: text for text in texts}
    main = found.get(centre.default_language)
    order = sorted(centre.languages, key=lambda code: code != centre.default_language)
    return tuple(Version(code, _state(found.get(code), main)) for code in order)


def _state(text: ArticleTranslation | None, main: ArticleTranslation | None) -> str:
    if text is None:
        return "missing"
    if text.published_at is None:
        return "draft"
    if text.is_behind(main):
        return "outdated"
    return "edited" if text.draft_at is not None else "published"


def places(centre: HelpCentre, language: str, *, state: str = "", asked: str = "", gaps: bool = False) -> list[Place]:
    """The categories in order with their articles; narrowed down, those with none are left out."""
    narrowed = bool(state or asked or gaps)
    lines = [line for line in _lines(centre, language, state) if not gaps or line[1].gaps]
    if asked:
        lines = [line for line in lines if asked.casefold() in line[1].title.casefold()]
    held: dict[int, list[Line]] = {}
    for category, line in lines:
        held.setdefault(category, []).append(line)
    rows = Category.objects.all()
    return [
        Place(row, row.name(language), tuple(held.get(row.pk, ()))) for row in rows if not narrowed or row.pk in held
    ]


def _lines(centre: HelpCentre, language: str, state: str) -> list[tuple[int, Line]]:
    articles = Article.objects.filter(state=state) if state else Article.objects.exclude(state=ArticleState.ARCHIVED)
    texts: dict[int, list[ArticleTranslation]] = {}
    for text in ArticleTranslation.objects.filter(article__in=articles).defer(
        "body", "text", "draft_body", "vector", "folded"
    ):
        texts.setdefault(text.article_id, []).append(text)
    views, judged = _views(), _judged()
    found = []
    for article in articles.order_by("position", "pk"):
        own = texts.get(article.pk, [])
        shown = _best(own, language, centre.default_language)
        helped, answers = judged.get(article.pk, (0, 0))
        line = Line(
            article.pk, shown.shown_title if shown else "–", shown.language if shown else centre.default_language,
            article.state, article.audience == Audience.AGENTS, versions_of(own, centre), views.get(article.pk, 0),
            helped, answers,
        )  # fmt: skip
        found.append((article.category_id, line))
    return found


def _best(texts: Sequence[ArticleTranslation], *wanted: str) -> ArticleTranslation | None:
    by_language = {text.language: text for text in texts}
    return next((by_language[code] for code in wanted if code in by_language), texts[0] if texts else None)


def _views() -> dict[int, int]:
    rows = ArticleViews.objects.filter(day__gte=timezone.localdate() - READ_LATELY)
    return dict(rows.values_list("article").annotate(sum=Sum("count")))


def _judged() -> dict[int, tuple[int, int]]:
    rows = ArticleFeedback.objects.filter(day__gte=timezone.localdate() - MISSES_LATELY).values_list("article")
    counted = rows.annotate(yes=Count("pk", filter=Q(helped=True)), all=Count("pk")).order_by()
    return {id: (yes, all) for id, yes, all in counted}


def feedback(*, words_only: bool = False) -> QuerySet[ArticleFeedback]:
    """What readers said, latest first."""
    rows = ArticleFeedback.objects.select_related("article").prefetch_related("article__translations")
    return rows.exclude(comment="")[:FEEDBACK_SHOWN] if words_only else rows[:FEEDBACK_SHOWN]


@dataclass(frozen=True, slots=True)
class Miss:
    query: str
    language: str
    count: int


def misses() -> list[Miss]:
    """What was searched for in vain within ninety days, most often first; one query."""
    rows = SearchMiss.objects.filter(day__gte=timezone.localdate() - MISSES_LATELY).values("query", "language")
    counted = rows.annotate(sum=Sum("count")).order_by("-sum", "query")[:MISSES_SHOWN]
    return [Miss(one["query"], one["language"], one["sum"]) for one in counted]
