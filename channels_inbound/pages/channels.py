"""The channels, how each is doing, and the form that makes and changes them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from channels_inbound.channels import add_email_channel, change_email_channel
from channels_inbound.imap.actions import in_trouble
from channels_inbound.models import RawState
from channels_inbound.quarantine import channels_visible_to
from people.languages import NAMES
from people.models import Team
from people.permissions import Permission
from people.signatures import LONGEST_HTML, example_of, offered_variables
from tickets.errors import InvalidInput
from tickets.inbox.access import agent_of, signed_in
from tickets.models import Channel, ChannelKind


class ChannelForm(forms.Form):
    """A mailbox as its admin describes it."""

    name = forms.CharField(
        label=pgettext_lazy("of a thing", "Name"), max_length=80,
        help_text=gettext_lazy("Customers read it beside the agent's name."),
    )  # fmt: skip
    address = forms.EmailField(
        label=gettext_lazy("Email address"), max_length=320,
        help_text=gettext_lazy("What customers write to. It stays: running conversations answer to it."),
    )  # fmt: skip
    team = forms.ModelChoiceField(
        label=gettext_lazy("Team"), queryset=Team.objects.all(), required=False,
        empty_label=gettext_lazy("No team: everybody sees its tickets"),
        help_text=gettext_lazy("New tickets land there."),
    )  # fmt: skip
    locale = forms.ChoiceField(label=gettext_lazy("Language"), choices=NAMES)
    signature = forms.CharField(
        label=gettext_lazy("Signature"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Stands below every reply from this address."),
    )  # fmt: skip
    signature_html = forms.CharField(required=False, max_length=LONGEST_HTML)
    quotes = forms.BooleanField(
        label=gettext_lazy("Quote what is answered"), required=False, initial=True,
        help_text=gettext_lazy("Replies carry the message they answer below, as mail programs do."),
    )  # fmt: skip
    acknowledges = forms.BooleanField(
        label=gettext_lazy("Acknowledge new tickets"), required=False,
        help_text=gettext_lazy("Once a ticket, at most once a day to the same address, and never to machines."),
    )  # fmt: skip
    acknowledgement = forms.CharField(
        label=gettext_lazy("Text of the acknowledgement"), required=False, max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Left empty, customers read our own in their language."),
    )  # fmt: skip
    is_active = forms.BooleanField(
        label=gettext_lazy("Takes mail"), required=False, initial=True,
        help_text=gettext_lazy("Switched off, new mail to the address is refused; what is there stays."),
    )  # fmt: skip

    def __init__(self, *args: Any, existing: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("address",) if existing else ("quotes", "acknowledges", "acknowledgement", "is_active"):
            del self.fields[name]


@require_safe
@signed_in
def list_page(request: HttpRequest) -> HttpResponseBase:
    """Each channel the agent may see: when mail last came and went, what is wrong, what waits in quarantine."""
    agent = agent_of(request)
    quarantined = Count("raw_deliveries", filter=Q(raw_deliveries__state=RawState.QUARANTINED))
    visible = channels_visible_to(agent).select_related("team", "brand")
    channels = list(visible.annotate(quarantined=quarantined).order_by("name"))
    context = {
        "channels": channels,
        "branded": len({channel.brand_id for channel in channels} - {None}) > 1,
        "may_manage": agent.may(Permission.MANAGE_CHANNELS),
        "may_handle": agent.may(Permission.HANDLE_QUARANTINE),
        "mailboxes_in_trouble": in_trouble(at=timezone.now()).filter(channel__in=channels_visible_to(agent)).count(),
        "demo_mailbox": settings.DEMO_MAILBOX,
        "smtp": f"{settings.SMTP_HOST}:{settings.SMTP_PORT}",
    }
    return render(request, "channels_inbound/channels.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def edit(request: HttpRequest, channel_id: int | None = None) -> HttpResponseBase:
    """Make a mail channel, or change one."""
    agent = agent_of(request)
    if not agent.may(Permission.MANAGE_CHANNELS):
        raise Http404("not for this role")
    channel = Channel.objects.filter(pk=channel_id, kind=ChannelKind.EMAIL).first() if channel_id else None
    if channel_id and channel is None:
        raise Http404("no such channel")
    form = ChannelForm(request.POST or None, initial=_known(channel), existing=channel is not None)
    if request.method == "POST" and form.is_valid():
        try:
            saved = (
                change_email_channel(channel.pk, by=agent, **form.cleaned_data)
                if channel
                else add_email_channel(by=agent, **form.cleaned_data)
            )
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            messages.success(request, _("Saved %(name)s.") % {"name": saved.name})
            return redirect("channels")
    example = example_of(form["signature"].value() or "", name=agent.name, email=agent.email)
    context = {"form": form, "channel": channel, "variables": offered_variables(), "example": example}
    context["signature_html"] = form["signature_html"].value() or (channel.signature_html if channel else "")
    return render(request, "channels_inbound/channel_form.html", context, status=422 if form.errors else 200)


def _known(channel: Channel | None) -> dict[str, Any] | None:
    if channel is None:
        return None
    kept = ("name", "team", "locale", "signature", "quotes", "acknowledges", "acknowledgement", "is_active")
    return {name: getattr(channel, name) for name in kept}
