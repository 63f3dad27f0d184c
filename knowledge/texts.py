"""What changes in a translation when it is published or taken off: the columns readers and the search see."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from people.models import Agent

from .addresses import slug_of
from .bodies import headings_of, text_of
from .index import folded_words, index_of
from .models import Article, ArticleTranslation, OldSlug


def carry_over(translation: ArticleTranslation, *, by: Agent | None, at: datetime, minor: bool = False) -> None:
    """The draft becomes what readers see, under an address of its own; the caller holds the article's lock and saves
    nothing else of the row afterwards. After a `minor` change translations are as good as they were."""
    if translation.draft_at is not None:
        _note_change(translation, minor=minor)
        translation.title, translation.summary = translation.draft_title, translation.draft_summary
        translation.body = translation.draft_body
    forget_draft(translation)
    translation.text = text_of(translation.body)
    translation.published_at, translation.published_by = at, by
    _give_address(translation)
    translation.save()
    index_translation(translation, translation.article)


def _note_change(translation: ArticleTranslation, *, minor: bool) -> None:
    """When the text was written that readers are about to see. Its address says whether they ever saw one before."""
    seen = (translation.title, translation.summary, translation.body)
    if not translation.slug:
        translation.written_at = translation.draft_at
    elif not minor and seen != (translation.draft_title, translation.draft_summary, translation.draft_body):
        translation.written_at = translation.changed_at = translation.draft_at


def forget_draft(translation: ArticleTranslation) -> None:
    """The draft is what readers see."""
    translation.draft_title = translation.draft_summary = translation.draft_body = ""
    translation.draft_at = translation.draft_by = None


def _give_address(translation: ArticleTranslation) -> None:
    """After its title; the address it had goes on leading here, and one that leads elsewhere is left alone."""
    slug = _free(slug_of(translation.title) or f"article-{translation.article_id}", translation)
    if slug == translation.slug:
        return
    if translation.slug:
        OldSlug.objects.update_or_create(
            language=translation.language, slug=translation.slug, defaults={"translation": translation}
        )
    OldSlug.objects.filter(language=translation.language, slug=slug).delete()
    translation.slug = slug


def _free(base: str, translation: ArticleTranslation) -> str:
    others = ArticleTranslation.objects.filter(language=translation.language, slug__startswith=base)
    taken = set(others.exclude(pk=translation.pk).values_list("slug", flat=True))
    # The number of the article, so that two published at once never want the same one; another's title may end in it.
    numbered = f"{base}-{translation.article_id}"
    further = (f"{numbered}-{n}" for n in range(2, len(taken) + 3))
    return next(slug for slug in (base, numbered, *further) if slug not in taken)


_INDEX = "UPDATE knowledge_articletranslation SET vector = %s::tsvector, folded = %s WHERE id = %s"


def index_translation(translation: ArticleTranslation, article: Article) -> None:
    """Make a published text findable; in the caller's transaction."""
    headings = " ".join(heading.text for heading in headings_of(translation.body))
    said = f"{article.keywords} {translation.summary}"
    vector = index_of(translation.title, said, headings, translation.text, translation.language)
    folded = folded_words(translation.title, article.keywords, headings, translation.summary)
    with connection.cursor() as cursor:
        cursor.execute(_INDEX, [vector, folded, translation.pk])
