"""What customers may see: where its strings stand. They have these in six languages, agents have all of theirs in two.

The widget and the questions of surveys have words of their own in six languages: the words.py of livechat and of
metrics/surveys.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
# Files, or what has this name in one that holds agents' words too.
CUSTOMERS = (
    # The contact form, its errors and its answer; what is called by that name in a ticket.
    "templates/channels_inbound/contact.html",
    "templates/people/_field.html",
    "channels_inbound/contact_form/pages.py:MessageForm",
    "channels_inbound/contact_form/pages.py:_answer",
    "channels_inbound/contact_form/pages.py:_wrong",
    "channels_inbound/contact_form/pages.py:_files_wrong",
    "channels_inbound/contact_form/taking.py:take_message",
    # Fields of the shop's own that it asks: what one cannot hold.
    "tickets/asked_fields.py",
    "tickets/fields.py:_text",
    "tickets/fields.py:_number",
    "tickets/fields.py:_choice",
    "tickets/fields.py:_date",
    "tickets/fields.py:_checkbox",
    # The link at the end of unprompted mail, and its page.
    "channels_inbound/email/compose.py",
    "templates/people/unsubscribe.html",
    "people/models/customer.py:MailKind",
    # What our mails say beside an agent's words: who wrote what below, what is passed on, that a mail arrived.
    "channels_inbound/email/forwarding.py",
    "tickets/actions/acknowledge.py",
    # What a caller hears before the tone.
    "channels_inbound/twilio/spoken.py",
    # What canned replies fill in of orders and of the shop's own fields.
    "commerce/models.py:OrderStatus",
    "tickets/fields.py:shown_value",
    # The help centre.
    *(
        f"templates/knowledge/public/{name}.html"
        for name in (
            "base",
            "_search",
            "_listed",
            "_missing",
            "start",
            "category",
            "article",
            "search",
            "lost",
        )
    ),
    "knowledge/pages/answering.py",
    "knowledge/answers.py",
    # Links that lead nowhere, and what goes wrong on those pages.
    "templates/customers_error.html",
)
LANGUAGES = ("de", "es", "fr", "pl")
_KEYWORDS = {
    f"{context}{plural}gettext{when}": (bool(context), bool(plural))
    for context in ("", "p") for plural in ("", "n") for when in ("", "_lazy", "_noop")
} | {"_": (False, False)}  # fmt: skip
# What is said, with its plural if it has one, and in what sense.
Entry = tuple[str | tuple[str, str], str | None]


def collected(language: str) -> Catalog:
    """Every string a customer may see, untranslated, with the files it stands in."""
    catalog = Catalog(locale=language, fuzzy=False)
    for place in CUSTOMERS:
        path, _colon, name = place.partition(":")
        entries = list(_of_template(path) if path.endswith(".html") else _of_code(path, name))
        if not entries:
            raise ValueError(f"{place} holds no string for customers any more")
        for id, context in entries:
            catalog.add(id, locations=[(path, 1)], context=context)
    return catalog


def _of_template(path: str) -> Iterator[Entry]:
    # Without the indentation, which is no Python's.
    source = "\n".join(line.lstrip() for line in templatize((ROOT / path).read_text()).splitlines())
    found: Iterable[Any] = extract_python(BytesIO(source.encode()), dict.fromkeys(_KEYWORDS), [], {})
    for _line, keyword, said, _comments in found:
        yield _entry(keyword, [said] if isinstance(said, str) else [part for part in said if part])


def _of_code(path: str, name: str) -> Iterator[Entry]:
    tree = ast.parse((ROOT / path).read_text())
    inside = [node for node in tree.body if not name or getattr(node, "name", "") == name]
    for call in (node for top in inside for node in ast.walk(top) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id in _KEYWORDS:
            said = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if said:
                yield _entry(call.func.id, said)


def _entry(keyword: str, said: list[str]) -> Entry:
    has_context, has_plural = _KEYWORDS[keyword]
    context, rest = (said[0], said[1:]) if has_context else (None, said)
    return ((rest[0], rest[1]) if has_plural else rest[0]), context
