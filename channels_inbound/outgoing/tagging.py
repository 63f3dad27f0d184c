"""What a mail carries for the service it leaves by, so that the service can say which mail it speaks of."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

from channels_inbound.email.compose import ComposedMail
from channels_inbound.hooks.provider import Provider
from channels_inbound.hooks.registry import provider, providers
from channels_inbound.mail_services.tags import mail_tag
from channels_inbound.models import Connection
from tickets.outbound import OutboundMessage


def service_of(host: str, channel_id: int) -> Provider | None:
    """The service whose server this is; for a server nobody knows, the one that tells of this channel's mail: it may
    well be behind it."""
    name = host.lower().rstrip(".")
    for one in providers():
        if any(fnmatchcase(name, pattern) for pattern in one.smtp_hosts):
            return one
    bound = Connection.objects.filter(channel=channel_id).values_list("provider", flat=True).first()
    return provider(bound) if bound else None


def tagged(mail: ComposedMail, m: OutboundMessage, service: Provider | None) -> ComposedMail:
    """The mail with the service's headers before its own. A signature made before holds: it names what it is over."""
    headers = service.mail_headers(mail_tag(m.message_id, m.message_id_header)) if service else {}
    if not headers:
        return mail
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return replace(mail, content=lines.encode("ascii") + mail.content)
