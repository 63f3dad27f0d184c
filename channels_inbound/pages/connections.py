"""Connecting a provider's channel, and how each connection is doing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels_inbound.hooks import connections as actions
from channels_inbound.hooks.accounts import hook_url
from channels_inbound.hooks.provider import Provider
from channels_inbound.hooks.registry import provider, providers
from channels_inbound.hooks.templates import sync_templates
from channels_inbound.hooks.upkeep import upkeep_of
from channels_inbound.models import Connection, UpkeepKind
from channels_inbound.pages.connection_form import ConnectionForm, initial_of
from people.models import Agent
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, signed_in
from tickets.models import Channel, ChannelKind, ChannelTemplate, Message, OutboxState


@require_safe
@signed_in
def choose(request: HttpRequest) -> HttpResponseBase:
    """Which kind of channel to connect."""
    _admin(request)
    mail = Channel.objects.filter(kind=ChannelKind.EMAIL).order_by("name")  # a contact form belongs to one of them
    return render(request, "channels_inbound/connect.html", {"providers": providers(), "mail": mail})


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: HttpRequest, name: str) -> HttpResponseBase:
    """Connect one."""
    admin, handler = _admin(request), _provider(name)
    initial = {"name": str(handler.traits.label)}
    form = ConnectionForm(request.POST or None, provider=handler, connection=None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            connection = actions.add_connection(name, form.values, by=admin, **form.channel)
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            _announce(request, connection, admin)
            return redirect("connection", connection.channel_id)
    return _page(request, form, handler, None)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """How it is doing, and its settings."""
    admin = _admin(request)
    connection = _connection(channel_id, admin)
    handler = _provider(connection.provider)
    form = ConnectionForm(request.POST or None, provider=handler, connection=connection, initial=initial_of(connection))
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_connection(channel_id, form.values, by=admin, **form.channel)
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("connection", channel_id)
    return _page(request, form, handler, connection)


@require_POST
@signed_in
def templates(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """Ask the provider for the templates there are."""
    admin = _admin(request)
    _connection(channel_id, admin)
    try:
        usable = sync_templates(channel_id, by=admin)
    except InvalidInput as error:
        messages.error(request, error.message)
    else:
        said = ngettext("%(count)d template can be sent.", "%(count)d templates can be sent.", usable)
        messages.success(request, said % {"count": usable})
    return redirect("connection", channel_id)


@require_POST
@signed_in
def test(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """Ask the provider who we are, and tell it our address where that can be told."""
    admin = _admin(request)
    connection = _connection(channel_id, admin)
    try:
        said = actions.try_connection(channel_id, by=admin)
    except InvalidInput as error:
        messages.error(request, _("It does not work: %(reason)s") % {"reason": error.message})
    else:
        messages.success(request, _("It works. The provider knows us as %(name)s.") % {"name": said or "–"})
        _announce(request, connection, admin)
    return redirect("connection", channel_id)


@require_POST
@signed_in
def remove(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """Forget the credentials and switch it off."""
    try:
        actions.remove_connection(channel_id, by=_admin(request))
    except NotFound:
        raise Http404("no such connection") from None
    messages.success(request, _("Disconnected. What came by it stays."))
    return redirect("channels")


def _announce(request: HttpRequest, connection: Connection, admin: Agent) -> None:
    try:
        said = actions.announce_hook(connection.channel_id, by=admin)
    except InvalidInput as error:
        messages.error(request, _("The provider did not take our address: %(reason)s") % {"reason": error.message})
    else:
        if said:
            messages.success(request, said)


def _page(request: HttpRequest, form: ConnectionForm, handler: Provider, connection: Connection | None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "provider": handler, "connection": connection}
    if connection is not None:
        kept = upkeep_of(connection)
        out = Message.objects.filter(conversation__channel=connection.channel_id)
        context |= {
            "hook_url": hook_url(connection),
            "waiting": out.filter(outbox=OutboxState.QUEUED, attempts__gt=0).count(),
            "unsure": out.filter(outbox__in=[OutboxState.FAILED, OutboxState.UNKNOWN]).count(),
            "renewal": kept.get(UpkeepKind.RENEW),
            "look": kept.get(UpkeepKind.LOOK),
            "templates": ChannelTemplate.objects.filter(channel=connection.channel_id).order_by("name", "language"),
        }
    return render(request, "channels_inbound/connection.html", context, status=422 if form.errors else 200)


def _admin(request: HttpRequest) -> Agent:
    agent = agent_of(request)
    if not agent.may(Permission.MANAGE_CHANNELS):
        raise Http404("not for this role")
    return agent


def _provider(name: str) -> Provider:
    found = provider(name)
    if found is None:
        raise Http404("no such provider")
    return found


def _connection(channel_id: int, admin: Agent) -> Connection:
    try:
        return actions.connection_for(channel_id, by=admin)
    except NotFound:
        raise Http404("no such connection") from None
