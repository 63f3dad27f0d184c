"""What the help centre keeps: its settings, categories, articles in their languages, and what readers made of them.

A text has two states side by side: what readers see (`title`, `summary`, `body`) and what is being written
(`draft_*`). Only publishing carries one to the other, so an edit is nobody's business until then.
"""

from __future__ import annotations

import uuid
from typing import Self

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from people.languages import LANGUAGES
from people.models import Agent

from .addresses import article_path

LONGEST_TITLE = 200
LONGEST_SUMMARY = 300
LONGEST_SLUG = 120
LONGEST_KEYWORDS = 500
LONGEST_COMMENT = 1000
# The one row of settings.
THE_CENTRE = 1


def first_languages() -> list[str]:
    return ["en"]


class HelpCentre(models.Model):
    """How the help centre is called and looks; one row. `titles` and `greetings` by language; `colour` is `#rrggbb` or
    "" for the product's own. `contact` is where readers go who found nothing: a path of ours, an `https:` or a
    `mailto:` address."""

    is_open = models.BooleanField(default=True)
    titles = models.JSONField(default=dict, blank=True)
    greetings = models.JSONField(default=dict, blank=True)
    languages = models.JSONField(default=first_languages)
    default_language = models.CharField(max_length=8, default="en")
    colour = models.CharField(max_length=7, blank=True, default="")
    contact = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=THE_CENTRE), name="helpcentre_one")]

    def __str__(self) -> str:
        return self.title(self.default_language)

    def title(self, language: str) -> str:
        """In this language, else in the default one; "" when nobody named it yet."""
        return str(self.titles.get(language) or self.titles.get(self.default_language) or "")

    def greeting(self, language: str) -> str:
        return str(self.greetings.get(language) or self.greetings.get(self.default_language) or "")

    def speaks(self, language: str) -> bool:
        return language in self.languages and language in LANGUAGES

    @classmethod
    def load(cls) -> Self:
        """The settings; as they are from the start when nobody saved any."""
        return cls.objects.filter(pk=THE_CENTRE).first() or cls(pk=THE_CENTRE)


class Category(models.Model):
    """A shelf of articles. `names` and `descriptions` by language; `slug` is its part of the address in all of them."""

    names = models.JSONField(default=dict)
    descriptions = models.JSONField(default=dict, blank=True)
    slug = models.SlugField(max_length=LONGEST_SLUG, unique=True)
    icon = models.CharField(max_length=32, blank=True, default="")
    position = models.IntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name("en")

    def name(self, language: str) -> str:
        """In this language, else in whichever there is, English first."""
        return str(self.names.get(language) or self.names.get("en") or next(iter(self.names.values()), self.slug))

    def description(self, language: str) -> str:
        return str(self.descriptions.get(language) or "")


class ArticleState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    ARCHIVED = "archived", _("Archived")


class Audience(models.TextChoices):
    """Who may read an article once it is published: everyone, or the agents alone."""

    PUBLIC = "public", _("Everyone")
    AGENTS = "agents", _("Agents only")


class ArticleQuerySet(models.QuerySet["Article"]):
    def readable_by(self, audience: Audience) -> Self:
        """Those published for these readers; agents also read what is public."""
        found = self.filter(state=ArticleState.PUBLISHED)
        return found if audience == Audience.AGENTS else found.filter(audience=Audience.PUBLIC)


class Article(models.Model):
    """One answer, in however many languages. `keywords` are words it is found by that do not stand in it. `revision`
    counts its changes, so that a screen that is behind is told."""

    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="articles")
    author = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=12, choices=ArticleState.choices, default=ArticleState.DRAFT)
    audience = models.CharField(max_length=8, choices=Audience.choices, default=Audience.PUBLIC)
    keywords = models.CharField(max_length=LONGEST_KEYWORDS, blank=True, default="")
    position = models.IntegerField(default=0)
    imported_as = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["imported_as"], name="article_imported_once", condition=~Q(imported_as="")),
        ]

    def __str__(self) -> str:
        return f"article {self.pk}"


class ArticleTranslation(models.Model):
    """An article in one language: what readers see, and the draft beside it.

    `published_at` is None until it was published, and again once it was taken off; `draft_at` is None while the draft
    is what readers see. `written_at` is when what readers see was written, `changed_at` when it last became another
    text than it was first published as; small changes move neither. `revision` grows with every change of either.
    `vector` and `folded` are what it is found by: lexemes weighted by where they stand, and the words of title,
    keywords and headings for those mistyped.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="translations", db_index=False)
    language = models.CharField(max_length=8)
    slug = models.SlugField(max_length=LONGEST_SLUG, blank=True, default="", db_index=False)
    title = models.CharField(max_length=LONGEST_TITLE, blank=True, default="")
    summary = models.CharField(max_length=LONGEST_SUMMARY, blank=True, default="")
    body = models.TextField(blank=True, default="")
    text = models.TextField(blank=True, default="")
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    written_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)
    draft_title = models.CharField(max_length=LONGEST_TITLE, blank=True, default="")
    draft_summary = models.CharField(max_length=LONGEST_SUMMARY, blank=True, default="")
    draft_body = models.TextField(blank=True, default="")
    draft_at = models.DateTimeField(null=True)
    draft_by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    revision = models.IntegerField(default=0)
    vector = SearchVectorField(null=True)
    folded = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "language"], name="translation_once"),
            models.UniqueConstraint(fields=["language", "slug"], name="translation_slug", condition=~Q(slug="")),
        ]
        indexes = [GinIndex(fields=["vector"], name="translation_vector")]

    def __str__(self) -> str:
        return self.shown_title

    @property
    def shown_title(self) -> str:
        """What agents know it by: the draft's title while it differs."""
        return self.draft_title or self.title

    def is_behind(self, main: ArticleTranslation | None) -> bool:
        """Whether readers of the main language have had another text since this one was written."""
        if main is None or main.pk == self.pk or main.published_at is None or main.changed_at is None:
            return False
        return self.written_at is not None and self.written_at < main.changed_at

    @property
    def address(self) -> str:
        """Where readers find it, "" before it was ever published."""
        return article_path(self.language, self.slug) if self.slug else ""


class ArticleRevision(models.Model):
    """A text as it was saved or published, and by whom; any of them can become the draft again."""

    class Kind(models.TextChoices):
        SAVED = "saved", _("Saved")
        PUBLISHED = "published", _("Published")
        RESTORED = "restored", _("Restored")
        IMPORTED = "imported", _("Imported")

    translation = models.ForeignKey(
        ArticleTranslation, on_delete=models.CASCADE, related_name="revisions", db_index=False
    )
    number = models.IntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    title = models.CharField(max_length=LONGEST_TITLE)
    summary = models.CharField(max_length=LONGEST_SUMMARY, blank=True, default="")
    body = models.TextField(blank=True, default="")
    by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["translation", "number"], name="revision_number")]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"


class OldSlug(models.Model):
    """An address an article had: whoever follows it is sent on."""

    language = models.CharField(max_length=8)
    slug = models.SlugField(max_length=LONGEST_SLUG, db_index=False)
    translation = models.ForeignKey(ArticleTranslation, on_delete=models.CASCADE, related_name="old_slugs")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["language", "slug"], name="oldslug_once")]

    def __str__(self) -> str:
        return f"{self.language}/{self.slug}"


class ArticlePicture(models.Model):
    """A picture of an article's text, known there by its id; the bytes lie on the storage of attachments."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="pictures")
    sha256 = models.CharField(max_length=64)
    content_type = models.CharField(max_length=40)
    size = models.IntegerField()
    width = models.IntegerField()
    height = models.IntegerField()
    filename = models.CharField(max_length=200, blank=True, default="")
    by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.filename or str(self.id)


class ArticleFeedback(models.Model):
    """Whether an article helped somebody, once a reader and day. `reader` is a digest that changes every day: it tells
    the same browser on the same day and nobody afterwards."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="feedback", db_index=False)
    language = models.CharField(max_length=8)
    day = models.DateField()
    reader = models.CharField(max_length=64)
    helped = models.BooleanField()
    comment = models.CharField(max_length=LONGEST_COMMENT, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "article feedback"
        constraints = [models.UniqueConstraint(fields=["article", "day", "reader"], name="feedback_once_a_day")]
        indexes = [models.Index(F("at").desc(), name="feedback_latest")]

    def __str__(self) -> str:
        return f"article {self.article_id}: {'helped' if self.helped else 'did not help'}"


class ArticleViews(models.Model):
    """How often an article was opened on a day, in a language."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="views", db_index=False)
    language = models.CharField(max_length=8)
    day = models.DateField()
    count = models.IntegerField(default=0)

    class Meta:
        verbose_name_plural = "article views"
        constraints = [models.UniqueConstraint(fields=["article", "day", "language"], name="views_of_day")]

    def __str__(self) -> str:
        return f"article {self.article_id}, {self.day}: {self.count}"


class SearchMiss(models.Model):
    """What was searched for in vain on a day, and how often. Nothing that could be an address or a number of somebody
    is kept."""

    language = models.CharField(max_length=8)
    query = models.CharField(max_length=100)
    day = models.DateField()
    count = models.IntegerField(default=0)

    class Meta:
        verbose_name_plural = "search misses"
        constraints = [models.UniqueConstraint(fields=["day", "language", "query"], name="searchmiss_of_day")]

    def __str__(self) -> str:
        return f"{self.query}: {self.count}"
