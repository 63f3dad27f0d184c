"""What surrounds tickets: customers within scope, channels and tags."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from people.api.base import StrictSerializer
from people.api.pagination import PageQuery
from people.api.schema import page_of
from people.models import IdentityKind
from people.permissions import Permission
from tickets.actions.base import require
from tickets.api.base import SpineView
from tickets.api.queries import visible_customers
from tickets.api.serializers import (
    ChannelSerializer,
    CustomerSerializer,
    CustomStatusSerializer,
    TagSerializer,
    TicketFieldSerializer,
)
from tickets.models import Channel, CustomStatus, Tag, TicketField


class ListQuery(StrictSerializer, PageQuery):
    pass


class CustomerQuery(ListQuery):
    email = serializers.CharField(required=False, max_length=320, help_text="Exactly this address.")


class CustomersView(SpineView):
    area = "customers"

    @extend_schema(
        operation_id="customers_list",
        parameters=[CustomerQuery],
        responses=page_of(CustomerSerializer, "Customer"),
        tags=["customers"],
    )
    def get(self, request: Request) -> Response:
        """Customers with a ticket you may see, oldest first."""
        require(self.agent, Permission.READ_CUSTOMERS)
        query = self.query(CustomerQuery)
        customers = visible_customers(self.agent)
        if "email" in query:
            value = query["email"].strip().lower()
            customers = customers.filter(identities__kind=IdentityKind.EMAIL, identities__value=value).distinct()
        return self.page(customers, CustomerSerializer, query=query)


class CustomerView(SpineView):
    area = "customers"

    @extend_schema(operation_id="customers_get", responses=CustomerSerializer, tags=["customers"])
    def get(self, request: Request, customer_id: int) -> Response:
        """One customer with the addresses we know them by."""
        return Response(CustomerSerializer(self.one(visible_customers(self.agent), pk=customer_id)).data)


class ChannelsView(SpineView):
    @extend_schema(
        operation_id="channels_list",
        parameters=[ListQuery],
        responses=page_of(ChannelSerializer, "Channel"),
        tags=["channels"],
    )
    def get(self, request: Request) -> Response:
        """The ways in, with their health. Credentials are not part of them."""
        query = self.query(ListQuery)
        channels = Channel.objects.select_related("team", "brand")
        return self.page(channels, ChannelSerializer, query=query)


class ChannelView(SpineView):
    @extend_schema(operation_id="channels_get", responses=ChannelSerializer, tags=["channels"])
    def get(self, request: Request, channel_id: int) -> Response:
        """One way in."""
        channels = Channel.objects.select_related("team", "brand")
        return Response(ChannelSerializer(self.one(channels, pk=channel_id)).data)


class FieldsView(SpineView):
    @extend_schema(
        operation_id="fields_list",
        parameters=[ListQuery],
        responses=page_of(TicketFieldSerializer, "TicketField"),
        tags=["tickets"],
    )
    def get(self, request: Request) -> Response:
        """Fields of the shop's own, also the archived ones."""
        fields = TicketField.objects.select_related("team")
        return self.page(fields, TicketFieldSerializer, query=self.query(ListQuery))


class StatusesView(SpineView):
    @extend_schema(
        operation_id="statuses_list",
        parameters=[ListQuery],
        responses=page_of(CustomStatusSerializer, "CustomStatus"),
        tags=["tickets"],
    )
    def get(self, request: Request) -> Response:
        """Statuses of the shop's own, also the archived ones."""
        statuses = CustomStatus.objects.select_related("team")
        return self.page(statuses, CustomStatusSerializer, query=self.query(ListQuery))


class TagsView(SpineView):
    @extend_schema(
        operation_id="tags_list", parameters=[ListQuery], responses=page_of(TagSerializer, "Tag"), tags=["tickets"]
    )
    def get(self, request: Request) -> Response:
        """Tags in use."""
        query = self.query(ListQuery)
        return self.page(Tag.objects.all(), TagSerializer, query=query)
