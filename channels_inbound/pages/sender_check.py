"""What DNS says of a channel's sending domain, and the keys its mail is signed with."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels_inbound.outgoing import keys
from channels_inbound.outgoing.dns import DnsUnreachable, Resolver
from channels_inbound.outgoing.sender_check import Finding, check_sender, unasked
from channels_inbound.outgoing.servers import servers_of
from people.models import Agent
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, signed_in
from tickets.models import Channel, ChannelKind


@require_safe
@signed_in
def page(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """Asked when the page is opened: what it says is true now."""
    _by, channel = _asked(request, channel_id)
    domain = keys.sending_domain(channel.address)
    hosts = [server.host for server in servers_of(channel.pk)] or ([settings.EMAIL_HOST] if settings.EMAIL_URL else [])
    ours = keys.keys_of(domain)
    try:
        findings = check_sender(domain, hosts, Resolver(), ours)
    except DnsUnreachable:
        findings = [Finding("DNS", "unknown", _("This machine has no name server set.")), *unasked(ours)]
    waits = any(key.signs_since is None for key in ours)
    context = {"channel": channel, "domain": domain, "findings": findings, "has_key": bool(ours), "waits": waits}
    return render(request, "channels_inbound/sender_check.html", context)


@require_POST
@signed_in
def add_key(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """Make a key; its record is shown on the page."""
    admin, channel = _asked(request, channel_id)
    try:
        keys.add_key(channel, by=admin)
    except InvalidInput as error:
        messages.error(request, error.message)
    return redirect("sender_check", channel.pk)


@require_POST
@signed_in
def start(request: HttpRequest, channel_id: int, key_id: int) -> HttpResponseBase:
    """Sign with it from now on, if DNS shows it."""
    admin, channel = _asked(request, channel_id)
    try:
        lookup = Resolver()
    except DnsUnreachable:
        lookup = None
    try:
        keys.start_signing(channel, key_id, by=admin, lookup=lookup)
    except NotFound:
        raise Http404("no such key") from None
    except InvalidInput as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Mail of this domain is signed from now on."))
    return redirect("sender_check", channel.pk)


@require_POST
@signed_in
def remove_key(request: HttpRequest, channel_id: int, key_id: int) -> HttpResponseBase:
    """Sign with it no more."""
    admin, channel = _asked(request, channel_id)
    try:
        keys.remove_key(channel, key_id, by=admin)
    except NotFound:
        raise Http404("no such key") from None
    return redirect("sender_check", channel.pk)


def _asked(request: HttpRequest, channel_id: int) -> tuple[Agent, Channel]:
    """Who asks, and about what; 404 for everybody else and everything else."""
    agent = agent_of(request)
    if not agent.may(Permission.MANAGE_CHANNELS):
        raise Http404("not for this role")
    channel = Channel.objects.filter(pk=channel_id, kind=ChannelKind.EMAIL).first()
    if channel is None:
        raise Http404("no such channel")
    return agent, channel
