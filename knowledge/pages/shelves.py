"""The list of articles, categories, settings, and what readers said: for who looks after the help centre."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from knowledge import shelves
from knowledge.errors import InvalidInput, NotFound
from knowledge.models import ArticleState, Audience, Category, HelpCentre
from knowledge.overview import feedback, misses, places
from knowledge.search import find
from people.access import agent_of
from people.languages import choose_language
from people.permissions import Permission

from .forms import CategoryForm, CentreForm, spread
from .public import LONGEST_QUERY
from .widget import as_json
from .writing import MANAGE, READ, SUGGEST

FOUND = 6


@require_safe
@SUGGEST
def index(request: HttpRequest) -> HttpResponseBase:
    """All articles by category; `?state=`, `?q=` and `?gaps=1` narrow it down."""
    agent, centre = agent_of(request), HelpCentre.load()
    state = request.GET.get("state", "")
    state = state if state in ArticleState.values else ""
    asked = request.GET.get("q", "")[:LONGEST_QUERY].replace("\0", "").strip()
    gaps = request.GET.get("gaps") == "1"
    context = {
        "places": places(centre, agent.locale, state=state, asked=asked, gaps=gaps), "centre": centre, "state": state,
        "asked": asked, "gaps": gaps, "states": ArticleState.choices, "narrowed": bool(state or asked or gaps),
        "may_manage": agent.may(Permission.MANAGE_ARTICLES), "part": "articles",
    }  # fmt: skip
    return render(request, "knowledge/index.html", context)


@require_safe
@SUGGEST
def readers(request: HttpRequest) -> HttpResponseBase:
    """What readers said, and what they searched for in vain."""
    agent, words = agent_of(request), request.GET.get("words") == "1"
    rows = [(row, _title(row.article.translations.all(), row.language)) for row in feedback(words_only=words)]
    context = {
        "rows": rows, "misses": misses(), "words": words, "part": "readers",
        "may_manage": agent.may(Permission.MANAGE_ARTICLES),
    }  # fmt: skip
    return render(request, "knowledge/readers.html", context)


def _title(texts: Any, language: str) -> str:
    known = {text.language: text.title or text.draft_title for text in texts}
    return known.get(language) or next(iter(known.values()), "–")


@require_http_methods(["GET", "POST"])
@MANAGE
def settings_page(request: HttpRequest) -> HttpResponseBase:
    agent, centre = agent_of(request), HelpCentre.load()
    initial = {
        "is_open": centre.is_open, "chosen": centre.languages, "default_language": centre.default_language,
        "colour": centre.colour, "contact": centre.contact,
        **spread("title", centre.titles), **spread("greeting", centre.greetings),
    }  # fmt: skip
    form = CentreForm(request.POST or None, initial=initial, languages=centre.languages)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        kept = {code: text for code, text in centre.titles.items() if code not in centre.languages}
        greeted = {code: text for code, text in centre.greetings.items() if code not in centre.languages}
        try:
            shelves.save_centre(
                by=agent, is_open=said["is_open"], languages=said["chosen"], default_language=said["default_language"],
                colour=said["colour"], contact=said["contact"], titles=kept | form.words("title"),
                greetings=greeted | form.words("greeting"),
            )  # fmt: skip
        except InvalidInput as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("knowledge_settings")
    context = {"form": form, "part": "settings", "may_manage": True}
    return render(request, "knowledge/settings.html", context, status=422 if form.errors else 200)


@require_safe
@MANAGE
def categories(request: HttpRequest) -> HttpResponseBase:
    language = agent_of(request).locale
    rows = [(row, row.name(language), row.description(language)) for row in Category.objects.all()]
    context = {"rows": rows, "part": "categories", "may_manage": True}
    return render(request, "knowledge/categories.html", context)


@require_http_methods(["GET", "POST"])
@MANAGE
def category(request: HttpRequest, category_id: int | None = None) -> HttpResponseBase:
    """A new category, or another name for one."""
    row = Category.objects.filter(pk=category_id).first() if category_id is not None else None
    if row is None and category_id is not None:
        raise Http404("no such category")
    initial = spread("name", row.names) | spread("description", row.descriptions) | {"icon": row.icon} if row else {}
    form = CategoryForm(request.POST or None, initial=initial, languages=HelpCentre.load().languages)
    if request.method == "POST" and form.is_valid():
        names, about = (row.names if row else {}), (row.descriptions if row else {})
        others = set(form.languages)
        try:
            shelves.save_category(
                category_id, by=agent_of(request), icon=form.cleaned_data["icon"],
                names={code: text for code, text in names.items() if code not in others} | form.words("name"),
                descriptions={code: text for code, text in about.items() if code not in others}
                | form.words("description"),
            )  # fmt: skip
        except InvalidInput as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("knowledge_categories")
    context = {"form": form, "row": row, "part": "categories", "may_manage": True}
    return render(request, "knowledge/category.html", context, status=422 if form.errors else 200)


@require_POST
@MANAGE
def move_category(request: HttpRequest, category_id: int) -> HttpResponseBase:
    try:
        shelves.move_category(category_id, by=agent_of(request), up=request.POST.get("way") == "up")
    except NotFound:
        raise Http404("no such category") from None
    return redirect(f"{reverse('knowledge_categories')}#category-{category_id}")


@require_POST
@MANAGE
def remove_category(request: HttpRequest, category_id: int) -> HttpResponseBase:
    try:
        shelves.remove_category(category_id, by=agent_of(request))
    except NotFound:
        raise Http404("no such category") from None
    except InvalidInput as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Removed."))
    return redirect("knowledge_categories")


@require_safe
@READ
def search(request: HttpRequest) -> HttpResponseBase:
    """`?q=&lang=`: articles for the palette and the composer, those of agents too."""
    agent, centre = agent_of(request), HelpCentre.load()
    asked = request.GET.get("q", "")[:LONGEST_QUERY].replace("\0", " ").strip()
    wanted = choose_language([request.GET.get("lang", "")[:20], agent.locale])
    language = wanted if centre.speaks(wanted) else centre.default_language
    found = find(asked, language=language, limit=FOUND, audience=Audience.AGENTS)
    rows = [as_json(one) | {"agents_only": one.agents_only, "link": settings.BASE_URL + one.address} for one in found]
    return JsonResponse({"articles": rows})
