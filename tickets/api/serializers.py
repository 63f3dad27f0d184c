"""How the spine looks in the API. What proves possession of our mail (reply tokens, our Message-IDs and whatever
quotes them) is never shown: whoever has it may join a thread."""

from __future__ import annotations

import re
from datetime import UTC
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from people.api.serializers import AgentRefSerializer, TeamSerializer
from people.models import Customer, IdentityKind, Trust
from tickets.deliveries import RecipientState
from tickets.fields import typed_value
from tickets.models import (
    CATEGORIES,
    AutoKind,
    ChannelHealth,
    DueState,
    FieldKind,
    Message,
    MessageKind,
    OutboxState,
    Priority,
    SenderVerdict,
    Status,
    ThreadLayer,
    Ticket,
)
from tickets.statuses import word_of

_TOKEN = re.compile(r"\+[a-z2-7]{26}(?=@)")
PRIORITY_NAMES = {value: Priority(value).name.lower() for value in Priority.values}


class UtcField(serializers.DateTimeField):
    """UTC with a Z, whatever the agent's own time zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)


class ChannelRefSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField()


class BrandRefSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField(help_text="As customers read it.")


class BrandSerializer(BrandRefSerializer):
    color = serializers.CharField(help_text="As #1f57d6; empty for the helpdesk's own.")
    locale = serializers.CharField(help_text="Of its public pages, where nothing else is known; may be empty.")
    url = serializers.CharField(help_text="The shop's own address; may be empty.")
    review_url = serializers.CharField(help_text="Where promoters may review it; may be empty.")
    signature = serializers.CharField(help_text="Of its channels that have none of their own; may be empty.")
    signature_html = serializers.CharField(help_text="The same with formatting, where there is any.")
    channels = ChannelRefSerializer(many=True, source="channels.all", help_text="Its tickets are those of these.")


class ChannelSerializer(ChannelRefSerializer):
    address = serializers.CharField()
    brand = BrandRefSerializer(allow_null=True, help_text="The shop it belongs to; null where there are no brands.")
    team = TeamSerializer(allow_null=True)
    locale = serializers.CharField()
    is_active = serializers.BooleanField()
    health = serializers.ChoiceField(
        choices=ChannelHealth.values, source="overall_health", help_text="`failing` when sending or receiving is."
    )
    sending = serializers.ChoiceField(choices=ChannelHealth.values, source="health")
    receiving = serializers.ChoiceField(choices=ChannelHealth.values, source="receive_health")
    last_received_at = UtcField(allow_null=True)
    last_sent_at = UtcField(allow_null=True)


class TagSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class IdentitySerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=IdentityKind.values)
    value = serializers.CharField()
    trust = serializers.ChoiceField(choices=Trust.values)
    suspect = serializers.BooleanField(help_text="The sender's authentication failed: not proven to be theirs.")


def email_of(customer: Customer) -> str | None:
    """The oldest e-mail address not in doubt; reads what was prefetched."""
    mails = [one for one in customer.identities.all() if one.kind == IdentityKind.EMAIL]
    mails.sort(key=lambda one: (one.suspect, one.pk))
    return mails[0].value if mails else None


class CustomerRefSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.SerializerMethodField()

    def get_email(self, customer: Customer) -> str | None:
        return email_of(customer)


class CustomerSerializer(CustomerRefSerializer):
    locale = serializers.CharField()
    time_zone = serializers.CharField()
    identities = IdentitySerializer(many=True, source="identities.all")
    merged_into = serializers.IntegerField(source="merged_into_id", allow_null=True)
    created_at = UtcField()


class StatusRefSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class CustomStatusSerializer(StatusRefSerializer):
    names = serializers.DictField(child=serializers.CharField(), help_text="By language, where it is called otherwise.")
    category = serializers.ChoiceField(choices=list(CATEGORIES), help_text="The `status` of its tickets.")
    team = TeamSerializer(allow_null=True, help_text="Whose tickets may have it; null: all.")
    is_default = serializers.BooleanField(help_text="Taken when only the category is set.")
    archived_at = UtcField(allow_null=True)


class TicketSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="The number people quote, as in #1042.")
    subject = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.values)
    custom_status = serializers.SerializerMethodField(help_text="The shop's own word for the status, if it has one.")
    priority = serializers.SerializerMethodField()
    channel = ChannelRefSerializer()
    customer = CustomerRefSerializer()
    team = TeamSerializer(allow_null=True)
    assignee = AgentRefSerializer(allow_null=True)
    tags = serializers.SerializerMethodField()
    custom_fields = serializers.SerializerMethodField(
        help_text="What is said in fields of the shop's own, by their names; a field that is empty is left out."
    )
    language = serializers.CharField()
    preview = serializers.CharField(help_text="How the last message begins.")
    message_sequence = serializers.IntegerField(help_text="Number of the last message: send it as expected_sequence.")
    needs_attention = serializers.BooleanField()
    opened_at = UtcField()
    updated_at = UtcField(help_text="When anything last happened to it.")
    last_message_at = UtcField()
    waiting_since = UtcField(allow_null=True, help_text="Since when the customer waits for us.")
    snoozed_until = UtcField(allow_null=True)
    next_due_at = UtcField(allow_null=True, help_text="The nearest deadline; one that has passed while it is overdue.")
    due_state = serializers.ChoiceField(choices=DueState.values, help_text="How it stands to that deadline.")
    due_target = serializers.CharField(help_text="What is due: first or next answer, resolution; empty for nothing.")
    solved_at = UtcField(allow_null=True)
    closed_at = UtcField(allow_null=True)
    merged_into = serializers.IntegerField(
        source="merged_into_id",
        allow_null=True,
        help_text="Where everything of it went; such a ticket takes no change.",
    )

    @extend_schema_field(StatusRefSerializer(allow_null=True))
    def get_custom_status(self, ticket: Ticket) -> dict[str, Any] | None:
        word = word_of(ticket)
        return {"id": word.id, "name": word.label} if word.id is not None else None

    @extend_schema_field(serializers.ChoiceField(choices=list(PRIORITY_NAMES.values())))
    def get_priority(self, ticket: Ticket) -> str:
        return PRIORITY_NAMES[ticket.priority]

    @extend_schema_field({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}})
    def get_custom_fields(self, ticket: Ticket) -> dict[str, Any]:
        said: list[dict[str, str]] = getattr(ticket, "said_fields", [])
        return {one["name"]: typed_value(one["kind"], one["value"]) for one in said}

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_tags(self, ticket: Ticket) -> list[str]:
        return sorted(tag.name for tag in ticket.tags.all())


class TicketFieldSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    key = serializers.CharField(help_text="Its word in placeholders: {{field.KEY}}.")
    kind = serializers.ChoiceField(choices=FieldKind.values)
    choices = serializers.ListField(child=serializers.CharField())
    team = TeamSerializer(allow_null=True, help_text="Whose tickets have it; null: all.")
    required = serializers.BooleanField(  # type: ignore[assignment]  # a field, as DRF means it
        help_text="Asked for before a ticket is solved."
    )
    archived_at = UtcField(allow_null=True)


@extend_schema_field({"type": "object", "additionalProperties": True})
class OwnFacts(serializers.JSONField):
    """Facts of ours, or null: said as one type, since `null` fits "anything" too and would then be two of them."""


class AttachmentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    filename = serializers.CharField()
    content_type = serializers.CharField(help_text="What the bytes are, whatever the sender called them.")
    size = serializers.IntegerField()
    inline = serializers.BooleanField(help_text="Shown within the message's HTML.")
    about = OwnFacts(
        allow_null=True,
        help_text='More than a file: {"kind": "mail" | "invite" | "signed" | "encrypted", ...}.',
    )


class AddressSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    address = serializers.CharField()


class AuthorSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["customer", "agent"])
    id = serializers.IntegerField(allow_null=True, help_text="Of the customer or agent.")
    name = serializers.CharField()
    address = serializers.CharField(allow_null=True, help_text="The customer's address in this channel.")


class RecipientDeliverySerializer(serializers.Serializer[Any]):
    address = serializers.CharField()
    state = serializers.ChoiceField(
        choices=[state.value for state in RecipientState],
        help_text="waiting: tried again. delayed: under way, as a report says. refused, bounced: not reached.",
    )
    detail = serializers.CharField()
    at = UtcField()


class DeliverySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=[value for value in OutboxState.values if value], source="outbox")
    not_before = UtcField(allow_null=True)
    scheduled_for = UtcField(allow_null=True, help_text="The moment its author chose; null for what leaves at once.")
    sent_at = UtcField(allow_null=True)
    attempts = serializers.IntegerField()
    error = serializers.CharField()
    recipients = serializers.SerializerMethodField()

    @extend_schema_field(RecipientDeliverySerializer(many=True))
    def get_recipients(self, message: Message) -> list[dict[str, str]]:
        """Those with a known outcome."""
        return [{"address": who, **was} for who, was in (message.deliveries or {}).items()]


class MessageSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    ticket = serializers.IntegerField(source="ticket_id")
    sequence = serializers.IntegerField(help_text="1, 2, 3 ... within the ticket.")
    kind = serializers.ChoiceField(choices=MessageKind.values)
    author = serializers.SerializerMethodField()
    at = UtcField()
    subject = serializers.CharField()
    text = serializers.CharField()
    html = serializers.CharField(help_text="Cleaned of scripts; still written by a stranger.")
    quoted = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="[start, end) of quoted parts, in characters of text.",
    )
    to = serializers.SerializerMethodField()
    cc = serializers.SerializerMethodField()
    bcc = serializers.SerializerMethodField()
    attachments = AttachmentSerializer(many=True, source="attachments.all")
    delivery = serializers.SerializerMethodField()
    thread_layer = serializers.ChoiceField(choices=ThreadLayer.values, help_text="Which rule put it into this ticket.")
    thread_reason = serializers.CharField()
    auto_kind = serializers.ChoiceField(choices=AutoKind.values, help_text="Empty: written by a person.")
    verdict = serializers.ChoiceField(choices=SenderVerdict.values, help_text="Whether the sender proved genuine.")
    pending = serializers.BooleanField(help_text="From a participant nobody has accepted yet.")
    truncated = serializers.BooleanField(help_text="It exceeded a limit: this is what was read.")

    @extend_schema_field(AuthorSerializer)
    def get_author(self, message: Message) -> dict[str, Any]:
        if message.kind == MessageKind.INBOUND:
            identity = message.identity
            if identity is None:
                return {"kind": "customer", "id": None, "name": "", "address": None}
            name = identity.display_name or identity.customer.name or identity.value
            return {"kind": "customer", "id": identity.customer_id, "name": name, "address": identity.value}
        agent = message.agent
        return {"kind": "agent", "id": message.agent_id, "name": agent.name if agent else "", "address": None}

    @extend_schema_field(AddressSerializer(many=True))
    def get_to(self, message: Message) -> list[dict[str, str]]:
        return _addresses(message, "to")

    @extend_schema_field(AddressSerializer(many=True))
    def get_cc(self, message: Message) -> list[dict[str, str]]:
        return _addresses(message, "cc")

    @extend_schema_field(AddressSerializer(many=True))
    def get_bcc(self, message: Message) -> list[dict[str, str]]:
        return _addresses(message, "bcc")

    @extend_schema_field(DeliverySerializer(allow_null=True))
    def get_delivery(self, message: Message) -> Any:
        return DeliverySerializer(message).data if message.kind == MessageKind.OUTBOUND else None


def _addresses(message: Message, field: str) -> list[dict[str, str]]:
    """Recipients as they were written. Our own reply address within them carries a token, which is cut off."""
    return [
        {"name": str(one.get("name", "")), "address": without_token(str(one.get("address", "")))}
        for one in message.envelope.get(field) or ()
    ]


def without_token(address: str) -> str:
    """`support+kq3...@shop` as `support@shop`: the 26 characters are what proves possession of our mail."""
    return _TOKEN.sub("", address)
