"""What readers open: the start, a category, an article, the search."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import mark_safe

from knowledge.answers import count_view, is_robot, note_miss
from knowledge.bodies import headings_of, pictures_of, with_anchors, with_pictures
from knowledge.models import ArticleTranslation, Audience, Category, HelpCentre, OldSlug
from knowledge.reading import Shown, languages_of, most_read, published, shelves, shown_articles
from knowledge.search import find

from .site import draw, lost, public, too_often

POPULAR, RELATED, FOUND = 6, 4, 20
SEARCHES_A_MINUTE = 60
LONGEST_QUERY = 200
# A table of contents helps from so many headings and characters on.
LONG_HEADINGS, LONG_TEXT = 3, 1_200


@public
def start(request: HttpRequest, centre: HelpCentre, language: str) -> HttpResponseBase:
    """Search, categories with their counts, what is read most."""
    articles = shown_articles(centre, language)
    context = {
        "shelves": shelves(articles, language), "popular": most_read(articles, POPULAR),
        "greeting": centre.greeting(language),
    }  # fmt: skip
    others = {code: reverse("help_start", args=[code]) for code in centre.languages}
    return draw(request, centre, "knowledge/public/start.html", context, others=others, path=others[language])


@public
def category(request: HttpRequest, centre: HelpCentre, language: str, slug: str) -> HttpResponseBase:
    row = Category.objects.filter(slug=slug).first()
    articles = [one for one in shown_articles(centre, language) if row and one.category_id == row.pk]
    if row is None or not articles:
        return lost(request, centre, " ".join(slug.split("-")))
    others = {code: reverse("help_category", args=[code, slug]) for code in centre.languages}
    context = {"category": row, "name": row.name(language), "about": row.description(language), "articles": articles}
    return draw(request, centre, "knowledge/public/category.html", context, others=others, path=others[language])


@public
def article(request: HttpRequest, centre: HelpCentre, language: str, slug: str) -> HttpResponseBase:
    """An article; an address it had before leads on to the one it has."""
    text = published().filter(language=language, slug=slug).select_related("article__category").first()
    if text is None:
        moved = OldSlug.objects.filter(language=language, slug=slug).select_related("translation").first()
        if moved and published().filter(pk=moved.translation_id).exists():
            return redirect("help_article", language, moved.translation.slug, permanent=True)
        return lost(request, centre, " ".join(slug.split("-")))
    if not is_robot(request.headers.get("User-Agent", "")):
        count_view(text.article_id, language)
    return draw_article(request, centre, text)


def draw_article(
    request: HttpRequest, centre: HelpCentre, text: ArticleTranslation, *, status: int = 200, **said: Any
) -> HttpResponse:
    """The page of an article; `said` is what a reader has just answered."""
    language, addresses = text.language, languages_of(text)
    shelf = text.article.category
    headings = headings_of(text.body)
    context = {
        "text": text, "category": shelf, "category_name": shelf.name(language),
        "body": mark_safe(body_of(text)),  # noqa: S308  # cleaned when it was written, see knowledge.bodies
        "contents": headings if len(headings) >= LONG_HEADINGS and len(text.text) >= LONG_TEXT else [],
        "related": related(text, centre), "feedback_url": reverse("help_feedback", args=[language, text.slug]),
        "picture": _first_picture(text),
    }  # fmt: skip
    return draw(
        request, centre, "knowledge/public/article.html", context | said, others=addresses, path=text.address,
        status=status,
    )  # fmt: skip


def body_of(text: ArticleTranslation) -> str:
    """The published body as pages show it: headings that can be linked to, pictures by their addresses."""
    pictures = {id: reverse("help_picture", args=[id]) for id in pictures_of(text.body)}
    return with_pictures(with_anchors(text.body), pictures)


def related(text: ArticleTranslation, centre: HelpCentre) -> list[Shown]:
    """The other articles of its category, those that are read most first; one query."""
    shelf = text.article.category_id
    articles = [one for one in shown_articles(centre, text.language) if one.id != text.article_id]
    return most_read([one for one in articles if one.category_id == shelf], RELATED)


def _first_picture(text: ArticleTranslation) -> str:
    """For previews of links elsewhere."""
    found = pictures_of(text.body)
    return settings.BASE_URL + reverse("help_picture", args=[found[0]]) if found else ""


@public
def search(request: HttpRequest, centre: HelpCentre, language: str) -> HttpResponseBase:
    """`?q=`: what was found, or what was not, which is counted so that somebody may write it."""
    asked = request.GET.get("q", "")[:LONGEST_QUERY].replace("\0", " ").strip()
    wait = too_often(request, "search", SEARCHES_A_MINUTE) if asked else 0
    others = {code: reverse("help_search", args=[code]) for code in centre.languages}
    context: dict[str, Any] = {"asked": asked, "robots": "noindex", "found": (), "wait": wait}
    if asked and not wait:
        context["found"] = find(asked, language=language, limit=FOUND, audience=Audience.PUBLIC)
        if not context["found"]:
            note_miss(asked, language)
    response = draw(
        request, centre, "knowledge/public/search.html", context, others=others, status=429 if wait else 200
    )
    if wait:
        response["Retry-After"] = str(wait)
    return response
