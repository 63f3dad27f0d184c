"""What DNS says of a channel's sending domain."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from channels_inbound.outgoing.dns import DnsUnreachable, Resolver
from channels_inbound.outgoing.sender_check import Finding, check_sender
from channels_inbound.outgoing.servers import servers_of
from people.permissions import Permission
from tickets.inbox.access import agent_of, signed_in
from tickets.models import Channel, ChannelKind


@require_safe
@signed_in
def page(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """Asked when the page is opened: what it says is true now."""
    if not agent_of(request).may(Permission.MANAGE_CHANNELS):
        raise Http404("not for this role")
    channel = Channel.objects.filter(pk=channel_id, kind=ChannelKind.EMAIL).first()
    if channel is None:
        raise Http404("no such channel")
    domain = channel.address.rpartition("@")[2]
    hosts = [server.host for server in servers_of(channel.pk)] or ([settings.EMAIL_HOST] if settings.EMAIL_URL else [])
    try:
        findings = check_sender(domain, hosts, Resolver())
    except DnsUnreachable:
        findings = [Finding("DNS", "unknown", _("This machine has no name server set."))]
    context = {"channel": channel, "domain": domain, "findings": findings}
    return render(request, "channels_inbound/sender_check.html", context)
