"""The form that makes and changes a chat channel, with the line to paste into the shop."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from channels_inbound.models import Connection
from livechat import asks
from livechat.channels import add_chat_channel, change_chat_channel, chat_channel, renew_secret
from livechat.mailing import mail_channel_of
from livechat.widget_settings import WidgetSettings
from people.hours import calendars
from people.languages import LANGUAGES, NAMES
from people.models import Team
from people.permissions import Permission
from tickets.actions.fields import fields_of
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, signed_in
from tickets.models import Channel, ChannelKind

from .languages import text_fields

_ON_CHANNEL = ("name", "team", "locale", "is_active")
ASK, TEXTS = "ask_", ("greeting_", "away_")
ASKED = [("no", gettext_lazy("Do not ask")), ("asked", gettext_lazy("Ask")), ("required", gettext_lazy("Required"))]
OWN_ASKS = {
    asks.NAME: gettext_lazy("Name"), asks.EMAIL: gettext_lazy("Email"), asks.ORDER: gettext_lazy("Order number"),
}  # fmt: skip


class ChatForm(forms.Form):
    """A chat as its admin describes it."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=80)
    team = forms.ModelChoiceField(
        label=gettext_lazy("Team"), queryset=Team.objects.all(), required=False,
        empty_label=gettext_lazy("No team: everybody sees its tickets"),
    )  # fmt: skip
    locale = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=NAMES,
        help_text=gettext_lazy("Where a visitor's browser asks for none of ours."),
    )  # fmt: skip
    origins = forms.CharField(
        label=gettext_lazy("Pages that may show it"), widget=forms.Textarea(attrs={"rows": 3}), max_length=4000,
        help_text=gettext_lazy("One a line, like https://shop.example. Every other page is refused."),
    )  # fmt: skip
    color = forms.CharField(
        label=gettext_lazy("Colour"), max_length=7, widget=forms.TextInput(attrs={"type": "color"}),
        help_text=gettext_lazy("Text on it becomes white or black, whichever is easier to read."),
    )  # fmt: skip
    position = forms.ChoiceField(
        label=gettext_lazy("Side of the button"),
        choices=[("right", gettext_lazy("Right")), ("left", gettext_lazy("Left"))],
    )  # fmt: skip
    unseen_minutes = forms.IntegerField(
        label=gettext_lazy("Mail unseen replies after (minutes)"), min_value=1, max_value=1440,
        help_text=gettext_lazy("Together in one mail, and sooner when the visitor has left."),
    )  # fmt: skip
    mail_channel = forms.ModelChoiceField(
        label=gettext_lazy("Mail goes on from"), required=False,
        queryset=Channel.objects.filter(kind=ChannelKind.EMAIL),
        empty_label=gettext_lazy("The mail channel of the same team"),
    )  # fmt: skip
    brand = forms.CharField(
        label=gettext_lazy("Name that visitors see"), required=False, max_length=60,
        help_text=gettext_lazy("Of your shop; above the greeting."),
    )  # fmt: skip
    calendar = forms.TypedChoiceField(
        label=gettext_lazy("Staffed during"), required=False, coerce=int, empty_value=None,
        help_text=gettext_lazy("Outside of it the chat takes messages and answers by mail."),
    )  # fmt: skip
    requeue_minutes = forms.IntegerField(
        label=gettext_lazy("Back into the queue after (minutes)"), min_value=0, max_value=120,
        help_text=gettext_lazy("When whoever took a chat lets the visitor wait; 0 for never."),
    )  # fmt: skip
    shows_drafts = forms.BooleanField(
        label=gettext_lazy("Agents see what a visitor is writing"), required=False,
        help_text=gettext_lazy("The widget tells the visitor so."),
    )  # fmt: skip
    is_active = forms.BooleanField(label=gettext_lazy("Switched on"), required=False, initial=True)

    def __init__(self, *args: Any, existing: bool, team_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["calendar"].choices = [("", gettext_lazy("Always")), *calendars()]  # type: ignore[attr-defined]
        self.fields |= {f"{ASK}{key}": forms.ChoiceField(label=label, choices=ASKED) for key, label in OWN_ASKS.items()}
        self.fields |= {
            f"{ASK}{one.pk}": forms.ChoiceField(label=one.name, choices=ASKED) for one in fields_of(team_id)
        }
        self.fields |= text_fields("greeting", gettext_lazy("Greeting"))
        self.fields |= text_fields("away", gettext_lazy("When nobody is there"))
        if not existing:
            del self.fields["is_active"]

    def plain(self) -> list[forms.BoundField]:
        """What is said once."""
        return [one for one in self if not one.name.startswith((ASK, *TEXTS))]

    def questions(self) -> list[forms.BoundField]:
        """What visitors are asked before their first message."""
        return [one for one in self if one.name.startswith(ASK)]

    def texts(self) -> list[forms.BoundField]:
        """What is said in each language."""
        return [one for one in self if one.name.startswith(TEXTS)]

    def kept(self) -> dict[str, Any]:
        """What goes into the connection."""
        said = self.cleaned_data
        greetings = {language: said[f"greeting_{language}"] for language in LANGUAGES}
        away = {language: said[f"away_{language}"] for language in LANGUAGES}
        asked = {
            name.removeprefix(ASK): value == "required"
            for name, value in said.items()
            if name.startswith(ASK) and value != "no"
        }
        kept = {name: value for name, value in said.items() if not name.startswith((ASK, *TEXTS))}
        return {**kept, "asks": asked, "origins": said["origins"].splitlines(), "greetings": greetings, "away": away}


@require_http_methods(["GET", "POST"])
@signed_in
def edit(request: HttpRequest, channel_id: int | None = None) -> HttpResponseBase:
    """Make a chat channel, or change one. A new one's secret is shown this once."""
    agent = agent_of(request)
    if not agent.may(Permission.MANAGE_CHANNELS):
        raise Http404("not for this role")
    connection = _found(request, channel_id) if channel_id else None
    form = _form(connection, request.POST or None)
    secret, status = "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                about = {name: form.cleaned_data[name] for name in _ON_CHANNEL if name in form.cleaned_data}
                if connection is not None:
                    change_chat_channel(connection.channel_id, by=agent, settings=form.kept(), **about)
                    messages.success(request, _("Saved %(name)s.") % {"name": about["name"]})
                    return redirect("channels")
                connection, secret = add_chat_channel(by=agent, settings=form.kept(), **about)
            except InvalidInput as error:
                form.add_error(error.field if error.field in form.fields else None, error.message)
            else:
                form, status = _form(connection), 201
    return _page(request, form, connection, secret, status=status)


@require_POST
@signed_in
def new_secret(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """Change the signing secret; the new one is shown this once."""
    connection = _found(request, channel_id)
    secret = renew_secret(channel_id, by=agent_of(request))
    return _page(request, _form(connection), connection, secret)


def _form(connection: Connection | None, said: Any = None) -> ChatForm:
    team_id = connection.channel.team_id if connection else None
    return ChatForm(said, initial=_known(connection), existing=connection is not None, team_id=team_id)


def _found(request: HttpRequest, channel_id: int) -> Connection:
    try:
        return chat_channel(channel_id, by=agent_of(request))
    except NotFound:
        raise Http404("no such channel") from None


def _page(
    request: HttpRequest, form: ChatForm, connection: Connection | None, secret: str, *, status: int = 200
) -> HttpResponseBase:
    snippet, channel, kept = "", Channel(), WidgetSettings()
    if connection is not None:
        channel, kept = connection.channel, WidgetSettings.read(connection.settings)
        snippet = f'<script async src="{settings.BASE_URL}/widget.js" data-key="{connection.key}"></script>'
    context = {
        "form": form, "connection": connection, "snippet": snippet, "secret": secret, "base": settings.BASE_URL,
        "no_mail": mail_channel_of(channel, kept) is None,
        "socket": settings.BASE_URL.replace("http", "ws", 1),
    }  # fmt: skip
    return render(request, "livechat/channel_form.html", context, status=status)


def _known(connection: Connection | None) -> dict[str, Any]:
    if connection is None:
        kept = WidgetSettings()
        return {
            "color": kept.color, "unseen_minutes": kept.unseen_minutes, "locale": settings.LANGUAGE_CODE,
            "requeue_minutes": kept.requeue_minutes,
        }  # fmt: skip
    kept, channel = WidgetSettings.read(connection.settings), connection.channel
    greetings = {f"greeting_{language}": text for language, text in kept.greetings.items()}
    away = {f"away_{language}": text for language, text in kept.away.items()}
    asked = {f"{ASK}{key}": "required" if needed else "asked" for key, needed in kept.asks.items()}
    return {
        **{name: getattr(channel, name) for name in _ON_CHANNEL},
        "origins": "\n".join(kept.origins), "color": kept.color, "position": kept.position,
        "unseen_minutes": kept.unseen_minutes, "mail_channel": kept.mail_channel, "brand": kept.brand,
        "calendar": kept.calendar, "requeue_minutes": kept.requeue_minutes, "shows_drafts": kept.shows_drafts,
        **greetings, **away, **asked,
    }  # fmt: skip
