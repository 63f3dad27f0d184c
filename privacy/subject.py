"""Whose data it is: one customer with all who were joined to them, their addresses, their tickets, their messages."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from people.identities import family
from people.models import Customer, Identity, IdentityKind
from tickets.models import Message, Ticket

ERASED = "erased-"


@dataclass(frozen=True, slots=True)
class Subject:
    """The numbers are fixed when a job begins; the words are read while they are still there."""

    customers: tuple[int, ...]
    identities: tuple[int, ...]
    tickets: tuple[int, ...]

    @property
    def messages(self) -> QuerySet[Message]:
        """Those of their tickets, of their threads that were merged into others' tickets, and what else they wrote."""
        theirs = Q(ticket__in=self.tickets) | Q(identity__in=self.identities)
        return Message.objects.filter(theirs | Q(conversation__customer__in=self.customers))

    def addresses(self) -> list[str]:
        """Mail addresses, numbers and account ids we know them by."""
        known = Identity.objects.filter(pk__in=self.identities).exclude(value__startswith=ERASED)
        return sorted(set(known.values_list("value", flat=True)) - {""})

    def reachable(self) -> tuple[list[str], list[str]]:
        """Their mail addresses and their telephone numbers."""
        known = Identity.objects.filter(pk__in=self.identities).exclude(value__startswith=ERASED)
        mails = known.filter(kind=IdentityKind.EMAIL).values_list("value", flat=True)
        return sorted(mails), sorted(known.filter(kind=IdentityKind.PHONE).values_list("value", flat=True))

    def names(self) -> list[str]:
        """What they are called, as a whole; the longest first."""
        found = set(Customer.objects.filter(pk__in=self.customers).values_list("name", flat=True))
        found |= set(Identity.objects.filter(pk__in=self.identities).values_list("display_name", flat=True))
        return sorted((name for name in found if len(name) > 2), key=len, reverse=True)


def subject_of(customer: Customer) -> Subject:
    """Everything of the person this customer is: of the one who stays, when they were joined to somebody."""
    stays = customer.merged_into_id or customer.pk
    customers = sorted(family(stays).values_list("pk", flat=True))
    identities = Identity.objects.filter(customer__in=customers).order_by("pk").values_list("pk", flat=True)
    tickets = Ticket.objects.filter(customer__in=customers).order_by("pk").values_list("pk", flat=True)
    return Subject(tuple(customers), tuple(identities), tuple(tickets))
