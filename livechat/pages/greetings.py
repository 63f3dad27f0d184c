"""The page on which greetings of a chat are kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from channels_inbound.models import Connection
from livechat.channels import chat_channel
from livechat.greetings import remove_greeting, save_greeting
from livechat.models import Greeting
from people.languages import LANGUAGES
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, signed_in

from .languages import text_fields

_FIELDS = ("name", "path", "after_seconds", "min_cart", "returning", "hours", "again_hours", "is_active")


class GreetingForm(forms.Form):
    """When a greeting is said, and in which words."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("For you; visitors do not see it.")
    )
    path = forms.CharField(
        label=gettext_lazy("On pages"), max_length=200, required=False,
        help_text=gettext_lazy("A path like /cart or /shoes/*; empty for every page."),
    )  # fmt: skip
    after_seconds = forms.IntegerField(label=gettext_lazy("After seconds on the page"), min_value=0, max_value=3600)
    min_cart = forms.IntegerField(
        label=gettext_lazy("Cart worth at least"), min_value=0, max_value=1_000_000,
        help_text=gettext_lazy("As the page tells with setContext; 0 for any."),
    )  # fmt: skip
    hours = forms.ChoiceField(label=gettext_lazy("When"), choices=Greeting.Hours.choices, required=False)
    again_hours = forms.IntegerField(
        label=gettext_lazy("Then silent for hours"), min_value=1, max_value=8760,
        help_text=gettext_lazy("In the same browser. Never said to who is in conversation."),
    )  # fmt: skip
    returning = forms.BooleanField(label=gettext_lazy("Only to who was here before"), required=False)
    is_active = forms.BooleanField(label=gettext_lazy("Switched on"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= text_fields("text", gettext_lazy("Greeting"))

    def kept(self) -> dict[str, Any]:
        said = self.cleaned_data
        texts = {language: said[f"text_{language}"] for language in LANGUAGES}
        return {**{name: said[name] for name in _FIELDS}, "texts": texts}


@require_http_methods(["GET", "POST"])
@signed_in
def edit(request: HttpRequest, channel_id: int, greeting_id: int | None = None) -> HttpResponseBase:
    """All greetings of a chat, and a form for a new one or the one chosen."""
    connection = _found(request, channel_id)
    known = Greeting.objects.filter(channel=channel_id, pk=greeting_id).first() if greeting_id else None
    if greeting_id and known is None:
        raise Http404("no such greeting")
    form, status = GreetingForm(request.POST or None, initial=_initial(known)), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                saved = save_greeting(channel_id, greeting_id, by=agent_of(request), **form.kept())
            except InvalidInput as error:
                form.add_error(error.field if error.field in form.fields else None, error.message)
            else:
                messages.success(request, _("Saved %(name)s.") % {"name": saved.name})
                return redirect("chat_greetings", channel_id)
    rows = Greeting.objects.filter(channel=channel_id)
    context = {"connection": connection, "form": form, "greetings": rows, "known": known}
    return render(request, "livechat/greetings.html", context, status=status)


@require_POST
@signed_in
def remove(request: HttpRequest, channel_id: int, greeting_id: int) -> HttpResponseBase:
    _found(request, channel_id)
    remove_greeting(channel_id, greeting_id, by=agent_of(request))
    return redirect("chat_greetings", channel_id)


def _found(request: HttpRequest, channel_id: int) -> Connection:
    try:
        return chat_channel(channel_id, by=agent_of(request))
    except NotFound:
        raise Http404("no such channel") from None


def _initial(known: Greeting | None) -> dict[str, Any]:
    if known is None:
        return {"after_seconds": 10, "min_cart": 0, "again_hours": 24, "is_active": True}
    texts = {f"text_{language}": text for language, text in known.texts.items()}
    return {**{name: getattr(known, name) for name in _FIELDS}, **texts}
