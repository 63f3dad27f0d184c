"""The form's own page (also in a frame), and its settings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from channels_inbound.contact_form.guard import BITS, TRAP, Refusal, judge, new_token
from channels_inbound.contact_form.taking import MAX_FILE, MAX_FILES, AlreadyUsed, set_contact_form, take_message
from channels_inbound.embedding import embedded_script
from channels_inbound.models import ContactForm
from events.counters import count
from events.rates import client_address, spend
from people.languages import asked_for, choose_language
from people.permissions import Permission
from tickets.actions.fields import fields_of
from tickets.asked_fields import asked_fields, read_answers
from tickets.errors import InvalidInput, NotFound
from tickets.fields import LONGEST
from tickets.inbox.access import agent_of, signed_in
from tickets.models import Channel, ChannelKind, FieldKind, TicketField
from tickets.recipients import is_address

MOST_ORIGINS = 20
LOADER = "dist/contact-loader.js"
PREFIX = "field_"
# Counted for whoever watches over floods.
FORMS_POSTED, FORMS_REFUSED = "forms posted", "forms refused"


class MessageForm(forms.Form):
    """What a customer fills in."""

    name = forms.CharField(label=gettext_lazy("Your name"), max_length=120, required=False)
    email = forms.EmailField(label=gettext_lazy("Your email address"), max_length=254)
    phone = forms.CharField(label=gettext_lazy("Your telephone number"), max_length=40, required=False)
    subject = forms.CharField(label=gettext_lazy("What is it about?"), max_length=200, required=False)
    text = forms.CharField(
        label=gettext_lazy("Your message"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 6})
    )

    # Django's own are familiar in German and Polish, where customers are strangers.
    WRONG: ClassVar[dict[str, Any]] = {
        "required": gettext_lazy("Please fill this in."),
        "invalid": gettext_lazy("This does not look like an email address."),
        "max_length": ngettext_lazy(
            "At most %(limit_value)d character.", "At most %(limit_value)d characters.", "limit_value"
        ),
    }

    def __init__(self, data: Any = None, *, asked: Sequence[TicketField] = ()) -> None:
        super().__init__(data)
        self.asked = asked
        for one in asked:
            self.fields[f"{PREFIX}{one.pk}"] = _as_input(one)
        for field in self.fields.values():
            field.error_messages |= self.WRONG
        for name, hint in (("name", "name"), ("email", "email"), ("phone", "tel")):
            self.fields[name].widget.attrs["autocomplete"] = hint

    def clean(self) -> dict[str, Any]:
        """`answers` holds what was said in fields of the shop's own; what one cannot hold is said beside it."""
        said = super().clean() or self.cleaned_data
        answers: dict[int, str] = {}
        for one in self.asked:
            try:
                answers |= read_answers([one], {str(one.pk): said.pop(f"{PREFIX}{one.pk}", "")})
            except InvalidInput as error:
                self.add_error(f"{PREFIX}{one.pk}", error.message)
        return said | {"answers": answers}

    def asks_nothing_else(self) -> bool:
        """Whether what was posted holds no field that is not asked: a page that was open while that changed."""
        return all(name in self.fields for name in self.data if name.startswith(PREFIX))

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        if not is_address(email.lower()):
            raise forms.ValidationError(_("This is not an address we could answer to."))
        return email


def _as_input(one: TicketField) -> forms.Field:
    if one.kind == FieldKind.CHECKBOX:
        return forms.BooleanField(label=one.name, required=False)
    if one.kind == FieldKind.CHOICE:
        choices = [("", "–"), *((choice, choice) for choice in one.choices)]
        return forms.CharField(label=one.name, required=False, widget=forms.Select(choices=choices))
    hints = {FieldKind.DATE: {"type": "date"}, FieldKind.NUMBER: {"inputmode": "decimal"}}
    widget = forms.TextInput(attrs=hints.get(FieldKind(one.kind), {}))
    return forms.CharField(label=one.name, required=False, max_length=LONGEST, widget=widget)


@require_safe
def loader(request: HttpRequest) -> HttpResponse:
    """`/contact.js`: puts the form where its script tag stands. The same for every page."""
    return embedded_script(request, LOADER)


@csrf_exempt  # no session stands behind it: the token of the page is what is checked
@xframe_options_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, key: str) -> HttpResponseBase:
    """The form; POST takes what was written. 404 for a form that is none or closed."""
    found = (
        ContactForm.objects.select_related("channel__brand")
        .filter(key=key, is_active=True, channel__is_active=True)
        .first()
    )
    if found is None:
        raise Http404("no such form")
    language = choose_language([*asked_for(request), found.channel.locale])
    with translation.override(language):
        response = _answer(request, found)
    response["Content-Language"] = language
    ancestors = " ".join(["'self'", *found.origins])
    response["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; "
        f"form-action 'self'; frame-ancestors {ancestors}"
    )
    response["Referrer-Policy"] = "no-referrer"
    return response


def _answer(request: HttpRequest, found: ContactForm) -> HttpResponse:
    asked = asked_fields(found.fields, team_id=found.channel.team_id)
    if request.method != "POST":
        return _show(request, found, MessageForm(asked=asked))
    form, files = MessageForm(request.POST, asked=asked), request.FILES.getlist("files")
    wait = spend([(f"contact:address:{client_address(request)}", 6, 600), (f"contact:form:{found.pk}", 60, 60)])
    count(FORMS_REFUSED if wait else FORMS_POSTED)
    if wait:
        response = _show(request, found, form, _("Too many messages. Try again in a while."), 429)
        response["Retry-After"] = str(wait)
        return response
    token = request.POST.get("token", "")
    refusal = judge(found.key, token, request.POST.get("work", ""), request.POST.get(TRAP, ""), at=time.time())
    if refusal is not None:
        ContactForm.objects.filter(pk=found.pk).update(refused=F("refused") + 1)
        if refusal == Refusal.TRAPPED:
            return _thanks(request, found)  # a robot learns nothing
        return _show(request, found, form, _wrong(refusal), 422)
    problem = _files_wrong(files) or (
        "" if form.asks_nothing_else() else _("This form has changed. Please look at it and send it once more.")
    )
    if problem or not form.is_valid():
        return _show(request, found, form, problem, 422)
    try:
        take_message(found, token=token, files=files, at=timezone.now(), **form.cleaned_data)
    except AlreadyUsed:  # sent, changed and sent again while the first answer did not come: by another token it goes
        return _show(request, found, form, _wrong(Refusal.STALE), 422)
    return _thanks(request, found)


def _wrong(refusal: Refusal) -> str:
    if refusal == Refusal.HASTY:
        return _("That was very quick. Please send it once more.")
    return _("This page was open too long, or its script did not run. Please send it once more.")


def _files_wrong(files: list[UploadedFile]) -> str:
    if len(files) > MAX_FILES:
        return ngettext("At most %(count)d file.", "At most %(count)d files.", MAX_FILES) % {"count": MAX_FILES}
    if any((file.size or 0) > MAX_FILE for file in files):
        return _("A file is larger than 10 MB.")
    return ""


def _show(
    request: HttpRequest, found: ContactForm, form: MessageForm, problem: str = "", status: int = 200
) -> HttpResponse:
    context = _surroundings(request, found) | {
        "form": form, "problem": problem, "token": new_token(found.key), "bits": BITS, "trap": TRAP,
    }  # fmt: skip
    return render(request, "channels_inbound/contact.html", context, status=status)


def _thanks(request: HttpRequest, found: ContactForm) -> HttpResponse:
    return render(request, "channels_inbound/contact.html", _surroundings(request, found) | {"done": True})


def _surroundings(request: HttpRequest, found: ContactForm) -> dict[str, Any]:
    """What depends on where it is shown. `parent` is the page around its frame, if it is one that may show it: only
    that one is told how tall the form is. `theme` is the page's look, where it says one."""
    parent, theme = request.GET.get("in", ""), request.GET.get("theme", "")
    return {
        "contact": found, "language": translation.get_language(), "parent": parent if parent in found.origins else "",
        "theme": theme if theme in ("light", "dark") else "",
    }  # fmt: skip


class SettingsForm(forms.Form):
    """What an admin sets."""

    is_active = forms.BooleanField(label=gettext_lazy("Takes messages"), required=False)
    greeting = forms.CharField(label=gettext_lazy("Greeting"), max_length=300, required=False)
    origins = forms.CharField(
        label=gettext_lazy("Pages that may show it"), required=False, max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}), help_text=gettext_lazy("One origin a line, for example https://shop.example"),
    )  # fmt: skip

    fields_asked = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Ask also for"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Ticket fields customers are asked; what they say stands on the ticket as theirs."),
    )  # fmt: skip

    def __init__(self, *args: Any, offered: Sequence[TicketField], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if offered:
            self.fields["fields_asked"].choices = [(one.pk, one.name) for one in offered]  # type: ignore[attr-defined]
        else:
            del self.fields["fields_asked"]

    def clean_origins(self) -> list[str]:
        lines = [line.strip().rstrip("/") for line in str(self.cleaned_data["origins"]).splitlines() if line.strip()]
        for line in lines[:MOST_ORIGINS]:
            place = urlsplit(line)
            plain = f"{place.scheme}://{place.netloc}" == line and not set(line) & set(" ;,'\"*")
            if place.scheme not in ("https", "http") or not place.netloc or not plain:
                raise forms.ValidationError(_("This is no origin: %(line)s") % {"line": line[:80]})
        return lines[:MOST_ORIGINS]


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def settings_page(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """Open, change or close the form of a mail channel; its address and what to put into a page."""
    agent = agent_of(request)
    channel = Channel.objects.filter(pk=channel_id, kind=ChannelKind.EMAIL).first()
    if channel is None or not agent.may(Permission.MANAGE_CHANNELS):
        raise Http404("no such channel")
    found = ContactForm.objects.filter(channel=channel).first()
    initial = {
        "is_active": found.is_active if found else True, "greeting": found.greeting if found else "",
        "origins": "\n".join(found.origins) if found else "", "fields_asked": found.fields if found else [],
    }  # fmt: skip
    form = SettingsForm(request.POST or None, initial=initial, offered=fields_of(channel.team_id))
    if request.method == "POST" and form.is_valid():
        try:
            chosen = form.cleaned_data.pop("fields_asked", [])
            set_contact_form(channel.pk, by=agent, fields=chosen, **form.cleaned_data)
        except NotFound:
            raise Http404("no such channel") from None
        messages.success(request, _("Saved."))
        return redirect("contact_settings", channel.pk)
    context = {"channel": channel, "form": form, "found": found, "base": settings.BASE_URL} | _embedding(found)
    return render(request, "channels_inbound/contact_settings.html", context, status=422 if form.errors else 200)


def _embedding(found: ContactForm | None) -> dict[str, str]:
    """Where the form is, and what stands for it in other pages."""
    if found is None:
        return {}
    address = f"{settings.BASE_URL}{reverse('contact', args=[found.key])}"
    title = _("Contact form")
    return {
        "address": address,
        "snippet": f'<script async src="{settings.BASE_URL}/contact.js" data-form="{found.key}"></script>',
        "iframe": f'<iframe src="{address}" title="{title}" width="100%" height="900" loading="lazy"></iframe>',
    }
