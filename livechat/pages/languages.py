"""Fields for words in each of the widget's languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils.text import format_lazy

from people.languages import NAMES

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # there for type checkers only


def text_fields(name: str, label: _StrPromise) -> dict[str, forms.Field]:
    """`name_en`, `name_uk` and so on: one line each, none of them needed."""
    return {
        f"{name}_{language}": forms.CharField(
            label=format_lazy("{} ({})", label, called), required=False, max_length=300
        )
        for language, called in NAMES.items()
    }
