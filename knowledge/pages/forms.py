"""The forms of who writes and looks after the help centre."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from knowledge.models import LONGEST_SUMMARY, LONGEST_TITLE, Audience, Category, HelpCentre
from knowledge.shelves import PICTURES
from people.colours import is_color
from people.languages import NAMES


class TextForm(forms.Form):
    """A text in one language. The body is HTML, which the editor writes."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=LONGEST_TITLE)
    summary = forms.CharField(
        label=gettext_lazy("Summary"), max_length=LONGEST_SUMMARY, required=False,
        help_text=gettext_lazy("One sentence for lists and search engines."),
    )  # fmt: skip
    body = forms.CharField(
        label=pgettext_lazy("of an article", "Text"), required=False, widget=forms.Textarea(attrs={"rows": 18})
    )
    minor = forms.BooleanField(
        label=gettext_lazy("Only a small change: translations are not marked outdated"), required=False
    )
    expected = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class ArticleForm(forms.Form):
    """What holds for an article in all its languages."""

    category = forms.TypedChoiceField(label=gettext_lazy("Category"), coerce=int)
    audience = forms.ChoiceField(
        label=gettext_lazy("Who may read it"), choices=Audience.choices, initial=Audience.PUBLIC
    )
    keywords = forms.CharField(
        label=gettext_lazy("Keywords"), max_length=500, required=False,
        help_text=gettext_lazy("Other words people search for, separated by spaces."),
    )  # fmt: skip

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(row.pk, row.name(language)) for row in Category.objects.all()]
        self.fields["category"].choices = choices  # type: ignore[attr-defined]


class NewForm(ArticleForm):
    title = forms.CharField(label=gettext_lazy("Title"), max_length=LONGEST_TITLE)
    language = forms.ChoiceField(label=gettext_lazy("Language"))
    field_order = ("title", "language", "category", "audience", "keywords")

    def __init__(self, *args: Any, centre: HelpCentre, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [(code, NAMES[code]) for code in centre.languages]  # type: ignore[attr-defined]
        self.fields["language"].initial = centre.default_language


class _InLanguages(forms.Form):
    """Fields that are asked in each of these languages: `name_en`, `name_uk`."""

    each: tuple[tuple[str, Any, int], ...] = ()

    def __init__(self, *args: Any, languages: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.languages = languages
        for name, label, longest in self.each:
            for code in languages:
                said = f"{label} ({NAMES[code]})"
                self.fields[f"{name}_{code}"] = forms.CharField(label=said, max_length=longest, required=False)

    def words(self, name: str) -> dict[str, str]:
        said = {code: str(self.cleaned_data.get(f"{name}_{code}", "")) for code in self.languages}
        return {code: text for code, text in said.items() if text}


def spread(name: str, words: dict[str, str]) -> dict[str, str]:
    """Words by language as initial values of `_InLanguages`."""
    return {f"{name}_{code}": text for code, text in words.items()}


class CategoryForm(_InLanguages):
    each = (("name", pgettext_lazy("of a category", "Name"), 80), ("description", gettext_lazy("Description"), 300))
    icon = forms.ChoiceField(
        label=gettext_lazy("Picture"), required=False, choices=[("", "–"), *((one.icon, one.name) for one in PICTURES)]
    )


class CentreForm(_InLanguages):
    each = (("title", gettext_lazy("Title"), 80), ("greeting", gettext_lazy("Sentence under the heading"), 200))
    is_open = forms.BooleanField(label=gettext_lazy("The help centre is open to everyone"), required=False)
    chosen = forms.MultipleChoiceField(
        label=gettext_lazy("Languages"), choices=list(NAMES.items()), widget=forms.CheckboxSelectMultiple
    )
    default_language = forms.ChoiceField(
        label=gettext_lazy("Main language"), choices=list(NAMES.items()),
        help_text=gettext_lazy("Shown where an article is not translated."),
    )  # fmt: skip
    colour = forms.CharField(
        label=gettext_lazy("Colour"), required=False, max_length=7,
        help_text=gettext_lazy("As #1f57d6; empty for the helpdesk’s own."),
    )  # fmt: skip
    contact = forms.CharField(
        label=gettext_lazy("Where readers write"), required=False, max_length=300,
        help_text=gettext_lazy("The path of a contact form, the address of a page, or an email address."),
    )  # fmt: skip

    def clean_colour(self) -> str:
        said = str(self.cleaned_data["colour"]).strip().lower()
        if said and not is_color(said):
            raise forms.ValidationError(_("Write a colour as #1f57d6."))
        return said

    def clean_contact(self) -> str:
        said = str(self.cleaned_data["contact"]).strip()
        if "@" in said and ":" not in said and "/" not in said:
            said = f"mailto:{said}"
        is_path = said.startswith("/") and not said.startswith(("//", "/\\"))
        if said and not (is_path or said.startswith(("https://", "mailto:"))):
            raise forms.ValidationError(_("This is no path, address of a page or email address."))
        return said
