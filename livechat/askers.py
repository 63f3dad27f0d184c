"""What is known of who begins a chat, gathered as far as the channel's rules ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any

from django.conf import settings

from livechat.models import Visitor
from livechat.routing import RETURNING, SEGMENT, Asker, Rule, page_of
from people.hours import opening_of
from people.models import Identity, IdentityKind, Trust
from tickets.models import Message


def asker_of(
    visitor: Visitor | None, page: Mapping[str, Any], rules: Sequence[Rule], *, language: str, calendar: int | None,
    at: datetime,
) -> Asker:  # fmt: skip
    """Of a visitor who may not have spoken yet. Without rules about persons nothing is asked of the database.
    `calendar` has the chat's hours."""
    path, cart = page_of(page)
    wanted = {rule.who for rule in rules}
    within = opening_of(calendar, at=at).within if any(rule.hours for rule in rules) else True
    if visitor is None:
        return Asker(language=language, path=path, cart=cart, within=within)
    return Asker(
        language=visitor.language[:2], path=path, cart=cart, within=within, signed=bool(visitor.subject),
        returning=RETURNING in wanted and _has_written(visitor),
        traits={str(name): str(value) for name, value in visitor.traits.items()} if visitor.subject else {},
        segments=_segments(visitor) if any(who.startswith(SEGMENT) for who in wanted) else frozenset(),
    )  # fmt: skip


def segments() -> list[tuple[str, str]]:
    """Key and name of each segment a rule may ask for."""
    return list(_keeper().segments())


def _has_written(visitor: Visitor) -> bool:
    return Message.objects.filter(
        conversation__channel=visitor.channel_id, conversation__external_id=visitor.thread
    ).exists()


def _segments(visitor: Visitor) -> frozenset[str]:
    """Only a signature says whose customer this is; what somebody typed opens no shorter queue."""
    customer = _proven_customer(visitor)
    return frozenset(_keeper().segments_of(customer)) if customer is not None else frozenset()


def _proven_customer(visitor: Visitor) -> int | None:
    if not (visitor.subject and visitor.email and visitor.email_signed):
        return None
    known = Identity.objects.filter(
        kind=IdentityKind.EMAIL, value=visitor.email, suspect=False, trust__in=[Trust.SIGNED, Trust.VERIFIED]
    )
    return known.values_list("customer", flat=True).first()


def _keeper() -> ModuleType:
    return import_module(settings.CHAT_SEGMENTS)
