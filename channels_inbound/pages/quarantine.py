"""Mail that could not be read: why, the bytes themselves, and another try."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import BinaryField
from django.db.models.functions import Substr
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from channels_inbound.email.headers import decode_header
from channels_inbound.imap.again import fetch_again
from channels_inbound.models import RawBody, RawDelivery
from channels_inbound.pages.mail_frame import as_download
from channels_inbound.quarantine import parse_again, quarantine_visible_to
from people.models import Agent
from people.permissions import Permission
from people.watching import read_source
from tickets.errors import DomainError, TooLate
from tickets.inbox.access import agent_of, signed_in

PAGE = 50
AT_ONCE = 500
HEAD_BYTES = 8192
_LINE = re.compile(rb"(?im)^(from|subject):[ \t]*([^\r\n]{0,400})")


@dataclass(frozen=True, slots=True)
class Guess:
    """What the first lines say of a mail nobody could read; for eyes only."""

    sender: str
    subject: str


@require_safe
@signed_in
def list_page(request: HttpRequest) -> HttpResponseBase:
    """What waits, newest first, with its reason."""
    agent = _handler(request)
    page = Paginator(quarantine_visible_to(agent).order_by("-id"), PAGE).get_page(request.GET.get("page"))
    guesses = _guesses([delivery.pk for delivery in page])
    rows = [_row(delivery, guesses.get(delivery.pk)) for delivery in page]
    return render(request, "channels_inbound/quarantine.html", {"page": page, "rows": rows})


def _row(delivery: RawDelivery, guess: Guess | None) -> dict[str, Any]:
    """One line of the list. Not every way in knows an envelope's sender."""
    sender = (guess.sender if guess else "") or delivery.envelope.get("mail_from", "")
    incomplete = "incomplete" in delivery.envelope
    return {"delivery": delivery, "guess": guess, "sender": sender, "incomplete": incomplete}


@require_POST
@signed_in
def retry(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    """Parse one again."""
    agent = _handler(request)
    try:
        parse_again(delivery_id, by=agent)
    except TooLate as error:
        messages.info(request, error.message)
    except DomainError:
        raise Http404("no such mail") from None
    else:
        messages.success(request, _("The mail is being read again. It is back here if that fails."))
    return redirect("quarantine")


@require_POST
@signed_in
def fetch(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    """Ask the mailbox once more for a mail it gave only the header of."""
    agent = _handler(request)
    try:
        fetch_again(delivery_id, by=agent)
    except TooLate as error:
        messages.info(request, error.message)
    except DomainError:
        raise Http404("no such mail") from None
    else:
        messages.success(request, _("The mail is being fetched again. It stays here if that fails."))
    return redirect("quarantine")


@require_POST
@signed_in
def retry_all(request: HttpRequest) -> HttpResponseBase:
    """Parse all of them again, as after an update; but for those that are no more than a header."""
    agent = _handler(request)
    done = 0
    whole = quarantine_visible_to(agent).exclude(envelope__has_key="incomplete")
    for delivery_id in whole.order_by("id").values_list("pk", flat=True)[:AT_ONCE]:
        try:
            parse_again(delivery_id, by=agent)
        except TooLate:
            continue  # a colleague was faster
        done += 1
    messages.success(
        request, ngettext("%(n)d mail is being read again.", "%(n)d mails are being read again.", done) % {"n": done}
    )
    return redirect("quarantine")


@require_safe
@signed_in
def source(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    """The bytes as they came, as a download."""
    handler = _handler(request)
    body = RawBody.objects.filter(delivery__in=quarantine_visible_to(handler), pk=delivery_id).first()
    if body is None:
        raise Http404("no such mail")
    read_source(handler, f"quarantine {delivery_id}", ticket_id=None)
    return as_download(bytes(body.content), f"delivery-{delivery_id}.eml")


def _handler(request: HttpRequest) -> Agent:
    agent = agent_of(request)
    if not agent.may(Permission.HANDLE_QUARANTINE):
        raise Http404("not for this role")
    return agent


def _guesses(ids: list[int]) -> dict[int, Guess]:
    head = Substr("content", 1, HEAD_BYTES, output_field=BinaryField())
    heads = RawBody.objects.filter(pk__in=ids).annotate(head=head).values_list("pk", "head")
    return {pk: _guess(bytes(found)) for pk, found in heads}


def _guess(head: bytes) -> Guess:
    found: dict[str, Any] = {}
    for name, value in _LINE.findall(head):
        found.setdefault(name.lower().decode(), decode_header(value)[:200])
    return Guess(found.get("from", ""), found.get("subject", ""))
