"""Keeping a channel's templates as its provider has them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.credentials import CredentialsError
from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.hooks.accounts import account_of
from channels_inbound.hooks.condition import connection_refused
from channels_inbound.hooks.connections import connection_for
from channels_inbound.hooks.provider import SendError
from channels_inbound.hooks.registry import provider
from events.ledger import record_event
from people.http_client import HttpClient, TooLarge, Unanswered, Unreachable
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput
from tickets.models import ChannelTemplate

MOST = 1000


def sync_templates(channel_id: int, *, by: Agent, http: HttpClient | None = None, at: datetime | None = None) -> int:
    """Ask the provider and keep what it says; how many can be sent. What it no longer has goes. InvalidInput."""
    if not (by.is_active and by.may(Permission.MANAGE_CHANNELS)):
        raise PermissionDenied(_("Your role does not allow this."))
    connection = connection_for(channel_id, by=by)
    handler, at = provider(connection.provider), at or timezone.now()
    if handler is None or not handler.traits.templates:
        raise InvalidInput("templates", _("This kind of channel has no templates."))
    try:
        found = handler.templates(account_of(connection), http or HttpClient())[:MOST]
    except SendError as error:
        if error.kind == "auth":
            connection_refused(channel_id, error.detail, at=at)
        raise InvalidInput("templates", error.detail) from None
    except (Unreachable, Unanswered, TooLarge, CredentialsError) as error:
        raise InvalidInput("templates", str(error)) from None
    rows = [
        ChannelTemplate(
            channel_id=channel_id, name=one.name, language=one.language, category=one.category, state=one.state,
            header=one.header, text=one.text, fields=list(one.fields), external_id=one.external_id, synced_at=at,
        )
        for one in {(one.name, one.language): one for one in found}.values()
    ]  # fmt: skip
    with transaction.atomic():
        lock_channel(channel_id)
        ChannelTemplate.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["channel", "name", "language"],
            update_fields=["category", "state", "header", "text", "fields", "external_id", "synced_at"],
        )  # fmt: skip
        ChannelTemplate.objects.filter(channel=channel_id, synced_at__lt=at).delete()
        usable = sum(row.state == "approved" for row in rows)
        data = {"templates": len(rows), "usable": usable}
        record_event(channel_stream(channel_id), ChannelEvent.TEMPLATES_SYNCED, by=by.actor, at=at, data=data)
    return usable
