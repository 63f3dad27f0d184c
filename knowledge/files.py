"""Articles as files, in and out: Markdown or HTML, a folder a category, one language at a time.

A file begins with lines `title:`, `summary:`, `keywords:`, `audience:` between two lines of `---`, or with a heading
that is its title. Its path without the ending names the article, so that importing again changes what changed and makes
nothing twice, and the same path in another language is another text of the same article,
which is found by the keywords of both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

from people.models import Agent
from people.permissions import Permission

from .addresses import slug_of
from .bodies import text_of
from .errors import KnowledgeError
from .models import LONGEST_KEYWORDS, Article, ArticleState, ArticleTranslation, Audience, Category
from .shelves import save_category
from .writing import Kind, change_article, create_article, publish, save_draft

ENDINGS = (".md", ".markdown", ".html", ".htm")
LARGEST = 1_000_000  # bytes
ABOUT_CATEGORY = "_category"
_HEAD = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_FACT = re.compile(r"^(title|summary|keywords|audience|icon):[ \t]*(.*)$", re.MULTILINE)
_MARKDOWN_TITLE = re.compile(r"\A\s*# +(.+?) *#*(?:\n|\Z)")
_HTML_TITLE = re.compile(r"<h1[^>]*>(.*?)</h1>|<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
# HTML inside of Markdown is cleaned like any.
_markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@dataclass(frozen=True, slots=True)
class FileText:
    """What a file says."""

    title: str
    body: str
    facts: dict[str, str]


@dataclass(slots=True)
class Imported:
    """What became of the files; `refused` says why some did not come in."""

    created: int = 0
    changed: int = 0
    same: int = 0
    refused: list[str] = field(default_factory=list)


def read_text(source: str, ending: str, otherwise: str = "") -> FileText:
    """A file's title, its body as HTML (not cleaned yet) and its facts; `otherwise` is its title when it has none."""
    source = source.lstrip("\ufeff").replace("\r\n", "\n")
    head = _HEAD.match(source)
    facts = {name: value.strip() for name, value in _FACT.findall(head[1])} if head else {}
    rest = source[head.end() :] if head else source
    found = (_HTML_TITLE if ending.startswith(".htm") else _MARKDOWN_TITLE).search(rest)
    title = facts.get("title", "")
    if found and (not title or text_of(next(filter(None, found.groups()), "")) == title):
        title = text_of(next(filter(None, found.groups()), ""))
        rest = rest[: found.start()] + rest[found.end() :]
    body = rest if ending.startswith(".htm") else _markdown.render(rest)
    return FileText(title or otherwise, body, facts)


def import_folder(folder: Path, *, language: str, by: Agent, and_publish: bool = False) -> Imported:
    """Bring every file of the folder in, each in transactions of its own: one that is refused holds up none."""
    done = Imported()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if not path.is_file() or path.suffix.lower() not in ENDINGS or path.stem == ABOUT_CATEGORY:
            continue
        try:
            _import_file(folder, path, name, language, by, done, and_publish=and_publish)
        except (KnowledgeError, UnicodeDecodeError, OSError) as error:
            done.refused.append(f"{name}: {getattr(error, 'message', '') or type(error).__name__}")
    return done


def _import_file(
    folder: Path, path: Path, name: str, language: str, by: Agent, done: Imported, *, and_publish: bool
) -> None:
    text, shelf = _read(path), _category(folder, path.parent, language, by)
    article = Article.objects.filter(imported_as=name[:200]).first()
    before = article.translations.filter(language=language).first() if article else None
    values = {"title": text.title, "summary": text.facts.get("summary", ""), "body": text.body}
    if article is None:
        article = create_article(
            by=by, category_id=shelf.pk, language=language, imported_as=name[:200],
            audience=text.facts.get("audience") or Audience.PUBLIC, keywords=text.facts.get("keywords", ""), **values,
        )  # fmt: skip
        after = article.translations.get(language=language)
        done.created += 1
    else:
        expected = before.revision if before else 0
        after = save_draft(article.pk, language, by=by, expected=expected, kind=Kind.IMPORTED, **values)
        if before is not None and after.revision == before.revision:
            done.same += 1
        else:
            done.changed += 1
        if before is None:
            _add_keywords(article, text.facts.get("keywords", ""), by)
    if and_publish:
        publish(article.pk, language, by=by, expected=after.revision)


def _add_keywords(article: Article, said: str, by: Agent) -> None:
    """An article has one list of keywords: those that come with a further language are put to it, once."""
    words = list(dict.fromkeys([*article.keywords.split(), *said.split()]))
    while len(" ".join(words)) > LONGEST_KEYWORDS:
        words.pop()
    if len(words) > len(set(article.keywords.split())) and by.may(Permission.MANAGE_ARTICLES):
        change_article(
            article.pk, by=by, category_id=article.category_id, audience=article.audience, keywords=" ".join(words)
        )


def _read(path: Path) -> FileText:
    if path.stat().st_size > LARGEST:
        raise OSError("larger than 1 MB")
    otherwise = without_number(path.stem).replace("-", " ").capitalize()
    return read_text(path.read_text(encoding="utf-8"), path.suffix.lower(), otherwise)


def without_number(name: str) -> str:
    """`01-delivery` is "delivery": numbers before names only give files an order."""
    return name.lstrip("0123456789-_ ") or name


def _category(folder: Path, place: Path, language: str, by: Agent) -> Category:
    """The category that is called like the folder; made on first need, and named in this language."""
    called = without_number(place.name) if place != folder else "articles"
    slug = slug_of(called) or "articles"
    row = Category.objects.filter(slug=slug).first()
    about = next((_read(path) for path in place.glob(f"{ABOUT_CATEGORY}.*")), None)
    title = about.title if about else called.replace("-", " ").capitalize()
    if row is not None and (language in row.names or about is None):
        return row
    names, descriptions = ({**row.names}, {**row.descriptions}) if row else ({}, {})
    names[language] = title
    if about and about.facts.get("summary"):
        descriptions[language] = about.facts["summary"]
    icon = row.icon if row else (about.facts.get("icon", "") if about else "")
    return save_category(row.pk if row else None, by=by, names=names, descriptions=descriptions, icon=icon, slug=slug)


def export_folder(folder: Path, *, language: str) -> int:
    """Write what readers see in this language as HTML, to be imported again; how many."""
    count = 0
    for text in _published(language):
        name = text.article.imported_as or f"{text.article.category.slug}/{text.slug}"
        path = (folder / name).with_suffix(".html") if "." in Path(name).name else folder / f"{name}.html"
        if not path.resolve().is_relative_to(folder.resolve()):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(text), encoding="utf-8")
        count += 1
    return count


def _published(language: str) -> Iterator[ArticleTranslation]:
    rows = ArticleTranslation.objects.filter(language=language, published_at__isnull=False)
    yield from rows.filter(article__state=ArticleState.PUBLISHED).select_related("article__category").order_by("pk")


def written(text: ArticleTranslation) -> str:
    """A published text as a file."""
    facts = {
        "title": text.title, "summary": text.summary, "keywords": text.article.keywords,
        "audience": text.article.audience,
    }  # fmt: skip
    head = "".join(f"{name}: {value}\n" for name, value in facts.items() if value)
    return f"---\n{head}---\n<h1>{escape(text.title)}</h1>\n{text.body}\n"
