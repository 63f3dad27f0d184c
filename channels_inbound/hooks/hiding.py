"""Hiding a public comment at its provider, and showing it again."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.hooks.accounts import sending_account
from channels_inbound.hooks.condition import connection_refused
from channels_inbound.hooks.provider import SendError
from channels_inbound.hooks.registry import provider
from people.http_client import HttpClient, TooLarge, Unanswered, Unreachable
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.actions.changes import message_hidden
from tickets.errors import InvalidInput, NotFound
from tickets.kinds import traits_of
from tickets.models import Message, MessageKind, Ticket


def hide_comment(message_id: int, *, hidden: bool, by: Agent, http: HttpClient | None = None) -> bool:
    """Ask the provider, then note it; False when it was so already. It can be asked again after any failure, since
    hiding what is hidden changes nothing there. InvalidInput says what the provider said."""
    if not (by.is_active and by.may(Permission.EDIT_TICKETS)):
        raise PermissionDenied(_("Your role does not allow this."))
    said = Message.objects.filter(pk=message_id, kind=MessageKind.INBOUND).select_related("conversation__channel")
    message = said.filter(ticket__in=Ticket.objects.visible_to(by)).first()
    if message is None or not traits_of(message.conversation.channel.kind).hides or message.marks.get("unsent_at"):
        raise NotFound(_("There is no such message."))
    if bool(message.marks.get("hidden_at")) == hidden:
        return False
    channel_id = message.conversation.channel_id
    try:
        connection, account = sending_account(channel_id)
        handler = provider(connection.provider)
        if handler is None:
            raise SendError("permanent", "the channel is not connected any more")
        # No transaction is open while the provider is asked.
        handler.hide(message.external_id, hidden, account, http or HttpClient())
    except SendError as error:
        if error.kind == "auth":
            connection_refused(channel_id, error.detail, at=timezone.now())
        raise InvalidInput("hidden", error.detail) from None
    except (Unreachable, Unanswered, TooLarge) as error:
        raise InvalidInput("hidden", str(error)) from None
    return message_hidden(message.pk, hidden=hidden, by=by.actor, at=timezone.now())
