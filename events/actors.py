"""Who did it: the five kinds of actor an event may have."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models


class ActorKind(models.TextChoices):
    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    RULE = "rule"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """One actor; `id` is the row id of the person in its own table, None for the system."""

    kind: ActorKind
    id: int | None = None

    @classmethod
    def customer(cls, id: int) -> Actor:
        return cls(ActorKind.CUSTOMER, id)

    @classmethod
    def agent(cls, id: int) -> Actor:
        return cls(ActorKind.AGENT, id)


SYSTEM = Actor(ActorKind.SYSTEM)
