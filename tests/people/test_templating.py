"""Constants of a template are text before it is rendered, in the language it is asked for in; the rest stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.template import Context, Engine, Template
from django.template.base import TextNode
from django.utils import translation

LIBRARIES = {"i18n": "django.templatetags.i18n", "helpdesk_ui": "tickets.templatetags.helpdesk_ui"}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    files = ("django.template.loaders.filesystem.Loader", [str(tmp_path)])
    return Engine(libraries=LIBRARIES, loaders=[("people.templating.Loader", [files])])


def load(engine: Engine, folder: Path, source: str, name: str = "page.html") -> Template:
    folder.joinpath(name).write_text("{% load i18n helpdesk_ui %}" + source)
    return engine.get_template(name)


def test_words_and_pictures_are_one_text(engine: Engine, tmp_path: Path) -> None:
    with translation.override("uk"):
        page = load(engine, tmp_path, '<b>{% translate "Close" %}</b>{% icon "x" %}!')

    words = [node for node in page.nodelist if isinstance(node, TextNode)]
    assert len(words) == 1
    assert words[0].s.startswith("<b>Закрити</b><svg ")
    assert words[0].s.endswith("</svg>!")


def test_each_language_has_its_own(engine: Engine, tmp_path: Path) -> None:
    load(engine, tmp_path, '{% translate "Send" %}')
    for language, word in (("en", "Send"), ("uk", "Надіслати"), ("de", "Senden"), ("en", "Send")):
        with translation.override(language):
            assert engine.get_template("page.html").render(Context()) == word


def test_a_language_named_inside_wins(engine: Engine, tmp_path: Path) -> None:
    source = '{% language "uk" %}{% translate "Send" %}{% endlanguage %} {% language code %}{% translate "Send" %}{% endlanguage %}'
    page = load(engine, tmp_path, source)

    assert page.render(Context({"code": "de"})) == "Надіслати Senden"


def test_an_include_within_another_language_speaks_it(engine: Engine, tmp_path: Path) -> None:
    load(engine, tmp_path, '{% translate "Close" %}', "part.html")
    page = load(
        engine, tmp_path, '{% include "part.html" %} {% language "uk" %}{% include "part.html" %}{% endlanguage %}'
    )

    assert page.render(Context()) == "Close Закрити"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{% translate word %}", "a &lt;b&gt;"),
        ('{% translate "Close" as said %}[{{ said }}]', "[Закрити]"),
        ('{% translate "Close"|upper %}', "ЗАКРИТИ"),
        ('{% if yes %}{% translate "Close" %}{% else %}{% translate "Open" %}{% endif %}', "Закрити"),
        (
            '{% for _ in twice %}{% translate "Close" %} {% empty %}{% translate "Open" %}{% endfor %}',
            "Закрити Закрити ",
        ),
        ("{% for _ in none %}-{% empty %}{% translate 'Close' %}{% endfor %}", "Закрити"),
        ('{% with word as other %}{{ other }} {% translate "Close" %}{% endwith %}', "a &lt;b&gt; Закрити"),
        ("{% translate '100% <b>' %}", "100% <b>"),
    ],
)
def test_what_is_drawn_is_what_it_was(engine: Engine, tmp_path: Path, source: str, shown: str) -> None:
    with translation.override("uk"):
        page = load(engine, tmp_path, source)

        assert page.render(Context({"word": "a <b>", "yes": True, "twice": [1, 2], "none": []})) == shown


def test_a_picture_named_by_a_variable_is_looked_up_each_time(engine: Engine, tmp_path: Path) -> None:
    page = load(engine, tmp_path, "{% icon name %}")

    assert "#bell" in page.render(Context({"name": "bell"}))
    assert "#star" in page.render(Context({"name": "star"}))


def test_blocks_that_others_override_are_folded_too(engine: Engine, tmp_path: Path) -> None:
    load(
        engine, tmp_path, '{% block a %}{% translate "Close" %}{% endblock %}{% block b %}-{% endblock %}', "base.html"
    )
    tmp_path.joinpath("page.html").write_text(
        '{% extends "base.html" %}{% load i18n %}{% block b %}{{ block.super }}{% translate "Close" %}{% endblock %}'
    )
    with translation.override("uk"):
        assert engine.get_template("page.html").render(Context()) == "Закрити-Закрити"
