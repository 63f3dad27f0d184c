"""Categories, their order and that of their articles, and the settings of the help centre: for who manages it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.audit import note_setting
from events.ledger import record_event
from people.languages import LANGUAGES
from people.models import Agent
from people.permissions import Permission

from .addresses import slug_of
from .errors import InvalidInput, NotFound
from .events import ARTICLE_STREAM, CENTRE_STREAM, ArticleEvent, CategoryEvent, CentreEvent
from .models import THE_CENTRE, Article, Category, HelpCentre
from .writing import lock_article, refuse_unless


@dataclass(frozen=True, slots=True)
class Picture:
    """What may stand beside a category's name: an icon of the sprite, and what it shows."""

    icon: str
    name: Promise


PICTURES = (
    Picture(icon="truck", name=gettext_lazy("Van")),
    Picture(icon="undo-2", name=gettext_lazy("Way back")),
    Picture(icon="credit-card", name=gettext_lazy("Card")),
    Picture(icon="ruler", name=gettext_lazy("Ruler")),
    Picture(icon="shopping-bag", name=gettext_lazy("Bag")),
    Picture(icon="gift", name=gettext_lazy("Present")),
    Picture(icon="shield-check", name=gettext_lazy("Shield")),
    Picture(icon="circle-user-round", name=gettext_lazy("Person")),
    Picture(icon="book-open", name=gettext_lazy("Book")),
)
ICONS = frozenset(picture.icon for picture in PICTURES)


def save_centre(*, by: Agent, **values: Any) -> HelpCentre:
    """Change the settings; saving what is there changes nothing. `values` as the columns are called."""
    refuse_unless(by, Permission.MANAGE_ARTICLES)
    if not set(values["languages"]) <= set(LANGUAGES) or values["default_language"] not in values["languages"]:
        raise InvalidInput("default_language", _("The main language must be one of those chosen."))
    with transaction.atomic():
        centre = _lock_centre()
        changed = [name for name, value in values.items() if getattr(centre, name) != value]
        if not changed:
            return centre
        before = {name: getattr(centre, name) for name in changed}
        note_setting("help_centre 1", before, {name: values[name] for name in changed}, by=by.actor)
        for name in changed:
            setattr(centre, name, values[name])
        centre.save()
        _record(CentreEvent.SAVED, by, changed=changed)
    return centre


def save_category(
    category_id: int | None, *, by: Agent, names: dict[str, str], descriptions: dict[str, str] | None = None,
    icon: str = "", slug: str = "",
) -> Category:  # fmt: skip
    """A new category, last of all, or another name for one. Its address stays as it was first called, by `slug` or
    by its name."""
    refuse_unless(by, Permission.MANAGE_ARTICLES)
    names, descriptions = _cleaned(names, 80), _cleaned(descriptions or {}, 300)
    if not names:
        raise InvalidInput("names", _("A category needs a name."))
    if icon and icon not in ICONS:
        raise InvalidInput("icon", _("Choose one of the pictures."))
    with transaction.atomic():
        _lock_centre()
        row = _category(category_id) if category_id is not None else Category(position=Category.objects.count())
        values = {"names": names, "descriptions": descriptions, "icon": icon}
        if row.pk and all(getattr(row, name) == value for name, value in values.items()):
            return row
        if row.pk:
            before = {name: getattr(row, name) for name in values}
            note_setting(f"help_category {row.pk}", before, values, by=by.actor)
        for name, value in values.items():
            setattr(row, name, value)
        if not row.slug:
            row.slug = _free_slug(slug_of(slug or names.get("en") or next(iter(names.values()))) or "category")
        row.save()
        _record(CategoryEvent.SAVED, by, category=row.pk)
    return row


def remove_category(category_id: int, *, by: Agent) -> None:
    """Only an empty one goes."""
    refuse_unless(by, Permission.MANAGE_ARTICLES)
    with transaction.atomic():
        _lock_centre()
        row = _category(category_id)
        try:
            with transaction.atomic():
                row.delete()
        except IntegrityError:
            raise InvalidInput("category", _("There are articles in it. Move them first.")) from None
        note_setting(f"help_category {category_id}", {"names": row.names}, {"names": None}, by=by.actor)
        _record(CategoryEvent.REMOVED, by, category=category_id)


def move_category(category_id: int, *, by: Agent, up: bool) -> None:
    """One place up or down; the first stays first."""
    refuse_unless(by, Permission.MANAGE_ARTICLES)
    with transaction.atomic():
        _lock_centre()
        _category(category_id)
        order = list(Category.objects.order_by("position", "pk"))
        if _swap(order, category_id, up=up):
            Category.objects.bulk_update(order, ["position"])
            there = next(place for place, one in enumerate(order) if one.pk == category_id)
            note_setting(
                f"help_category {category_id}",
                {"position": there + (1 if up else -1)},
                {"position": there},
                by=by.actor,
            )
            _record(CategoryEvent.MOVED, by, category=category_id, up=up)


def move_article(article_id: int, *, by: Agent, up: bool) -> None:
    """One place up or down on its shelf."""
    refuse_unless(by, Permission.MANAGE_ARTICLES)
    with transaction.atomic():
        _lock_centre()
        article = lock_article(article_id)
        order = list(Article.objects.filter(category=article.category_id).order_by("position", "pk"))
        if _swap(order, article_id, up=up):
            Article.objects.bulk_update(order, ["position"])
            position = next(one.position for one in order if one.pk == article_id)
            data = {"category": article.category_id, "position": position}
            record_event((ARTICLE_STREAM, article_id), ArticleEvent.MOVED, by=by.actor, at=timezone.now(), data=data)


def _swap(order: list[Any], id: int, *, up: bool) -> bool:
    """Number the rows anew with one of them a place further; whether anything moved."""
    at = next(place for place, one in enumerate(order) if one.pk == id)
    to = at - 1 if up else at + 1
    if not 0 <= to < len(order):
        return False
    order[at], order[to] = order[to], order[at]
    for place, one in enumerate(order):
        one.position = place
    return True


def _lock_centre() -> HelpCentre:
    """The settings' row, made when nobody saved any, locked: order and addresses change one after the other."""
    HelpCentre.objects.get_or_create(pk=THE_CENTRE)
    return HelpCentre.objects.select_for_update().get(pk=THE_CENTRE)


def _category(category_id: int) -> Category:
    row = Category.objects.filter(pk=category_id).first()
    if row is None:
        raise NotFound(_("There is no such category."))
    return row


def _free_slug(base: str) -> str:
    taken = set(Category.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)


def _cleaned(words: dict[str, str], longest: int) -> dict[str, str]:
    said = {code: " ".join(str(text).replace("\0", "").split()) for code, text in words.items() if code in LANGUAGES}
    if any(len(text) > longest for text in said.values()):
        raise InvalidInput("names", _("This is too long."))
    return {code: text for code, text in said.items() if text}


def _record(kind: str, by: Agent, **data: Any) -> None:
    record_event(CENTRE_STREAM, kind, by=by.actor, at=timezone.now(), data=data)
