"""Making a mail channel: the address customers write to, and the team that answers."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.email.addresses import normal
from channels_inbound.email.headers_out import usable
from channels_inbound.events import ChannelEvent, channel_stream
from events.actors import SYSTEM, Actor
from events.ledger import record_event
from people.models import Team
from tickets.errors import InvalidInput
from tickets.models import Channel, ChannelKind


def create_email_channel(
    name: str,
    address: str,
    *,
    by: Actor = SYSTEM,
    team: Team | None = None,
    locale: str = "en",
    signature: str = "",
    at: datetime | None = None,
) -> Channel:
    """A new mail channel; the listener takes mail for it within seconds. InvalidInput when the name or the address
    is taken, or the address cannot receive mail."""
    address = normal(address)
    if not usable(address) or "+" in address:
        raise InvalidInput("address", _("This is not an address customers could write to."))
    try:
        with transaction.atomic():
            channel = Channel.objects.create(
                kind=ChannelKind.EMAIL, name=name, address=address, team=team, locale=locale, signature=signature
            )
            record_event(
                channel_stream(channel.pk), ChannelEvent.CHANNEL_CREATED,
                by=by, at=at or timezone.now(), data={"address": address},
            )  # fmt: skip
    except IntegrityError:
        raise InvalidInput("address", _("Another channel has this name or address.")) from None
    return channel


def find_channel(name: str) -> Channel | None:
    """The mail channel of that name or address."""
    mail = Channel.objects.filter(kind=ChannelKind.EMAIL)
    return mail.filter(name=name).first() or mail.filter(address=normal(name)).first()
