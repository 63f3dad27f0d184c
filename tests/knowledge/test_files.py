"""Articles from files and back: idempotent by file name, one article a path, whatever the languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from knowledge.demo import FOLDER
from knowledge.files import Imported, export_folder, import_folder, read_text
from knowledge.models import Article, ArticleRevision, Category
from people.models import Agent, Role
from tests.people import make_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def marta() -> Agent:
    return make_agent("Marta", role=Role.MANAGER)


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def bring(folder: Path, by: Agent, language: str = "en") -> tuple[int, int, int]:
    done = import_folder(folder, language=language, by=by, and_publish=True)
    assert done.refused == []
    return done.created, done.changed, done.same


def test_again_changes_what_changed_and_makes_nothing_twice(tmp_path: Path, marta: Agent) -> None:
    write(tmp_path, "01-delivery/how-long.md", "# How long\n\nTwo **days**.\n\n<script>alert(1)</script>\n")
    write(tmp_path, "01-delivery/where.html", "<h1>Where</h1><p>Here.</p>")
    assert bring(tmp_path, marta) == (2, 0, 0)
    assert bring(tmp_path, marta) == (0, 0, 2)
    write(tmp_path, "01-delivery/how-long.md", "# How long\n\nThree days.\n")
    assert bring(tmp_path, marta) == (0, 1, 1)
    (row,) = Article.objects.get(imported_as="01-delivery/how-long").translations.all()
    assert (row.title, row.body) == ("How long", "<p>Three days.</p>")
    assert ArticleRevision.objects.filter(translation=row).count() == 4
    assert Category.objects.get().slug == "delivery"


def test_the_same_path_in_another_language_is_the_same_article(tmp_path: Path, marta: Agent) -> None:
    write(tmp_path / "en", "delivery/how-long.md", "# How long")
    write(tmp_path / "uk", "delivery/how-long.md", "# Скільки чекати")
    write(tmp_path / "uk", "delivery/_category.md", "---\ntitle: Доставка\n---\n")
    assert bring(tmp_path / "en", marta) == (1, 0, 0)
    assert bring(tmp_path / "uk", marta, "uk") == (0, 1, 0)
    assert Article.objects.get().translations.count() == 2
    assert Category.objects.get().names == {"en": "Delivery", "uk": "Доставка"}


def test_what_is_refused_holds_up_none(tmp_path: Path, marta: Agent) -> None:
    write(tmp_path, "a/long.md", f"# {'x' * 300}")
    write(tmp_path, "a/fine.md", "# Fine")
    (tmp_path / "a" / "broken.md").write_bytes(b"\xff\xfe\xff")
    done = import_folder(tmp_path, language="en", by=marta)
    assert done.created == 1 and sorted(line.split(":")[0] for line in done.refused) == ["a/broken", "a/long"]


def test_out_and_in_again_is_the_same(tmp_path: Path, marta: Agent) -> None:
    import_folder(FOLDER / "uk", language="uk", by=marta, and_publish=True)
    assert export_folder(tmp_path, language="uk") == 12
    assert bring(tmp_path, marta, "uk") == (0, 0, 12)


@pytest.mark.parametrize(
    ("source", "ending", "title", "body"),
    [
        ("# T\n\nx", ".md", "T", "<p>x</p>\n"), ("x", ".md", "File", "<p>x</p>\n"),
        ("---\ntitle: A\nkeywords: b c\n---\n# Not the title\n", ".md", "A", "<h1>Not the title</h1>\n"),
        ("<title>T &amp; U</title><p>x</p>", ".html", "T & U", "<p>x</p>"),
        ("\ufeff# T\r\n\r\nx", ".md", "T", "<p>x</p>\n"), ("", ".md", "File", ""),
    ],
)  # fmt: skip
def test_what_a_file_says(source: str, ending: str, title: str, body: str) -> None:
    said = read_text(source, ending, "File")
    assert (said.title, said.body) == (title, body)


def test_the_commands(tmp_path: Path, marta: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "a/one.md", "# One")
    call_command("import_articles", str(tmp_path), "--language", "en", "--publish")
    assert capsys.readouterr().out == "1 new, 0 changed, 0 as they were.\n"
    with pytest.raises(CommandError, match="no folder"):
        call_command("import_articles", str(tmp_path / "none"), "--language", "en")
    with pytest.raises(CommandError, match="No agent"):
        call_command("import_articles", str(tmp_path), "--language", "en", "--by", "nobody@shop.example")
    write(tmp_path, "a/bad.md", f"# {'x' * 300}")
    with pytest.raises(CommandError, match="1 files"):
        call_command("import_articles", str(tmp_path), "--language", "en")


def test_the_demos_articles_come_in(marta: Agent) -> None:
    for language in ("en", "uk"):
        done = import_folder(FOLDER / language, language=language, by=marta, and_publish=True)
        assert done == Imported(created=12 if language == "en" else 0, changed=0 if language == "en" else 12)
    assert [row.names["uk"] for row in Category.objects.all()] == [
        "Доставка",
        "Повернення й відшкодування",
        "Оплата",
        "Розміри та догляд",
    ]


def test_the_keywords_of_a_further_language_are_put_to_those_there_are_and_no_others(
    tmp_path: Path, marta: Agent
) -> None:
    for language, keywords in (("en", "ship post"), ("uk", "пошта post"), ("de", "x" * 499)):
        write(tmp_path / language, "a/one.md", f"---\ntitle: One\nkeywords: {keywords}\n---\nText")
        import_folder(tmp_path / language, language=language, by=marta, and_publish=True)
    assert Article.objects.get().keywords == "ship post пошта"
    Article.objects.update(keywords="by hand")
    write(tmp_path / "uk", "a/one.md", "---\ntitle: One\nkeywords: пошта\n---\nOther text")
    import_folder(tmp_path / "uk", language="uk", by=marta, and_publish=True)
    assert Article.objects.get().keywords == "by hand"
