"""One word in all its forms, in any of our languages, without anybody saying which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from people.finding.query import parse_query
from people.finding.text import normalise, search_document
from people.finding.words import document_lexemes, query_lexemes


def found(typed: str, text: str, language: str = "") -> bool:
    """Whether a document in that language keeps any lexeme the query asks for."""
    kept = search_document("", text, language=language).vector
    return any(f"'{lexeme}'" in kept for lexeme in parse_query(typed).lexemes)


@pytest.mark.parametrize(
    ("typed", "text", "language"),
    [
        ("refund", "I asked for refunds twice", "en"),
        ("delivery", "two deliveries came", "en"),
        ("order", "beställde order 48213", "sv"),
        ("Rechnung", "die Rechnungen fehlen", "de"),
        ("café", "the cafe closed", "en"),
        ("resume", "mon résumé", "fr"),
        ("посилка", "де моя посилка", "uk"),
        ("посилки", "немає двох посилок", "uk"),
        ("людина", "приходили люди", "uk"),
        ("п'ять", "пʼять днів", "uk"),
        ("п’ять", "п'ять днів", "uk"),
        ("деньги", "где мои деньгам", "ru"),
        ("48213", "order 48213.", "en"),
        ("NV-48213", "order NV-48213", "en"),
        ("48213", "замовлення №48213", "uk"),
        ("№48213", "замовлення № 48213", "uk"),
        ("№NV-48213", "order #NV-48213", "en"),
        ("zoe@customer.example", "from zoe@customer.example", "en"),
    ],
)
def test_a_form_finds_the_other_forms(typed: str, text: str, language: str) -> None:
    assert found(typed, text, language)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("order", "is this the same, or was the wrong one packed"),
        ("parcel", "part of it"),
        ("ключ", "клієнт пише"),
    ],
)
def test_other_words_are_not_found(typed: str, text: str) -> None:
    assert not found(typed, text, "en")


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "it", "nl", "pl", "pt", "sv"])
@given(word=st.from_regex(r"[a-z]{3,20}", fullmatch=True))
def test_a_word_always_finds_itself(language: str, word: str) -> None:
    assert set(document_lexemes(word, language)) <= set(query_lexemes(word))


@given(st.text())
def test_any_text_can_be_asked_and_kept(text: str) -> None:
    parse_query(text)
    search_document(text, text)
    assert normalise(normalise(text)) == normalise(text)
