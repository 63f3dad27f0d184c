"""Putting a claimed reply into the words every channel understands: OutboundMessage."""

from __future__ import annotations

from collections.abc import Sequence

from tickets.deliveries import still_to_send
from tickets.inbound import Address
from tickets.kinds import traits_of
from tickets.models import Channel, Message, MessageKind
from tickets.outbound import AWAITS_TURN, ForwardedOriginal, OutboundAttachment, OutboundMessage, QuotedOriginal
from tickets.preview import without_spans
from tickets.recipients import addresses_of
from tickets.signatures import Signature, signature_of
from tickets.unprompted import unsubscribe_link

MAX_QUOTED = 20_000


def outbound_messages(ids: Sequence[int]) -> list[OutboundMessage]:
    """These replies as their channels send them, in id order."""
    messages = (
        Message.objects.filter(pk__in=ids)
        .select_related("conversation__channel__brand", "agent", "ticket__customer")
        .prefetch_related("attachments")
        .order_by("pk")
    )
    return [_outbound(message) for message in messages]


def _outbound(message: Message) -> OutboundMessage:
    signature = _signature(message, message.conversation.channel)
    channel, envelope, token = message.conversation.channel, message.envelope, message.reply_token or ""
    language = message.language or channel.locale
    return OutboundMessage(
        message_id=message.pk,
        attempt=message.attempts,
        ticket_id=message.ticket_id,
        channel_id=channel.pk,
        channel_kind=channel.kind,
        thread_id=message.conversation.external_id,
        channel_name=channel.shown_name,
        channel_address=channel.address,
        locale=language,
        message_id_header=message.external_id,
        reply_token=token,
        reply_address=_with_token(channel.address, token),
        subject=message.subject,
        text=message.text,
        html=message.html,
        signature=signature.text,
        signature_html=signature.html,
        agent_name=message.agent.name if message.agent else "",
        to=(_addresses if traits_of(channel.kind).addressed else _anyone)(envelope.get("to", ())),
        cc=_addresses(envelope.get("cc", ())),
        bcc=_addresses(envelope.get("bcc", ())),
        in_reply_to=envelope.get("in_reply_to", ""),
        references=tuple(envelope.get("references", ())),
        attachments=_files(message),
        quoted=_quoted(message) if channel.quotes and not message.auto_kind else None,
        forwarded=_forwarded(message),
        automatic=bool(message.auto_kind),
        trace=envelope.get("trace", ""),
        turn=message.not_before if message.error == AWAITS_TURN else None,
        send_to=tuple(still_to_send(envelope, message.deliveries)) if message.deliveries else None,
        unsubscribe_url=unsubscribe_link(envelope, language),
        template=envelope.get("template"),
        private_to=envelope.get("private_to", ""),
        choices=tuple(envelope.get("choices", ())),
    )


def _with_token(address: str, token: str) -> str:
    local, _at, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


def _files(message: Message) -> tuple[OutboundAttachment, ...]:
    return tuple(
        OutboundAttachment(
            file.filename, file.content_type, file.sha256, file.content_id if file.inline else "", file.public_id
        )
        for file in message.attachments.all()
    )


def _signature(message: Message, channel: Channel) -> Signature:
    """The agent's and the channel's, as the composer showed them. Whoever is asked aside is addressed themselves."""
    to = message.envelope.get("to") or [{}]
    customer = "" if message.conversation.aside else message.ticket.customer.name
    return signature_of(
        message.agent, channel, number=message.ticket_id, customer=customer or str(to[0].get("name") or "")
    )


def _anyone(entries: Sequence[dict[str, str]]) -> tuple[Address, ...]:
    """Whom a channel other than mail reaches: names of its own making, not ours to judge."""
    return tuple(Address(entry.get("name", ""), entry["address"]) for entry in entries if entry.get("address"))


def _addresses(entries: Sequence[dict[str, str]]) -> tuple[Address, ...]:
    return tuple(addresses_of(entries))


def _quoted(message: Message) -> QuotedOriginal | None:
    """The message answered, without what it quoted itself, so that threads do not grow like onions."""
    answered_id = message.envelope.get("in_reply_to")
    if not answered_id:
        return None
    answered = (
        Message.objects.filter(
            ticket_id=message.ticket_id, kind=MessageKind.INBOUND, pending=False, external_id=answered_id
        )
        .select_related("identity")
        .first()
    )
    if answered is None:
        return None
    sender = answered.envelope.get("from") or {}
    author = sender.get("name") or sender.get("address") or ""
    folded = [] if answered.shown_whole else [(start, end) for start, end in answered.quoted]
    text = without_spans(answered.text, folded).strip()
    return QuotedOriginal(author, answered.at, text[:MAX_QUOTED], answered.html, bool(folded))


def _forwarded(message: Message) -> tuple[ForwardedOriginal, ...]:
    """The messages passed on, oldest first; a note can not be among them, whatever the row says."""
    ids = message.envelope.get("forwards") or ()
    if not ids:
        return ()
    said = Message.objects.filter(pk__in=ids, ticket_id=message.ticket_id, pending=False)
    said = said.exclude(kind=MessageKind.NOTE).select_related("agent", "conversation__channel__brand")
    said = said.order_by("sequence")
    alone = len(ids) == 1
    return tuple(_original(one, with_html=alone) for one in said)


def _original(said: Message, *, with_html: bool) -> ForwardedOriginal:
    """Pictures go along with a single mail; of a whole conversation the words do."""
    inbound = said.kind == MessageKind.INBOUND
    channel, sender = said.conversation.channel, said.envelope.get("from") or {}
    author = Address(sender.get("name", ""), sender.get("address", ""))
    if not inbound:
        author = Address(
            f"{said.agent.name} ({channel.shown_name})" if said.agent else channel.shown_name, channel.address
        )
    text = said.text if with_html else without_spans(said.text, [(start, end) for start, end in said.quoted]).strip()
    to = _addresses(said.envelope.get("to", ()))
    return ForwardedOriginal(author, to, said.at, said.subject, text, said.html if inbound and with_html else "")
