"""Shops, their orders, who bought, and what came in before anybody understood it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.file_imports import FileImport


class ShopKind(models.TextChoices):
    SHOPIFY = "shopify", "Shopify"
    WOOCOMMERCE = "woocommerce", "WooCommerce"
    OTHER = "other", _("Files and the API")


class Shop(models.Model):
    """One shop whose orders we keep. `key` is the unguessable part of its webhook's address; `secret` is encrypted,
    and without one no webhook is believed."""

    holds_credentials = True

    name = models.CharField(pgettext_lazy("of a shop", "name"), max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=ShopKind.choices, default=ShopKind.OTHER)
    address = models.CharField(_("address"), max_length=253, blank=True, default="")
    key = models.CharField(max_length=32, unique=True)
    secret = models.TextField(editable=False, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    # How the columns of its files are called, as they were mapped the last time.
    mapping = models.JSONField(default=dict)
    last_heard_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Buyer(models.Model):
    """Who bought, known by `key`: their e-mail address, else their phone, else the shop's own number for them.

    No customer of ours: whose orders a customer's are is asked each time by their verified addresses, so that a newly
    proven one shows its orders at once and a disproven one none.
    """

    key = models.CharField(max_length=340, unique=True)
    email = models.CharField(max_length=320, default="")
    phone = models.CharField(max_length=20, default="")
    name = models.CharField(max_length=200, default="")

    class Meta:
        indexes = [
            models.Index(fields=["email"], name="buyer_email", condition=~Q(email="")),
            models.Index(fields=["phone"], name="buyer_phone", condition=~Q(phone="")),
        ]

    def __str__(self) -> str:
        return self.name or self.key


class OrderStatus(models.TextChoices):
    PENDING = "pending", _("Waiting for payment")
    PAID = "paid", _("Paid")
    SHIPPED = "shipped", _("Shipped")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")
    REFUNDED = "refunded", _("Refunded")
    FAILED = "failed", _("Payment failed")


# An order that is one: paid or on its way, and not given back whole.
PURCHASES = (OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.COMPLETED)


class Order(models.Model):
    """One order as its shop tells it, money in minor units of `currency`. `changed_at` is the shop's own clock: what
    is older than that is never written over it."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="orders", db_index=False)
    external_id = models.CharField(max_length=64)
    number = models.CharField(max_length=40, default="")
    buyer = models.ForeignKey(Buyer, on_delete=models.PROTECT, related_name="orders", db_index=False)
    status = models.CharField(max_length=10, choices=OrderStatus.choices)
    currency = models.CharField(max_length=3)
    total = models.BigIntegerField()
    refunded = models.BigIntegerField(default=0)
    placed_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    # [{"sku", "title", "quantity", "price"}], price in minor units
    items = models.JSONField(default=list)
    tracking = models.CharField(max_length=200, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "external_id"], name="order_once")]
        indexes = [
            models.Index(fields=["buyer", "placed_at"], name="order_by_buyer", include=["status", "total"]),
            models.Index(fields=["placed_at"], name="order_by_time"),
            models.Index(fields=["number"], name="order_by_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number or self.external_id} of {self.shop_id}"


class Refund(models.Model):
    """Money given back, told apart from its order, which may not be here yet."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=64)
    order_id_there = models.CharField(max_length=64)
    amount = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "order_id_there", "external_id"], name="refund_once")]

    def __str__(self) -> str:
        return f"{self.amount} of {self.order_id_there}"


class DeliveryState(models.TextChoices):
    STORED = "stored", _("Waiting to be read")
    APPLIED = "applied", _("Read")
    IGNORED = "ignored", _("Ignored")
    FAILED = "failed", _("Could not be read")


class ShopDelivery(models.Model):
    """One call of a shop, stored and committed before we say yes."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    dedupe_key = models.CharField(max_length=128)
    topic = models.CharField(max_length=64)
    body = models.BinaryField()
    received_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=8, choices=DeliveryState.choices, default=DeliveryState.STORED)
    reason = models.CharField(max_length=300, default="")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "dedupe_key"], name="shopdelivery_once")]
        indexes = [models.Index(fields=["id"], name="shopdelivery_waiting", condition=Q(state="stored"))]

    def __str__(self) -> str:
        return f"{self.topic} {self.pk}: {self.state}"


class ImportState(models.TextChoices):
    MAPPING = "mapping", _("Columns to be named")
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class OrderImport(FileImport):
    """A file of orders on its way in."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="imports", db_index=False)
    state = models.CharField(max_length=8, choices=ImportState.choices, default=ImportState.MAPPING)
    rows = models.IntegerField(default=0)
    added = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["shop", "-id"], name="orderimport_shop")]

    def __str__(self) -> str:
        return f"{self.filename}: {self.state}"
