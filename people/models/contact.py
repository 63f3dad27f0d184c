"""Writing to people who did not ask for it: how often the house does, and whom it did."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .customer import Customer


class ContactRules(models.Model):
    """One row for the whole house: at most `allowance` unprompted messages a customer in `days` days, whatever they
    are about, and none in the quiet hours of the customer's own day (minutes after midnight; equal means none)."""

    allowance = models.PositiveSmallIntegerField(_("messages a customer"), default=1)
    days = models.PositiveSmallIntegerField(_("in so many days"), default=30)
    quiet_from = models.PositiveSmallIntegerField(_("quiet from"), default=21 * 60)
    quiet_until = models.PositiveSmallIntegerField(_("quiet until"), default=9 * 60)

    def __str__(self) -> str:
        return f"{self.allowance} in {self.days} days"


class UnpromptedContact(models.Model):
    """That we wrote to a customer unprompted."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="unprompted", db_index=False)
    purpose = models.CharField(max_length=24)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer", "-at"], name="unprompted_customer")]

    def __str__(self) -> str:
        return f"{self.purpose} to {self.customer_id}"
