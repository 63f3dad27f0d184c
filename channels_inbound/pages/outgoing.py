"""The servers a channel's mail leaves by: their order and health, and for admins adding, changing and testing them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels_inbound import consent
from channels_inbound.credentials import CredentialsError
from channels_inbound.models import OutgoingServer
from channels_inbound.outgoing import actions
from channels_inbound.outgoing.servers import try_server
from channels_inbound.pages.sign_in_form import HELP, OAUTH, SECRETS, SENDING, SignInForm, filled_in_for
from people.models import Agent
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, signed_in
from tickets.models import Channel, ChannelKind


class OutgoingForm(SignInForm):
    """All settings."""

    class Meta:
        model = OutgoingServer
        fields = ("host", "port", "security", "username", "auth", "password", *OAUTH, "is_active")
        help_texts = {
            "host": gettext_lazy("For example smtp.gmail.com or smtp.office365.com."),
            **HELP,
            "username": gettext_lazy("Empty for a server that lets this machine send without signing in."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        port = self.fields["port"]
        self.fields["port"] = forms.IntegerField(label=port.label, initial=587, min_value=1, max_value=65535)
        if self.instance.pk and self.instance.secret:
            self.say_what_is_stored()

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("host", "port", "security", "username", "auth", "password")]


@require_safe
@signed_in
def list_page(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """The servers of a channel in the order they are tried."""
    _admin(request)
    channel = _channel(channel_id)
    servers = list(channel.outgoing_servers.all())
    return render(request, "channels_inbound/outgoing.html", {"channel": channel, "servers": servers})


@sensitive_post_parameters(*SECRETS)
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: HttpRequest, channel_id: int, server_id: int | None = None) -> HttpResponseBase:
    """Add one, or change one; "Test connection" signs in, sends nothing and saves nothing."""
    admin, channel = _admin(request), _channel(channel_id)
    server = channel.outgoing_servers.filter(pk=server_id).first() if server_id else None
    if server_id and server is None:
        raise Http404("no such server")
    form = OutgoingForm(
        request.POST or None, instance=server, initial=filled_in_for(request.GET.get("provider"), SENDING)
    )
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in actions.SETTINGS}
        if "test" in request.POST:
            return _tested(request, form, channel, server, values)
        try:
            if server:
                actions.change_server(server.pk, values, form.secret, by=admin)
            else:
                server = actions.add_server(channel, values, form.secret, by=admin)
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            if form.must_ask_owner:
                return redirect("outgoing_edit", channel.pk, server.pk)
            messages.success(request, _("Saved."))
            return redirect("outgoing", channel.pk)
    return _form_page(request, form, channel, server)


@require_POST
@signed_in
def first(request: HttpRequest, channel_id: int, server_id: int) -> HttpResponseBase:
    """Try this one before the others."""
    return _done(request, channel_id, server_id, actions.put_first)


@require_POST
@signed_in
def remove(request: HttpRequest, channel_id: int, server_id: int) -> HttpResponseBase:
    """Take it away."""
    return _done(request, channel_id, server_id, actions.remove_server)


def _done(request: HttpRequest, channel_id: int, server_id: int, change: Any) -> HttpResponseBase:
    admin, channel = _admin(request), _channel(channel_id)
    if not channel.outgoing_servers.filter(pk=server_id).exists():
        raise Http404("no such server")
    try:
        change(server_id, by=admin)
    except NotFound:
        raise Http404("no such server") from None
    return redirect("outgoing", channel.pk)


def _tested(
    request: HttpRequest, form: OutgoingForm, channel: Channel, server: OutgoingServer | None, values: dict[str, Any]
) -> HttpResponse:
    """With the stored password only at the place it was stored for."""
    tried, secret = OutgoingServer(channel=channel, **values), form.secret
    if not secret and server and server.secret and tried.username:
        if any(getattr(tried, name) != getattr(server, name) for name in actions.PLACE):
            form.add_error("password", _("For another server the password must be entered again."))
            return _form_page(request, form, channel, server)
        try:
            secret = actions.stored_secret(server)
        except CredentialsError as error:
            return _form_page(request, form, channel, server, trouble=str(error))
    trouble = try_server(tried, secret, at=timezone.now())
    return _form_page(request, form, channel, server, trouble=trouble, good=not trouble)


def _form_page(
    request: HttpRequest,
    form: OutgoingForm,
    channel: Channel,
    server: OutgoingServer | None,
    *,
    trouble: str = "",
    good: bool = False,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form, "channel": channel, "server": server, "trouble": trouble, "good": good,
        "consent": consent.offer("outgoing", server), "presets": server is None,
    }  # fmt: skip
    status = 422 if form.errors else 200
    return render(request, "channels_inbound/outgoing_form.html", context, status=status)


def _admin(request: HttpRequest) -> Agent:
    agent = agent_of(request)
    if not agent.may(Permission.MANAGE_CHANNELS):
        raise Http404("not for this role")
    return agent


def _channel(channel_id: int) -> Channel:
    channel = Channel.objects.filter(pk=channel_id, kind=ChannelKind.EMAIL).first()
    if channel is None:
        raise Http404("no such channel")
    return channel
