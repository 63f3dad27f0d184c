"""Who asks, and how a refusal is said to a page's script."""

from __future__ import annotations

import logging
from typing import Any

from django.http import JsonResponse
from django.utils.translation import gettext as _

from people.access import Page, agent_of, allowed, by_script, signed_in
from people.permissions import PermissionDenied
from tickets.errors import (
    DomainError,
    FieldsMissing,
    IdempotencyMismatch,
    InvalidInput,
    MaskedWords,
    NewAddress,
    NotFound,
    StaleReply,
    TicketClosed,
    TooLate,
)

__all__ = ["Page", "agent_of", "allowed", "busy", "by_script", "forbidden", "refusal", "signed_in"]
logger = logging.getLogger(__name__)
STATUS: dict[type[DomainError], int] = {
    NotFound: 404, StaleReply: 409, NewAddress: 409, TooLate: 409, TicketClosed: 409, IdempotencyMismatch: 409,
    InvalidInput: 422, FieldsMissing: 409, MaskedWords: 409,
}  # fmt: skip


def refusal(error: DomainError) -> JsonResponse:
    """A refused action as the script hears it."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if isinstance(error, InvalidInput):
        body["field"] = error.field
    if isinstance(error, FieldsMissing):
        body["fields"] = list(error.fields)
    if isinstance(error, StaleReply):
        body["missed"] = list(error.missed)
    if isinstance(error, MaskedWords):
        body["masks"] = list(error.masks)
    if isinstance(error, NewAddress):
        body["addresses"] = list(error.addresses)
    return JsonResponse(body, status=STATUS.get(type(error), 400))


def forbidden(error: PermissionDenied) -> JsonResponse:
    return JsonResponse({"code": "forbidden", "message": str(error) or _("Your role does not allow this.")}, status=403)


def busy(error: Exception) -> JsonResponse:
    """The database did not answer in time: the same click may be repeated, its id makes it one."""
    logger.warning("page busy: %s", type(error).__name__, exc_info=error)
    return JsonResponse({"code": "busy", "message": _("The helpdesk is busy just now. Try again.")}, status=503)
