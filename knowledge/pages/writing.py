"""Where articles are written: the editor of one language, its preview, revisions, pictures, and what is done there."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from knowledge import shelves
from knowledge import writing as actions
from knowledge.bodies import pictures_of, with_anchors, with_pictures
from knowledge.errors import InvalidInput, KnowledgeError, NotFound, StaleText
from knowledge.models import Article, ArticlePicture, ArticleTranslation, Audience, HelpCentre
from knowledge.overview import versions_of
from knowledge.pictures import add_picture
from knowledge.reading import published
from people.access import agent_of, allowed
from people.languages import LANGUAGES
from people.models import Agent
from people.permissions import Permission
from people.thumbs import MAX_SOURCE_BYTES

from .forms import ArticleForm, NewForm, TextForm
from .widget import send_picture

SUGGEST = allowed(Permission.SUGGEST_ARTICLES)
MANAGE = allowed(Permission.MANAGE_ARTICLES)
READ = allowed(Permission.READ_TICKETS)


def found(article_id: int) -> Article:
    article = Article.objects.filter(pk=article_id).select_related("category").first()
    if article is None:
        raise Http404("no such article")
    return article


def text_in(article: Article, language: str) -> ArticleTranslation:
    """The text in this language; one without words when it is not written yet."""
    if language not in LANGUAGES:
        raise Http404("no such language")
    text = article.translations.filter(language=language).first() or ArticleTranslation(language=language)
    text.article = article
    return text


@require_http_methods(["GET", "POST"])
@SUGGEST
def new(request: HttpRequest) -> HttpResponseBase:
    agent, centre = agent_of(request), HelpCentre.load()
    form = NewForm(request.POST or None, centre=centre, language=agent.locale, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            article = actions.create_article(
                by=agent, category_id=said["category"], language=said["language"], title=said["title"],
                audience=said["audience"], keywords=said["keywords"],
            )  # fmt: skip
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            return redirect("article_edit", article.pk, said["language"])
    return render(request, "knowledge/new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@SUGGEST
def open_article(request: HttpRequest, article_id: int) -> HttpResponseBase:
    found(article_id)
    return redirect("article_edit", article_id, HelpCentre.load().default_language)


@require_http_methods(["GET", "POST"])
@SUGGEST
def edit(request: HttpRequest, article_id: int, language: str) -> HttpResponseBase:
    """The text as it is being written. `act` save keeps the draft, publish shows it to readers. A tab that is behind
    hears 409, with what it wrote and what is there now side by side."""
    article = found(article_id)
    text = text_in(article, language)
    if request.method != "POST":
        return _draw(request, article, text, TextForm(initial=_written(text)))
    form = TextForm(request.POST)
    if form.is_valid():
        try:
            return _save(request, article, language, form.cleaned_data)
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        except StaleText as stale:
            fresh = text_in(article, language)
            form = TextForm({**request.POST.dict(), "expected": stale.revision})
            return _draw(request, article, fresh, form, status=409, stale=stale, theirs=_written(fresh))
    return _draw(request, article, text, form, status=422)


def _save(request: HttpRequest, article: Article, language: str, said: dict[str, Any]) -> HttpResponseBase:
    agent, act = agent_of(request), request.POST.get("act", "save")
    words = {name: said[name] for name in ("title", "summary", "body")}
    text = actions.save_draft(article.pk, language, by=agent, expected=said["expected"], **words)
    if act == "publish" and agent.may(Permission.MANAGE_ARTICLES):
        actions.publish(article.pk, language, by=agent, expected=text.revision, minor=said["minor"])
        messages.success(request, _("Published."))
    else:
        messages.success(request, _("Saved. Readers see it once it is published."))
    return redirect("article_edit", article.pk, language)


def _written(text: ArticleTranslation) -> dict[str, Any]:
    draft = text.draft_at is not None
    return {
        "title": text.draft_title if draft else text.title, "summary": text.draft_summary if draft else text.summary,
        "body": text.draft_body if draft else text.body, "expected": text.revision,
    }  # fmt: skip


def _draw(
    request: HttpRequest, article: Article, text: ArticleTranslation, form: TextForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    agent, centre = agent_of(request), HelpCentre.load()
    texts = list(article.translations.all())
    versions = versions_of(texts, centre)
    initial = {"category": article.category_id, "audience": article.audience, "keywords": article.keywords}
    context = {
        "article": article, "text": text, "form": form, "versions": versions,
        "may_manage": agent.may(Permission.MANAGE_ARTICLES), "main": _other(texts, text, centre),
        "behind": any(one.language == text.language and one.state == "outdated" for one in versions),
        "small": bool(text.published_at) and text.language == centre.default_language and len(centre.languages) > 1,
        "change_form": ArticleForm(initial=initial, language=agent.locale),
        "revisions": list(text.revisions.select_related("by")[:20]) if text.pk else [],
    }  # fmt: skip
    return render(request, "knowledge/edit.html", context | more, status=status)


def _other(texts: list[ArticleTranslation], text: ArticleTranslation, centre: HelpCentre) -> dict[str, Any] | None:
    """The text in the main language, for who translates it."""
    main = next((one for one in texts if one.language == centre.default_language), None)
    if main is None or main.language == text.language:
        return None
    said = _written(main)
    body = mark_safe(with_pictures(said["body"], _addresses(said["body"])))  # noqa: S308  # cleaned when written
    return said | {"language": main.language, "shown": body}


@require_safe
@SUGGEST
def preview(request: HttpRequest, article_id: int, language: str) -> HttpResponseBase:
    """The draft as readers would see it."""
    text = text_in(found(article_id), language)
    return _as_readers(request, text, _written(text), is_draft=True)


@require_safe
@READ
def read(request: HttpRequest, article_id: int, language: str) -> HttpResponseBase:
    """A published article for agents, also one that is theirs alone."""
    text = published(Audience.AGENTS).filter(article=article_id, language=language)
    row = text.select_related("article__category").first()
    if row is None:
        raise Http404("no such article")
    return _as_readers(request, row, {"title": row.title, "summary": row.summary, "body": row.body}, is_draft=False)


def _as_readers(
    request: HttpRequest, text: ArticleTranslation, said: dict[str, Any], *, is_draft: bool
) -> HttpResponseBase:
    body = with_pictures(with_anchors(said["body"]), _addresses(said["body"]))
    context = {
        "text": text, "article": text.article, "title": said["title"], "summary": said["summary"], "is_draft": is_draft,
        "body": mark_safe(body),  # noqa: S308  # cleaned when it was written, see knowledge.bodies
        "may_write": agent_of(request).may(Permission.SUGGEST_ARTICLES),
    }  # fmt: skip
    return render(request, "knowledge/read.html", context)


def _addresses(body: str) -> dict[UUID, str]:
    return {id: reverse("article_picture", args=[id]) for id in pictures_of(body)}


@require_safe
@SUGGEST
def revision(request: HttpRequest, article_id: int, language: str, number: int) -> HttpResponseBase:
    """A text as it once was."""
    text = text_in(found(article_id), language)
    old = text.revisions.select_related("by").filter(number=number).first() if text.pk else None
    if old is None:
        raise Http404("no such revision")
    body = mark_safe(with_pictures(with_anchors(old.body), _addresses(old.body)))  # noqa: S308  # cleaned when written
    return render(request, "knowledge/revision.html", {"text": text, "article": text.article, "old": old, "body": body})


@require_POST
@SUGGEST
def restore(request: HttpRequest, article_id: int, language: str, number: int) -> HttpResponseBase:
    return _acted(
        request, article_id, language, _("The older text is the draft now."),
        lambda agent, seen: actions.restore(article_id, language, number, by=agent, expected=seen),
    )  # fmt: skip


@require_POST
@SUGGEST
def discard(request: HttpRequest, article_id: int, language: str) -> HttpResponseBase:
    return _acted(
        request, article_id, language, _("The draft is gone; it stays among the revisions."),
        lambda agent, seen: actions.discard_draft(article_id, language, by=agent, expected=seen),
    )  # fmt: skip


@require_POST
@MANAGE
def unpublish(request: HttpRequest, article_id: int, language: str) -> HttpResponseBase:
    return _acted(
        request, article_id, language, _("Readers of this language see it no more."),
        lambda agent, seen: actions.unpublish(article_id, language, by=agent),
    )  # fmt: skip


@require_POST
@MANAGE
def archive(request: HttpRequest, article_id: int, language: str) -> HttpResponseBase:
    return _acted(
        request, article_id, language, _("Archived."), lambda agent, seen: actions.archive(article_id, by=agent)
    )


@require_POST
@MANAGE
def take_back(request: HttpRequest, article_id: int, language: str) -> HttpResponseBase:
    return _acted(
        request, article_id, language, _("Back from the archive."),
        lambda agent, seen: actions.take_back(article_id, by=agent),
    )  # fmt: skip


@require_POST
@MANAGE
def change(request: HttpRequest, article_id: int, language: str) -> HttpResponseBase:
    """Its category, who may read it, its keywords."""
    form = ArticleForm(request.POST, language=agent_of(request).locale)
    if not form.is_valid():
        messages.error(request, " ".join(str(said) for errors in form.errors.values() for said in errors))
        return redirect("article_edit", found(article_id).pk, language)
    said = form.cleaned_data
    return _acted(
        request, article_id, language, _("Saved."),
        lambda agent, seen: actions.change_article(
            article_id, by=agent, category_id=said["category"], audience=said["audience"], keywords=said["keywords"]
        ),
    )  # fmt: skip


def _acted(request: HttpRequest, article_id: int, language: str, said: str, act: Any) -> HttpResponseBase:
    """Do it and go back to the editor; a refusal is said there."""
    seen = request.POST.get("expected", "")
    try:
        act(agent_of(request), int(seen) if seen.isdecimal() and len(seen) < 9 else -1)
    except NotFound:
        raise Http404("no such article") from None
    except KnowledgeError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, said)
    return redirect("article_edit", article_id, language if language in LANGUAGES else "en")


@require_POST
@MANAGE
def move(request: HttpRequest, article_id: int) -> HttpResponseBase:
    """A place up or down; the list again, with the focus on what was moved."""
    try:
        shelves.move_article(article_id, by=agent_of(request), up=request.POST.get("way") == "up")
    except NotFound:
        raise Http404("no such article") from None
    return redirect(f"{reverse('knowledge')}#article-{article_id}")


@require_POST
@SUGGEST
def upload(request: HttpRequest, article_id: int) -> HttpResponseBase:
    """A picture for the text: `file`. The script hears its id."""
    found(article_id)
    file = request.FILES.get("file")
    if file is None or (file.size or 0) > MAX_SOURCE_BYTES:
        return JsonResponse(
            {"code": "invalid", "message": _("Only PNG, JPEG, GIF and WebP pictures up to 25 MB.")}, status=422
        )
    try:
        row = add_picture(article_id, file.read(), file.name or "", by=agent_of(request))
    except InvalidInput as error:
        return JsonResponse({"code": error.code, "message": error.message}, status=422)
    return JsonResponse({"id": str(row.pk), "name": row.filename, "width": row.width}, status=201)


@require_safe
@READ
def picture(request: HttpRequest, picture_id: UUID) -> HttpResponseBase:
    """A picture, for agents: also of what is not published. Whoever may only read sees those of published articles."""
    row = ArticlePicture.objects.filter(pk=picture_id).first()
    agent: Agent = agent_of(request)
    if row is None or not (
        agent.may(Permission.SUGGEST_ARTICLES) or published(Audience.AGENTS).filter(article=row.article_id).exists()
    ):
        raise Http404("no such picture")
    return send_picture(row)
