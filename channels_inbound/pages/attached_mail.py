"""A mail attached to a message, as a page of its own: headers, text or framed HTML, and its own files."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from channels_inbound.attached_mail import (
    MAX_DEPTH,
    NoMail,
    OpenedMail,
    open_attached_file,
    open_attached_mail,
    place_name,
    read_place,
    shown_attached_html,
)
from channels_inbound.mail_html import in_theme
from channels_inbound.pages.mail_frame import under_policy
from people.sniff import sniff
from people.thumbs import MAX_SOURCE_BYTES, RASTER_TYPES, NoPicture, make_picture
from people.watching import saw_ticket, took_file
from tickets.files import INLINE_BOUND, guarded, safe_type, visible_file
from tickets.inbox.access import agent_of, signed_in
from tickets.inbox.cards import File
from tickets.models import Attachment


@dataclass(frozen=True, slots=True)
class Inner:
    """A file of the shown mail: its card, its place, and whether it opens as a mail itself."""

    card: File
    place: str
    opens: bool


@require_safe
@signed_in
def page(request: HttpRequest, public_id: UUID, place: str) -> HttpResponseBase:
    """The mail at a place. What cannot be read as a mail says so and stays a download."""
    file = visible_file(agent_of(request), public_id)
    if file.ticket_id is not None:
        saw_ticket(agent_of(request), file.ticket_id)
    context: dict[str, Any] = {"file": file, "ticket": file.ticket_id, "place": place}
    try:
        opened = open_attached_mail(file.sha256, read_place(place))
    except NoMail as problem:
        context["problem"] = str(problem)
        return render(request, "channels_inbound/attached_mail.html", context, status=422)
    except FileNotFoundError:
        raise Http404("the file is gone") from None
    context |= {"mail": opened.parsed, "files": _files(opened), "around": _around(opened)}
    context["remote"] = "data-remote-src=" in opened.parsed.clean_html
    return render(request, "channels_inbound/attached_mail.html", context)


@require_safe
@signed_in
@xframe_options_sameorigin
def frame(request: HttpRequest, public_id: UUID, place: str) -> HttpResponseBase:
    """Its HTML for a sandboxed iframe, under the policy of every mail's frame."""
    agent = agent_of(request)
    file = visible_file(agent, public_id)
    if file.ticket_id is not None:
        saw_ticket(agent, file.ticket_id)
    opened = _opened(file, place)
    if not opened.parsed.clean_html:
        raise Http404("this mail has no HTML")
    picture = reverse("attached_mail_picture", args=[public_id, "PLACE"])
    html, paper = in_theme(shown_attached_html(opened, picture))
    context = {"html": html, "paper": paper, "theme": agent.theme, "language": ""}
    response = render(request, "channels_inbound/mail_frame.html", context)
    return under_policy(request, response, remote=False)


@require_safe
@signed_in
def download(request: HttpRequest, public_id: UUID, place: str) -> HttpResponseBase:
    """A file of the mail, always as a download."""
    content, filename = _content(request, public_id, place)
    file = visible_file(agent_of(request), public_id)
    took_file(agent_of(request), f"{public_id}/{place}", ticket_id=file.ticket_id)
    content_type = safe_type(sniff(content, filename))
    response = FileResponse(BytesIO(content), as_attachment=True, filename=filename, content_type=content_type)
    return guarded(response, sha256(content).hexdigest())


@require_safe
@signed_in
def picture(request: HttpRequest, public_id: UUID, place: str) -> HttpResponseBase:
    """A picture of the mail in our own encoding, for its frame."""
    content, filename = _content(request, public_id, place)
    if len(content) > MAX_SOURCE_BYTES or sniff(content, filename) not in RASTER_TYPES:
        raise Http404("not a picture")
    try:
        made, media_type = make_picture(BytesIO(content), bound=INLINE_BOUND)
    except NoPicture:
        raise Http404("not a picture we show") from None
    return guarded(HttpResponse(made, content_type=media_type), sha256(content).hexdigest())


def _content(request: HttpRequest, public_id: UUID, place: str) -> tuple[bytes, str]:
    file = visible_file(agent_of(request), public_id)
    try:
        found = open_attached_file(file.sha256, read_place(place))
    except (NoMail, FileNotFoundError):
        raise Http404("no such file") from None
    return found.content or b"", found.filename or "file"


def _opened(file: Attachment, place: str) -> OpenedMail:
    try:
        return open_attached_mail(file.sha256, read_place(place))
    except (NoMail, FileNotFoundError):
        raise Http404("no such mail") from None


def _files(opened: OpenedMail) -> list[Inner]:
    return [
        Inner(
            File("", file.filename or "file", sniff(file.content or b"", file.filename), file.size, file.about),
            opened.address_of(number),
            opens=(file.about or {}).get("kind") == "mail" and len(opened.place) < MAX_DEPTH,
        )
        for number, file in enumerate(opened.parsed.attachments)
        if not file.referenced
    ]


def _around(opened: OpenedMail) -> list[tuple[str, str]]:
    """The mails around this one, outermost first: subject and place."""
    return [(subject, place_name(opened.place[:depth])) for depth, subject in enumerate(opened.around)]
