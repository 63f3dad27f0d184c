"""What a customer is known by, as the pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef
from django.db.models.functions import JSONObject

from people.identities import family
from people.models import HARD_BOUNCES, Customer, Identity, IdentityKind, MailKind, Unsubscription
from tickets.kinds import traits_of
from tickets.models import ChannelRefusal, Message, MessageKind, Refusal


@dataclass(frozen=True, slots=True)
class Address:
    """One known address of the customer."""

    id: int
    kind: str
    value: str
    trust: str
    suspect: bool
    hard_bounces: int
    refusals: Sequence[dict[str, str]] = ()  # by kind of channel, why it takes nothing there
    blocked: str | None = None
    name: str = ""
    unsubscribed: Sequence[str] = ()
    wrote: bool = True  # else somebody here typed it, or others named it

    @property
    def unwanted(self) -> list[tuple[str, str]]:
        """Kinds of mail it gets no more of, each with its name."""
        return [(kind, str(MailKind(kind).label)) for kind in self.unsubscribed]

    @property
    def refused(self) -> str:
        """Where it takes nothing from us and why; empty when it does everywhere."""
        said = (f"{traits_of(one['kind']).label}: {Refusal(one['why']).label}" for one in self.refusals)
        return "; ".join(dict.fromkeys(said))

    @property
    def icon(self) -> str:
        return {"email": "mail", "phone": "phone"}.get(self.kind, "user-round")

    @property
    def shown(self) -> str:
        """As people read it: what a provider numbers is told by its last part, and a browser's key by nothing."""
        if self.kind == IdentityKind.VISITOR:
            return self.name or str(IdentityKind.VISITOR.label)
        return self.value.rpartition(":")[2] if self.kind == "page_user" else self.value

    @property
    def is_unreachable(self) -> bool:
        return self.hard_bounces >= HARD_BOUNCES


def known_addresses(whose: str = "customer_id") -> Any:
    """What the customer is known by, the genuine first."""
    theirs = family(OuterRef(OuterRef(whose)))
    known = Identity.objects.filter(customer__in=theirs).order_by("suspect", "id")
    unsubscribed = Unsubscription.objects.filter(identity=OuterRef("pk")).order_by("id").values("kind")
    refused = ChannelRefusal.objects.filter(identity=OuterRef("pk")).exclude(refuses="").order_by("id")
    refusals = refused.values(json=JSONObject(kind="channel__kind", why="refuses"))
    # By its conversations, which have an index: messages have none by who wrote them.
    written = Message.objects.filter(
        ticket__conversations__participants__identity=OuterRef("pk"), identity=OuterRef("pk"), kind=MessageKind.INBOUND
    )
    return known.values(
        json=JSONObject(
            id="id", kind="kind", value="value", trust="trust", suspect="suspect", hard_bounces="hard_bounces",
            refusals=ArraySubquery(refusals), blocked="blocked_at", name="display_name",
            unsubscribed=ArraySubquery(unsubscribed), wrote=Exists(written),
        )
    )  # fmt: skip


def addresses_of(customer: Customer) -> list[Address]:
    """What one customer is known by, the genuine first."""
    listed = ArraySubquery(
        known_addresses("pk")
    )  # the same columns as beside a ticket, whose row the question hangs on
    found = Customer.objects.filter(pk=customer.pk).values_list(listed, flat=True)
    return [Address(**entry) for entry in found[0]]
