"""What buyers are expected to buy, as JSON: of all of them, and of one customer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from metrics import returning
from metrics.api.views import ReportView
from metrics.outlook import Outlook, outlook_of_customer
from people.api.base import StrictSerializer
from people.models import Customer
from tickets.api.queries import visible_customers


class OutlookQuery(StrictSerializer):
    customer = serializers.IntegerField(required=False, help_text="Of this customer too.")


class ModelSerializer(serializers.Serializer[Any]):
    r = serializers.FloatField()
    alpha = serializers.FloatField(help_text="Weeks.")
    a = serializers.FloatField()
    b = serializers.FloatField()


class BuyerSerializer(serializers.Serializer[Any]):
    purchases = serializers.IntegerField(help_text="Days on which they bought.")
    alive = serializers.FloatField(help_text="How likely they are still a buyer, from 0 to 1.")
    next_90 = serializers.FloatField()
    next_365 = serializers.FloatField()


class OutlookSerializer(serializers.Serializer[Any]):
    counted_at = serializers.DateTimeField(allow_null=True, help_text="Null: it is being reckoned; ask again.")
    buyers = serializers.IntegerField(allow_null=True)
    bought_again = serializers.IntegerField(allow_null=True)
    model = ModelSerializer(allow_null=True, help_text="BG/NBD; null where there is not enough data.")
    next_90 = serializers.FloatField(allow_null=True, help_text="Purchases to be expected in 90 days.")
    next_365 = serializers.FloatField(allow_null=True)
    active = serializers.FloatField(allow_null=True, help_text="How many of the buyers still are.")
    foretold = serializers.FloatField(allow_null=True, help_text="Of the last 90 days, as of 90 days ago.")
    happened = serializers.IntegerField(allow_null=True)
    customer = BuyerSerializer(allow_null=True)


class OutlookView(ReportView):
    @extend_schema(operation_id="reports_outlook", parameters=[OutlookQuery], responses=OutlookSerializer,
                   tags=["reports"])  # fmt: skip
    def get(self, request: Request) -> Response:
        """Purchases to be expected of everybody who bought up to today."""
        query = self.query(OutlookQuery)
        customer = self.one(visible_customers(self.agent), pk=query["customer"]) if "customer" in query else None
        found, at = returning.outlook(self.scope_of({"days": 1}), timezone.now())
        model = found.model if found else None
        return Response({
            "counted_at": at, "buyers": found and found.buyers, "bought_again": found and found.again,
            "model": model and asdict(model), "next_90": found.soon if found and model else None,
            "next_365": found.later if found and model else None, "active": found.active if found and model else None,
            "foretold": found and found.foretold, "happened": found and found.happened,
            "customer": _of(customer, found) if customer else None,
        })  # fmt: skip


def _of(customer: Customer, found: Outlook | None) -> dict[str, Any] | None:
    if found is None or found.model is None:
        return None
    root, zone = customer.merged_into_id or customer.pk, timezone.get_current_timezone_name()
    one = outlook_of_customer(root, found.model, timezone.localdate(), zone)
    if one is None:
        return None
    return {"purchases": one.purchases, "alive": one.alive, "next_90": one.soon, "next_365": one.later}
