"""Where it is said when and how the bot answers, channel by channel; and the page to try it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from assistant import settings as kept
from assistant.models import MOST_TURNS, Bot, When
from assistant.trying import try_message
from people.hours import calendars
from people.languages import NAMES
from people.models import Team
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, allowed
from tickets.kinds import traits_of

MAY = allowed(Permission.MANAGE_CHANNELS)
LONGEST_TRIED = 500


class BotForm(forms.Form):
    """One channel's bot."""

    when = forms.ChoiceField(label=gettext_lazy("Answers"), choices=When.choices)
    calendar = forms.TypedChoiceField(
        label=gettext_lazy("Opening hours"), required=False, coerce=int, empty_value=None,
        help_text=gettext_lazy("By which it knows when people are there, and tells customers when they will be."),
    )  # fmt: skip
    name = forms.CharField(
        label=gettext_lazy("Name"), required=False, max_length=kept.LONGEST_NAME,
        help_text=gettext_lazy("How customers see it. Empty: “Helper” in their language."),
    )  # fmt: skip
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages"), choices=list(NAMES.items()), widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Who writes in another language gets a person at once."),
    )  # fmt: skip
    most_turns = forms.IntegerField(
        label=gettext_lazy("Most answers"), min_value=1, max_value=MOST_TURNS,
        help_text=gettext_lazy("After so many in one conversation a person takes over."),
    )  # fmt: skip
    least_match = forms.IntegerField(
        label=gettext_lazy("Least match (percent)"), min_value=1, max_value=100,
        help_text=gettext_lazy("How many of the words asked for an article must hold to be given as an answer."),
    )  # fmt: skip
    fallback_team = forms.ModelChoiceField(
        label=gettext_lazy("Hands over to"), queryset=Team.objects.all(), required=False,
        empty_label=gettext_lazy("The team the ticket is with"),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["calendar"].choices = [("", _("Always open")), *calendars()]  # type: ignore[attr-defined]
        for code, name in NAMES.items():
            self.fields[f"greeting_{code}"] = forms.CharField(
                label=_("Greeting (%(language)s)") % {"language": name}, required=False,
                max_length=kept.LONGEST_GREETING, widget=forms.Textarea(attrs={"rows": 2, "lang": code}),
            )  # fmt: skip

    def values(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        return said | {"greetings": {code: said.pop(f"greeting_{code}") for code in NAMES}}


@require_safe
@MAY
def bots(request: HttpRequest) -> HttpResponseBase:
    """The channels a bot may answer on."""
    rows = [
        (channel, bot, When(bot.when).label if bot else When.OFF.label, traits_of(channel.kind).icon)
        for channel in kept.channels(by=agent_of(request))
        for bot in [getattr(channel, "bot", None)]
    ]
    return render(request, "assistant/bots.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@MAY
def edit(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """One channel's bot."""
    bot, posted = _bot(request, channel_id), request.POST if request.method == "POST" else None
    form = BotForm(posted, initial=_initial(bot))
    if posted is not None and form.is_valid():
        try:
            kept.set_bot(channel_id, by=agent_of(request), values=form.values())
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("bot_edit", channel_id)
    return render(request, "assistant/bot_form.html", {"bot": bot, "form": form}, status=422 if posted else 200)


def _initial(bot: Bot) -> dict[str, Any]:
    names = ("when", "calendar", "name", "languages", "most_turns", "least_match")
    said = {name: getattr(bot, name) for name in names} | {"fallback_team": bot.fallback_team_id}
    return said | {f"greeting_{code}": bot.greetings.get(code, "") for code in NAMES}


@require_http_methods(["GET", "POST"])
@MAY
def trial(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """What it would say to a message, and why; nothing is sent or kept."""
    bot, posted = _bot(request, channel_id), request.POST
    text = posted.get("text", "").replace("\x00", "")[:LONGEST_TRIED].strip()
    language = posted.get("language", "") if posted.get("language") in NAMES else bot.channel.locale
    tried = try_message(bot, text, language=language, answered="answered" in posted) if text else None
    context = {
        "bot": bot, "text": text, "language": language, "names": NAMES, "tried": tried,
        "answered": "answered" in posted,
    }  # fmt: skip
    return render(request, "assistant/trial.html", context)


def _bot(request: HttpRequest, channel_id: int) -> Bot:
    try:
        return kept.bot_of(channel_id, by=agent_of(request))
    except NotFound:
        raise Http404("no such channel") from None
