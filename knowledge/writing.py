"""Writing articles: each action one transaction under the article's lock, with its event. Whoever may suggest writes
drafts; only who manages the help centre changes what readers see."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from events.ledger import record_event
from people.languages import LANGUAGES
from people.models import Agent
from people.permissions import Permission, PermissionDenied

from .bodies import LONGEST, clean_body
from .errors import InvalidInput, NotFound, StaleText
from .events import ARTICLE_STREAM, ArticleEvent
from .models import (
    LONGEST_KEYWORDS,
    LONGEST_SUMMARY,
    LONGEST_TITLE,
    Article,
    ArticleRevision,
    ArticleState,
    ArticleTranslation,
    Audience,
    Category,
    HelpCentre,
)
from .texts import carry_over, forget_draft, index_translation

Kind = ArticleRevision.Kind


def refuse_unless(by: Agent, permission: Permission) -> None:
    """PermissionDenied for who may not."""
    if not by.may(permission):
        raise PermissionDenied(_("Your role does not allow this."))


def create_article(
    *, by: Agent, category_id: int, language: str, title: str, summary: str = "", body: str = "",
    audience: str = Audience.PUBLIC, keywords: str = "", imported_as: str = "",
) -> Article:  # fmt: skip
    """A new draft, last on its shelf."""
    refuse_unless(by, Permission.SUGGEST_ARTICLES)
    values = _clean_text(title, summary, body)
    now = timezone.now()
    with transaction.atomic():
        category = Category.objects.select_for_update().filter(pk=category_id).first()
        if category is None:
            raise InvalidInput("category", _("There is no such category."))
        last = category.articles.aggregate(last=Max("position"))["last"]
        article = Article.objects.create(
            category=category, author=by, audience=_audience(audience), keywords=_keywords(keywords),
            imported_as=imported_as, position=0 if last is None else last + 1,
        )  # fmt: skip
        text = ArticleTranslation(article=article, language=_language(language))
        _write_draft(text, values, by=by, at=now, kind=Kind.IMPORTED if imported_as else Kind.SAVED)
        _record(article, ArticleEvent.CREATED, by, now, category=category.pk)
        _record(article, ArticleEvent.EDITED, by, now, language=language, revision=text.revision)
    return article


def save_draft(
    article_id: int, language: str, *, by: Agent, expected: int, title: str, summary: str = "", body: str = "",
    kind: str = Kind.SAVED,
) -> ArticleTranslation:  # fmt: skip
    """What is being written in a language; readers see nothing of it. `expected` is the revision that was opened (0 for
    a language without a text yet). Saving what is there already changes nothing. StaleText when somebody was faster."""
    refuse_unless(by, Permission.SUGGEST_ARTICLES)
    values = _clean_text(title, summary, body)
    now = timezone.now()
    with transaction.atomic():
        article = lock_article(article_id)
        text = _text_of(article, _language(language)) or ArticleTranslation(article=article, language=language)
        if text.pk and _written(text) == values:
            return text
        _refuse_stale(text, expected)
        _write_draft(text, values, by=by, at=now, kind=kind)
        _touch(article, now)
        _record(article, ArticleEvent.EDITED, by, now, language=language, revision=text.revision)
    return text


def publish(article_id: int, language: str, *, by: Agent, expected: int, minor: bool = False) -> ArticleTranslation:
    """The draft of this language becomes what readers see; after a `minor` change of the main language its translations
    are not outdated. Publishing what is published changes nothing but that it is no longer outdated."""
    refuse_unless(by, Permission.MANAGE_ARTICLES)
    now = timezone.now()
    with transaction.atomic():
        article, text = _locked_text(article_id, language)
        if text.published_at is not None and text.draft_at is None and article.state == ArticleState.PUBLISHED:
            return text if minor else _keep_up(article, text, by=by, at=now)
        _refuse_stale(text, expected)
        text.revision += 1
        carry_over(text, by=by, at=now, minor=minor)
        _keep(text, Kind.PUBLISHED, by=by, at=now)
        article.state = ArticleState.PUBLISHED
        _touch(article, now)
        data = {"language": language, "revision": text.revision, "slug": text.slug}
        _record(article, ArticleEvent.PUBLISHED, by, now, **data)
    return text


def _keep_up(article: Article, text: ArticleTranslation, *, by: Agent, at: datetime) -> ArticleTranslation:
    """Somebody looked at a translation beside what the main language has become, and found it right as it is."""
    if text.is_behind(_text_of(article, HelpCentre.load().default_language)):
        text.written_at = at
        text.save(update_fields=["written_at"])
        _record(article, ArticleEvent.PUBLISHED, by, at, language=text.language, revision=text.revision, slug=text.slug)
    return text


def unpublish(article_id: int, language: str, *, by: Agent) -> ArticleTranslation:
    """Readers of this language see it no more; its text is a draft again. Without any language left the article is a
    draft."""
    refuse_unless(by, Permission.MANAGE_ARTICLES)
    now = timezone.now()
    with transaction.atomic():
        article, text = _locked_text(article_id, language)
        if text.published_at is None:
            return text
        if text.draft_at is None:
            text.draft_title, text.draft_summary, text.draft_body = text.title, text.summary, text.body
            text.draft_at, text.draft_by = now, by
        text.published_at = text.published_by = None
        text.revision += 1
        text.save()
        if article.state == ArticleState.PUBLISHED and not article.translations.exclude(published_at=None).exists():
            article.state = ArticleState.DRAFT
        _touch(article, now)
        _record(article, ArticleEvent.UNPUBLISHED, by, now, language=language)
    return text


def discard_draft(article_id: int, language: str, *, by: Agent, expected: int) -> ArticleTranslation:
    """Back to what readers see; what was written stays among the revisions."""
    refuse_unless(by, Permission.SUGGEST_ARTICLES)
    now = timezone.now()
    with transaction.atomic():
        article, text = _locked_text(article_id, language)
        if text.draft_at is None or text.published_at is None:
            return text
        _refuse_stale(text, expected)
        forget_draft(text)
        text.revision += 1
        text.save()
        _record(article, ArticleEvent.DISCARDED, by, now, language=language, revision=text.revision)
    return text


def restore(article_id: int, language: str, number: int, *, by: Agent, expected: int) -> ArticleTranslation:
    """An older text becomes the draft again."""
    refuse_unless(by, Permission.SUGGEST_ARTICLES)
    now = timezone.now()
    with transaction.atomic():
        article, text = _locked_text(article_id, language)
        old = text.revisions.filter(number=number).first()
        if old is None:
            raise NotFound(_("There is no such revision."))
        _refuse_stale(text, expected)
        values = {"title": old.title, "summary": old.summary, "body": clean_body(old.body)}
        _write_draft(text, values, by=by, at=now, kind=Kind.RESTORED)
        _touch(article, now)
        data: dict[str, Any] = {"language": language, "revision": text.revision, "from": number}
        _record(article, ArticleEvent.RESTORED, by, now, **data)
    return text


def archive(article_id: int, *, by: Agent) -> Article:
    """Nobody finds or reads it any more; it can be taken back."""
    return _set_state(article_id, ArticleState.ARCHIVED, ArticleEvent.ARCHIVED, by=by)


def take_back(article_id: int, *, by: Agent) -> Article:
    """Out of the archive: published again in the languages it was published in, else a draft."""
    return _set_state(article_id, ArticleState.PUBLISHED, ArticleEvent.TAKEN_BACK, by=by)


def _set_state(article_id: int, state: ArticleState, kind: ArticleEvent, *, by: Agent) -> Article:
    refuse_unless(by, Permission.MANAGE_ARTICLES)
    now = timezone.now()
    with transaction.atomic():
        article = lock_article(article_id)
        if (article.state == ArticleState.ARCHIVED) == (state == ArticleState.ARCHIVED):
            return article
        is_out = article.translations.exclude(published_at=None).exists()
        article.state = state if state == ArticleState.ARCHIVED or is_out else ArticleState.DRAFT
        _touch(article, now)
        _record(article, kind, by, now)
    return article


def change_article(article_id: int, *, by: Agent, category_id: int, audience: str, keywords: str) -> Article:
    """Its shelf, who may read it and what else it is found by."""
    refuse_unless(by, Permission.MANAGE_ARTICLES)
    now = timezone.now()
    values = {"category_id": category_id, "audience": _audience(audience), "keywords": _keywords(keywords)}
    with transaction.atomic():
        article = lock_article(article_id)
        before = {name: getattr(article, name) for name in values}
        if before == values:
            return article
        if not Category.objects.filter(pk=category_id).exists():
            raise InvalidInput("category", _("There is no such category."))
        for name, value in values.items():
            setattr(article, name, value)
        _touch(article, now)
        for text in article.translations.exclude(published_at=None):
            index_translation(text, article)
        changed = {name: [before[name], values[name]] for name in values if before[name] != values[name]}
        _record(article, ArticleEvent.CHANGED, by, now, **changed)
    return article


def lock_article(article_id: int) -> Article:
    """The article, locked; NotFound without one."""
    article = Article.objects.select_for_update().filter(pk=article_id).first()
    if article is None:
        raise NotFound(_("There is no such article."))
    return article


def _locked_text(article_id: int, language: str) -> tuple[Article, ArticleTranslation]:
    article = lock_article(article_id)
    text = _text_of(article, language)
    if text is None:
        raise NotFound(_("There is no text in this language."))
    return article, text


def _text_of(article: Article, language: str) -> ArticleTranslation | None:
    text = article.translations.filter(language=language).first()
    if text is not None:
        text.article = article
    return text


def _refuse_stale(text: ArticleTranslation, expected: int) -> None:
    if text.revision == expected:
        return
    last = text.revisions.select_related("by").first() if text.pk else None
    who = last.by.name if last and last.by else ""
    message = _("Somebody changed this text meanwhile. Nothing of yours is lost: compare, then save once more.")
    raise StaleText(message, text.revision, who, last.at if last else None)


def _written(text: ArticleTranslation) -> dict[str, str]:
    """What is being written: the draft, or what readers see while there is none."""
    if text.draft_at is not None:
        return {"title": text.draft_title, "summary": text.draft_summary, "body": text.draft_body}
    return {"title": text.title, "summary": text.summary, "body": text.body}


def _write_draft(text: ArticleTranslation, values: dict[str, str], *, by: Agent, at: datetime, kind: str) -> None:
    text.draft_title, text.draft_summary, text.draft_body = values["title"], values["summary"], values["body"]
    text.draft_at, text.draft_by = at, by
    text.revision += 1
    text.save()
    _keep(text, kind, by=by, at=at)


def _keep(text: ArticleTranslation, kind: str, *, by: Agent, at: datetime) -> None:
    """A revision of the text as it is now."""
    text.revisions.create(number=text.revision, kind=kind, by=by, at=at, **_written(text))


def _touch(article: Article, at: datetime) -> None:
    article.updated_at = at
    article.save()


def _record(article: Article, kind: ArticleEvent, by: Agent, at: datetime, **data: Any) -> None:
    record_event((ARTICLE_STREAM, article.pk), kind, by=by.actor, at=at, data=data)


def _clean_text(title: str, summary: str, body: str) -> dict[str, str]:
    title, summary = " ".join(title.replace("\0", "").split()), " ".join(summary.replace("\0", "").split())
    if not title:
        raise InvalidInput("title", _("An article needs a title."))
    if len(title) > LONGEST_TITLE or len(summary) > LONGEST_SUMMARY:
        raise InvalidInput("title" if len(title) > LONGEST_TITLE else "summary", _("This is too long."))
    if len(body) > LONGEST:
        raise InvalidInput("body", _("This is too long."))
    return {"title": title, "summary": summary, "body": clean_body(body)}


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise InvalidInput("language", _("We do not speak this language."))
    return language


def _audience(audience: str) -> str:
    if audience not in Audience.values:
        raise InvalidInput("audience", _("Choose who may read it."))
    return str(audience)


def _keywords(keywords: str) -> str:
    keywords = " ".join(keywords.replace("\0", "").split())
    if len(keywords) > LONGEST_KEYWORDS:
        raise InvalidInput("keywords", _("This is too long."))
    return keywords
