"""Articles: what readers see for everyone who works here, drafts for who writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from knowledge import writing
from knowledge.errors import InvalidInput, KnowledgeError, NotFound, StaleText
from knowledge.models import (
    LONGEST_SUMMARY,
    LONGEST_TITLE,
    Article,
    ArticleState,
    ArticleTranslation,
    Audience,
    Category,
)
from people.api.base import ApiView, StrictSerializer
from people.api.pagination import PageQuery
from people.api.problems import NotFoundProblem, Problem, invalid_input
from people.api.schema import page_of
from people.languages import LANGUAGES
from people.permissions import Permission, PermissionDenied

BIGGEST = 2**63 - 1


class ArticleQuery(StrictSerializer, PageQuery):
    state = serializers.ChoiceField(ArticleState.choices, required=False)
    audience = serializers.ChoiceField(Audience.choices, required=False)
    category = serializers.IntegerField(required=False, min_value=1, max_value=BIGGEST)
    language = serializers.ChoiceField(LANGUAGES, required=False, help_text="Only those with a text in it.")


class ListQuery(StrictSerializer, PageQuery):
    pass


class TextSerializer(serializers.Serializer[Any]):
    """A text in one language. `draft` is what is being written, for who may; null while it is what readers see."""

    language = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    body = serializers.CharField(help_text="Cleaned HTML.")
    slug = serializers.CharField()
    address = serializers.CharField(help_text='Where readers find it; "" before it was ever published.')
    revision = serializers.IntegerField()
    published_at = serializers.DateTimeField(allow_null=True)
    draft = serializers.SerializerMethodField()

    def get_draft(self, text: ArticleTranslation) -> dict[str, str] | None:
        if text.draft_at is None or not self.context["writes"]:
            return None
        return {"title": text.draft_title, "summary": text.draft_summary, "body": text.draft_body}


class ArticleSerializer(serializers.Serializer[Any]):
    writes = False

    id = serializers.IntegerField()
    category = serializers.IntegerField(source="category_id")
    state = serializers.ChoiceField(ArticleState.choices)
    audience = serializers.ChoiceField(Audience.choices)
    keywords = serializers.CharField()
    position = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    texts = serializers.SerializerMethodField()

    @extend_schema_field(TextSerializer(many=True))
    def get_texts(self, article: Article) -> list[dict[str, Any]]:
        texts = article.translations.all()
        return [dict(TextSerializer(text, context={"writes": self.writes}).data) for text in texts]


class WrittenSerializer(ArticleSerializer):
    """With what is being written."""

    writes = True


class CategorySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    names = serializers.DictField(child=serializers.CharField())
    descriptions = serializers.DictField(child=serializers.CharField())
    position = serializers.IntegerField()


class Words(StrictSerializer):
    title = serializers.CharField(max_length=LONGEST_TITLE)
    summary = serializers.CharField(max_length=LONGEST_SUMMARY, required=False, allow_blank=True, default="")
    body = serializers.CharField(
        max_length=400_000, required=False, allow_blank=True, default="", trim_whitespace=False, help_text="HTML."
    )


class NewArticle(Words):
    category = serializers.IntegerField(min_value=1, max_value=BIGGEST)
    language = serializers.ChoiceField(LANGUAGES)
    audience = serializers.ChoiceField(Audience.choices, default=Audience.PUBLIC.value)
    keywords = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class NewText(Words):
    expected_revision = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, help_text="The revision this was written upon; 0 for a new language."
    )


class Publication(StrictSerializer):
    expected_revision = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    minor = serializers.BooleanField(default=False, help_text="A small change: translations are not outdated by it.")


class Facts(StrictSerializer):
    category = serializers.IntegerField(min_value=1, max_value=BIGGEST, required=False)
    audience = serializers.ChoiceField(Audience.choices, required=False)
    keywords = serializers.CharField(max_length=500, required=False, allow_blank=True)
    state = serializers.ChoiceField(
        [("archived", "archived"), ("published", "published")], required=False, help_text="Into the archive, or back."
    )


class KnowledgeView(ApiView):
    """What is published is read by everyone with a token for it, the rest by who writes."""

    area = "articles"

    @property
    def writes(self) -> bool:
        return self.agent.may(Permission.SUGGEST_ARTICLES)

    @property
    def serializer(self) -> type[ArticleSerializer]:
        return WrittenSerializer if self.writes else ArticleSerializer

    @property
    def articles(self) -> QuerySet[Article]:
        texts = ArticleTranslation.objects.order_by("language").defer("text", "vector", "folded")
        if self.writes:
            return Article.objects.prefetch_related(Prefetch("translations", texts))
        published = texts.filter(published_at__isnull=False)
        return Article.objects.filter(state=ArticleState.PUBLISHED).prefetch_related(
            Prefetch("translations", published)
        )

    def shown(self, article_id: int) -> dict[str, Any]:
        return dict(self.serializer(self.one(self.articles, pk=article_id)).data)

    def translate(self, exc: Exception) -> Exception:
        if isinstance(exc, PermissionDenied):
            return Problem(403, "forbidden", str(exc))
        if isinstance(exc, NotFound):
            return NotFoundProblem()
        if isinstance(exc, InvalidInput):
            return invalid_input([{"field": exc.field, "code": exc.code, "detail": exc.message}])
        if isinstance(exc, StaleText):
            return Problem(409, exc.code, exc.message, revision=exc.revision)
        return Problem(409, exc.code, exc.message) if isinstance(exc, KnowledgeError) else exc

    def write(self, status: int, act: Callable[[], int]) -> HttpResponseBase:
        """Do it once for a key and answer with the article."""
        return self.once(lambda: (status, self.shown(act())))


class ArticlesView(KnowledgeView):
    @extend_schema(
        operation_id="articles_list", parameters=[ArticleQuery], responses=page_of(ArticleSerializer, "Article"),
        tags=["articles"],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Articles, oldest first; those not published only for who writes."""
        query = self.query(ArticleQuery)
        named = {name: query[name] for name in ("state", "audience", "category") if name in query}
        rows = self.articles.filter(**named)
        if "language" in query:
            texts = ArticleTranslation.objects.filter(language=query["language"])
            rows = rows.filter(pk__in=(texts if self.writes else texts.exclude(published_at=None)).values("article"))
        return self.page(rows, self.serializer, query=query)

    @extend_schema(
        operation_id="articles_create", request=NewArticle, responses={201: ArticleSerializer}, tags=["articles"]
    )
    def post(self, request: Request) -> HttpResponseBase:
        """A new draft in one language."""
        said = self.body(NewArticle)
        category = said.pop("category")
        return self.write(201, lambda: writing.create_article(by=self.agent, category_id=category, **said).pk)


class CategoriesView(KnowledgeView):
    @extend_schema(
        operation_id="article_categories_list", parameters=[ListQuery],
        responses=page_of(CategorySerializer, "ArticleCategory"), tags=["articles"],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Categories, oldest first; `position` is their order."""
        return self.page(Category.objects.all(), CategorySerializer, query=self.query(ListQuery))


class ArticleView(KnowledgeView):
    @extend_schema(operation_id="articles_read", responses=ArticleSerializer, tags=["articles"])
    def get(self, request: Request, article_id: int) -> Response:
        """An article in all its languages."""
        return Response(self.shown(article_id))

    @extend_schema(operation_id="articles_change", request=Facts, responses=ArticleSerializer, tags=["articles"])
    def patch(self, request: Request, article_id: int) -> HttpResponseBase:
        """Its category, audience and keywords; `state` archives it or takes it back."""
        said = self.body(Facts)
        return self.write(200, lambda: self._change(article_id, said))

    def _change(self, article_id: int, said: dict[str, Any]) -> int:
        article = self.one(self.articles, pk=article_id)
        if state := said.get("state"):
            (writing.archive if state == "archived" else writing.take_back)(article_id, by=self.agent)
        if said.keys() & {"category", "audience", "keywords"}:
            writing.change_article(
                article_id, by=self.agent, category_id=said.get("category", article.category_id),
                audience=said.get("audience", article.audience), keywords=said.get("keywords", article.keywords),
            )  # fmt: skip
        return article_id


class TextView(KnowledgeView):
    @extend_schema(operation_id="articles_write", request=NewText, responses=ArticleSerializer, tags=["articles"])
    def put(self, request: Request, article_id: int, language: str) -> HttpResponseBase:
        """The draft in one language; readers see it once it is published. 409 when it changed meanwhile."""
        said = self.body(NewText)
        expected = said.pop("expected_revision")
        return self.write(200, lambda: self._save(article_id, language, expected, said))

    def _save(self, article_id: int, language: str, expected: int, said: dict[str, Any]) -> int:
        writing.save_draft(article_id, language, by=self.agent, expected=expected, **said)
        return article_id


class PublicationView(KnowledgeView):
    @extend_schema(operation_id="articles_publish", request=Publication, responses=ArticleSerializer, tags=["articles"])
    def put(self, request: Request, article_id: int, language: str) -> HttpResponseBase:
        """Show the draft of this language to readers."""
        said = self.body(Publication)
        expected, minor = said["expected_revision"], said["minor"]
        return self.write(
            200, lambda: writing.publish(article_id, language, by=self.agent, expected=expected, minor=minor).article_id
        )

    @extend_schema(operation_id="articles_unpublish", responses=ArticleSerializer, tags=["articles"])
    def delete(self, request: Request, article_id: int, language: str) -> HttpResponseBase:
        """Take this language off."""
        return self.write(200, lambda: writing.unpublish(article_id, language, by=self.agent).article_id)
