"""Brands over REST: read by everybody, written by whoever sets up channels."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from people.api.base import StrictSerializer
from people.api.pagination import PageQuery
from people.api.schema import page_of
from people.models import Brand
from people.permissions import Permission
from people.signatures import LONGEST_HTML
from tickets.actions.base import require
from tickets.actions.brands import LONGEST, BrandSaid, remove_brand, save_brand
from tickets.api.base import SpineView
from tickets.api.serializers import BrandSerializer

_SAID = tuple(field.name for field in fields(BrandSaid))


class BrandQuery(StrictSerializer, PageQuery):
    pass


class BrandBody(StrictSerializer):
    """What is left out stays as it is; of a new brand it is empty."""

    name = serializers.CharField(max_length=LONGEST, help_text="As customers read it.")
    color = serializers.CharField(max_length=7, required=False, allow_blank=True, help_text="As #1f57d6.")
    locale = serializers.CharField(max_length=8, required=False, allow_blank=True)
    url = serializers.CharField(max_length=300, required=False, allow_blank=True)
    review_url = serializers.CharField(max_length=300, required=False, allow_blank=True)
    signature = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    signature_html = serializers.CharField(
        max_length=LONGEST_HTML, required=False, allow_blank=True, help_text="Goes before the text."
    )
    channels = serializers.ListField(
        child=serializers.IntegerField(), required=False, max_length=500,
        help_text="All that belong to it from then on: one of another brand comes over, one left out belongs to none.",
    )  # fmt: skip


class BrandChange(BrandBody):
    name = serializers.CharField(max_length=LONGEST, required=False, help_text="As customers read it.")


class _BrandView(SpineView):
    @property
    def brands(self) -> QuerySet[Brand]:
        return Brand.objects.prefetch_related("channels")

    def saved(self, brand_id: int | None, body: dict[str, Any]) -> dict[str, Any]:
        """Write what is said over what is there; nobody changes it in between."""
        require(self.agent, Permission.MANAGE_CHANNELS)
        channels = body.pop("channels", None)
        if "signature" in body:
            body.setdefault("signature_html", "")
        with transaction.atomic():
            kept = {}
            if brand_id is not None:
                brand = self.one(Brand.objects.select_for_update(), pk=brand_id)
                kept = {name: getattr(brand, name) for name in _SAID}
            row = save_brand(brand_id, BrandSaid(**(kept | body)), by=self.agent, channels=channels)
        return dict(BrandSerializer(self.brands.get(pk=row.pk)).data)


class BrandsView(_BrandView):
    @extend_schema(
        operation_id="brands_list",
        parameters=[BrandQuery],
        responses=page_of(BrandSerializer, "Brand"),
        tags=["channels"],
    )
    def get(self, request: Request) -> Response:
        """Shops of the house, each with its channels. None where there is only one shop."""
        return self.page(self.brands, BrandSerializer, query=self.query(BrandQuery))

    @extend_schema(operation_id="brands_create", request=BrandBody, responses={201: BrandSerializer}, tags=["channels"])
    def post(self, request: Request) -> HttpResponseBase:
        """Make a brand. For whoever sets up channels."""
        return self.once(lambda: (201, self.saved(None, self.body(BrandBody))))


class BrandView(_BrandView):
    @extend_schema(operation_id="brands_get", responses=BrandSerializer, tags=["channels"])
    def get(self, request: Request, brand_id: int) -> Response:
        """One brand with its channels."""
        return Response(BrandSerializer(self.one(self.brands, pk=brand_id)).data)

    @extend_schema(operation_id="brands_change", request=BrandChange, responses=BrandSerializer, tags=["channels"])
    def patch(self, request: Request, brand_id: int) -> HttpResponseBase:
        """Change what is said of it; all else stays. For whoever sets up channels."""
        return self.once(lambda: (200, self.saved(brand_id, self.body(BrandChange))))

    @extend_schema(operation_id="brands_remove", request=None, responses={204: None}, tags=["channels"])
    def delete(self, request: Request, brand_id: int) -> HttpResponseBase:
        """Take a brand away; its channels belong to none then. Refused while a policy or a survey names it; once more
        changes nothing."""

        def effect() -> tuple[int, Any]:
            remove_brand(brand_id, by=self.agent)
            return 204, None

        return self.once(effect)
