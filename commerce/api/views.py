"""Orders for programs: read those of customers one may see, bring in one's own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from commerce.actions import shop_of
from commerce.facts import OrderFacts, Unreadable, address, clean, currency_code, minor, moment, phone, places_of
from commerce.keeping import keep_orders
from commerce.matching import orders_of_customer
from commerce.models import Order, OrderStatus
from people.api.base import StrictSerializer
from people.api.pagination import PageQuery
from people.api.problems import invalid_input
from people.api.schema import page_of
from people.permissions import Permission, PermissionDenied
from tickets.api.base import SpineView
from tickets.api.queries import visible_customers

MOST = 500


class OrderQuery(StrictSerializer, PageQuery):
    customer = serializers.IntegerField(help_text="Orders under this customer's verified addresses.")


class OrderSerializer(serializers.Serializer[Order]):
    id = serializers.IntegerField()
    shop = serializers.IntegerField(source="shop_id")
    external_id = serializers.CharField()
    number = serializers.CharField()
    status = serializers.ChoiceField(OrderStatus.values)
    currency = serializers.CharField()
    total = serializers.SerializerMethodField(help_text="Decimal text in `currency`.")
    refunded = serializers.SerializerMethodField()
    placed_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    items = serializers.JSONField(help_text="Prices in minor units.")
    tracking = serializers.CharField()

    def get_total(self, order: Order) -> str:
        return _decimal(order.total, order.currency)

    def get_refunded(self, order: Order) -> str:
        return _decimal(order.refunded, order.currency)


class NewOrder(StrictSerializer):
    external_id = serializers.CharField(max_length=64)
    number = serializers.CharField(max_length=40, required=False, default="")
    status = serializers.ChoiceField(OrderStatus.values)
    currency = serializers.CharField(max_length=3)
    total = serializers.CharField(max_length=30)
    refunded = serializers.CharField(max_length=30, required=False)
    placed_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField(help_text="What is older than the order we have changes nothing.")
    email = serializers.CharField(max_length=320, required=False, default="")
    phone = serializers.CharField(max_length=40, required=False, default="")
    name = serializers.CharField(max_length=200, required=False, default="")


class NewOrders(StrictSerializer):
    shop = serializers.IntegerField()
    orders = NewOrder(many=True, max_length=MOST)  # type: ignore[call-arg]  # of the list it becomes


class KeptSerializer(serializers.Serializer[Any]):
    added = serializers.IntegerField()
    changed = serializers.IntegerField()


class OrdersView(SpineView):
    area = "orders"

    @extend_schema(operation_id="orders_list", parameters=[OrderQuery], responses=page_of(OrderSerializer, "Order"),
                   tags=["orders"])  # fmt: skip
    def get(self, request: Request) -> Response:
        """One customer's orders, oldest first."""
        query = self.query(OrderQuery)
        customer = self.one(visible_customers(self.agent), pk=query["customer"])
        return self.page(orders_of_customer(customer.pk), OrderSerializer, query=query)

    @extend_schema(operation_id="orders_keep", request=NewOrders, responses=KeptSerializer, tags=["orders"])
    def post(self, request: Request) -> HttpResponseBase:
        """Make or change orders of a shop; the same again changes nothing."""
        if not self.agent.may(Permission.MANAGE_SHOPS):
            raise PermissionDenied
        body = self.body(NewOrders)
        try:
            facts = [_facts(said) for said in body["orders"]]
        except Unreadable as error:
            raise invalid_input([{"field": "orders", "code": "invalid", "detail": str(error)}]) from None

        def keep() -> tuple[int, dict[str, int]]:
            kept = keep_orders(shop_of(body["shop"]).pk, facts, at=timezone.now(), by=self.agent.actor)
            return 200, {"added": kept.added, "changed": kept.changed}

        return self.once(keep)


def _facts(said: dict[str, Any]) -> OrderFacts:
    currency = currency_code(said["currency"])
    refunded = said.get("refunded")
    return OrderFacts(
        external_id=clean(said["external_id"], 64), number=clean(said["number"] or said["external_id"], 40),
        status=said["status"], currency=currency, total=minor(said["total"], currency),
        placed_at=moment(said["placed_at"].isoformat()), changed_at=moment(said["changed_at"].isoformat()),
        email=address(said["email"]), phone=phone(said["phone"]),
        name=clean(said["name"], 200), refunded=None if refunded is None else minor(refunded, currency),
    )  # fmt: skip


def _decimal(amount: int, currency: str) -> str:
    places = places_of(currency)
    return f"{Decimal(amount).scaleb(-places):.{places}f}"
