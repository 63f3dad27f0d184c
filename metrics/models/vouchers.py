"""Codes of a shop that make up for a disappointment: a supply of them, one handed out for a follow-up."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from metrics.models.surveys import FollowUp
from people.models import Agent


class VoucherPool(models.Model):
    """A supply of codes worth the same. After `valid_until` none is handed out; with fewer left than `warn_below` it
    is said wherever they are."""

    name = models.CharField(pgettext_lazy("of vouchers", "name"), max_length=80, unique=True)
    worth = models.CharField(_("what they are worth"), max_length=120, blank=True, default="")
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    warn_below = models.PositiveSmallIntegerField(_("warn with fewer left than"), default=10)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Voucher(models.Model):
    """One code, free until it goes with a follow-up; each follow-up has at most one."""

    pool = models.ForeignKey(VoucherPool, on_delete=models.PROTECT, related_name="vouchers", db_index=False)
    code = models.CharField(max_length=64)
    follow_up = models.OneToOneField(FollowUp, null=True, on_delete=models.SET_NULL, related_name="voucher")
    given_at = models.DateTimeField(null=True)
    given_by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pool", "code"], name="voucher_once")]
        indexes = [models.Index(fields=["pool", "id"], name="voucher_free", condition=Q(given_at=None))]

    def __str__(self) -> str:
        return f"voucher {self.pk} of {self.pool_id}"
