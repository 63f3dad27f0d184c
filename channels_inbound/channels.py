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
from events.audit import note_setting
from events.ledger import record_event
from people.models import Agent, Team
from people.permissions import Permission, PermissionDenied
from people.signatures import unknown_variables, unknown_words, written_signature
from tickets.errors import InvalidInput, NotFound
from tickets.models import Channel, ChannelKind


def create_email_channel(
    name: str,
    address: str,
    *,
    by: Actor = SYSTEM,
    team: Team | None = None,
    locale: str = "en",
    signature: str = "",
    signature_html: str = "",
    at: datetime | None = None,
) -> Channel:
    """A new mail channel; the listener takes mail for it within seconds. InvalidInput when the name or the address
    is taken, or the address cannot receive mail."""
    address = normal(address)
    signature, signature_html = _signature(signature, signature_html, kept=("", ""))
    if not usable(address) or "+" in address:
        raise InvalidInput("address", _("This is not an address customers could write to."))
    try:
        with transaction.atomic():
            channel = Channel.objects.create(
                kind=ChannelKind.EMAIL, name=name, address=address, team=team, locale=locale, signature=signature,
                signature_html=signature_html,
            )  # fmt: skip
            record_event(
                channel_stream(channel.pk), ChannelEvent.CHANNEL_CREATED,
                by=by, at=at or timezone.now(), data={"address": address},
            )  # fmt: skip
    except IntegrityError:
        raise InvalidInput("address", _("Another channel has this name or address.")) from None
    return channel


def change_email_channel(
    channel_id: int,
    *,
    by: Agent,
    name: str,
    team: Team | None,
    locale: str,
    signature: str,
    is_active: bool,
    signature_html: str = "",
    quotes: bool = True,
    acknowledges: bool = False,
    acknowledgement: str = "",
    at: datetime | None = None,
) -> Channel:
    """Change a channel; its address stays, since every reply token is bound to it. Repeating it changes nothing."""
    _require(by)
    wanted = {"name": name, "team": team, "locale": locale, "is_active": is_active}
    wanted |= {"quotes": quotes, "acknowledges": acknowledges, "acknowledgement": acknowledgement}
    try:
        with transaction.atomic():
            channel = Channel.objects.select_for_update(no_key=True).filter(pk=channel_id).first()
            if channel is None:
                raise NotFound(_("There is no such channel."))
            kept = (channel.signature, channel.signature_html)
            wanted["signature"], wanted["signature_html"] = _signature(signature, signature_html, kept=kept)
            changed = [field for field, value in wanted.items() if getattr(channel, field) != value]
            if changed:
                note_setting(f"channel {channel.pk}", {one: getattr(channel, one) for one in changed},
                             {one: wanted[one] for one in changed}, by=by.actor)  # fmt: skip
                for field in changed:
                    setattr(channel, field, wanted[field])
                channel.save(update_fields=changed)
                record_event(
                    channel_stream(channel.pk), ChannelEvent.CHANNEL_CHANGED,
                    by=by.actor, at=at or timezone.now(), data={"changed": changed},
                )  # fmt: skip
    except IntegrityError:
        raise InvalidInput("name", _("Another channel has this name or address.")) from None
    return channel


def add_email_channel(
    *, by: Agent, name: str, address: str, team: Team | None, locale: str, signature: str, signature_html: str = "",
    at: datetime | None = None,
) -> Channel:  # fmt: skip
    """`create_email_channel` for a person: only who manages channels may."""
    _require(by)
    return create_email_channel(
        name, address, by=by.actor, team=team, locale=locale, signature=signature, signature_html=signature_html, at=at
    )


def _signature(text: str, html: str, *, kept: tuple[str, str]) -> tuple[str, str]:
    text, html = written_signature(text, html, kept=kept)
    if unknown := unknown_variables(text + html):
        raise InvalidInput("signature", unknown_words(unknown))
    return text, html


def _require(by: Agent) -> None:
    if not by.may(Permission.MANAGE_CHANNELS):
        raise PermissionDenied(_("Your role does not allow this."))


def find_channel(name: str) -> Channel | None:
    """The mail channel of that name or address."""
    mail = Channel.objects.filter(kind=ChannelKind.EMAIL)
    return mail.filter(name=name).first() or mail.filter(address=normal(name)).first()
