"""Serving files: as downloads, or as pictures we made ourselves; nothing a sender wrote runs in our origin."""

from __future__ import annotations

import hmac
import io
import re
import time
from typing import IO
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db.models import Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_safe

from people.models import Agent
from people.storage import attachments_storage, open_blob
from people.thumbs import MAX_SOURCE_BYTES, RASTER_TYPES, NoPicture, make_picture
from people.watching import took_file
from tickets.inbox.access import agent_of, signed_in
from tickets.models import Attachment, Ticket

THUMB_BOUND = 320
INLINE_BOUND = 1600
LINK_SECONDS = 3600
# Anything a browser could take for a page or a script leaves without its type.
_KEPT_TYPES = RASTER_TYPES | {
    "application/pdf",
    "application/zip",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "video/mp4",
    "video/webm",
}
_KEPT_PREFIXES = ("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.")
# A player asks for a stretch from where one put its hand; it gets so much, and asks on.
_STRETCH = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")
_LONGEST_STRETCH = 1024 * 1024
SANDBOX = "default-src 'none'; sandbox"


@require_safe
@signed_in
def download(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The file as it came, always as a download; of sound and film also a stretch."""
    agent = agent_of(request)
    file = visible_file(agent, public_id)
    if unchanged := _unchanged(request, file.sha256):
        return unchanged
    try:
        content = open_blob(file.sha256)
    except FileNotFoundError:
        raise Http404("the file is gone") from None
    took_file(agent, file.public_id, ticket_id=file.ticket_id)
    content_type = safe_type(file.content_type)
    if content_type.startswith(("audio/", "video/")) and (part := _stretch(request, content, file, content_type)):
        return guarded(part, file.sha256)
    response = FileResponse(content, as_attachment=True, filename=file.filename, content_type=content_type)
    return guarded(response, file.sha256)


def _stretch(request: HttpRequest, content: IO[bytes], file: Attachment, content_type: str) -> HttpResponse | None:
    """The bytes asked for, up to a megabyte of them; None where the whole file is the answer."""
    asked = _STRETCH.fullmatch(request.headers.get("Range", ""))
    if asked is None or request.headers.get("If-Range", f'"{file.sha256}"') != f'"{file.sha256}"':
        return None
    start, last = int(asked[1]), min(int(asked[2] or file.size), file.size - 1)
    if not start <= last:
        return None
    content.seek(start)
    part = content.read(min(last - start + 1, _LONGEST_STRETCH))
    content.close()
    response = HttpResponse(part, status=206, content_type=content_type)
    response["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{file.size}"
    response["Content-Disposition"] = "attachment"
    return response


@require_safe
@signed_in
def thumbnail(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """A small picture of a picture, or with `?size=large` one to look at; 404 for everything else."""
    bound = INLINE_BOUND if request.GET.get("size") == "large" else THUMB_BOUND
    return _picture(request, visible_file(agent_of(request), public_id), bound)


@require_safe
@signed_in
def inline_picture(request: HttpRequest, public_id: UUID, signature: str) -> HttpResponseBase:
    """A picture of a mail, for the mail's own frame: only by a link we made within the last hours."""
    if not _signature_holds(public_id, signature):
        raise Http404("the link has expired")
    return _picture(request, visible_file(agent_of(request), public_id), INLINE_BOUND)


def inline_picture_url(public_id: UUID) -> str:
    """A link to a picture inside a mail; stays the same for an hour so that browsers may keep it, then ends."""
    bucket = _bucket_now()
    return reverse("file_inline", args=[public_id, f"{bucket:x}-{_code(public_id, bucket)}"])


def visible_file(agent: Agent, public_id: UUID) -> Attachment:
    """The file, if the agent may see its ticket; an upload not sent yet is its uploader's alone."""
    seen = Attachment.objects.filter(public_id=public_id, ticket__in=Ticket.objects.visible_to(agent))
    file = seen.filter(Q(message__isnull=False) | Q(uploaded_by=agent)).first()
    if file is None:
        raise Http404("no such file")
    return file


def _picture(request: HttpRequest, file: Attachment, bound: int) -> HttpResponseBase:
    if file.content_type not in RASTER_TYPES or file.size > MAX_SOURCE_BYTES:
        raise Http404("not a picture")
    tag = f"{file.sha256}-{bound}"
    if unchanged := _unchanged(request, tag):
        return unchanged
    try:
        content, media_type = made_picture(file.sha256, bound)
    except (NoPicture, FileNotFoundError):
        raise Http404("not a picture we show") from None
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = "inline"
    return guarded(response, tag)


def made_picture(sha256: str, bound: int) -> tuple[bytes, str]:
    """Our own encoding, made once and kept beside the originals."""
    storage = attachments_storage()
    for suffix, media_type in ((".jpg", "image/jpeg"), (".png", "image/png")):
        name = f"pictures/{sha256[:2]}/{sha256}-{bound}{suffix}"
        if storage.exists(name):
            with storage.open(name, "rb") as kept:
                return kept.read(), media_type
    with open_blob(sha256) as source:
        content, media_type = make_picture(io.BytesIO(source.read(MAX_SOURCE_BYTES + 1)), bound=bound)
    _keep(storage, f"pictures/{sha256[:2]}/{sha256}-{bound}{'.png' if media_type == 'image/png' else '.jpg'}", content)
    return content, media_type


def _keep(storage: Storage, name: str, content: bytes) -> None:
    """Only a copy: when it cannot be kept it is made again next time."""
    try:
        storage.save(name, ContentFile(content))
    except OSError:
        return


def guarded(response: HttpResponseBase, tag: str) -> HttpResponseBase:
    """A file's response with the headers that keep it a file."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-cache"  # kept by the browser, asked for each time: rights may have gone
    response["ETag"] = f'"{tag}"'
    return response


def _unchanged(request: HttpRequest, tag: str) -> HttpResponseBase | None:
    known = request.headers.get("If-None-Match", "")
    return guarded(HttpResponseNotModified(), tag) if known == f'"{tag}"' else None


def safe_type(content_type: str) -> str:
    """The type a download may carry."""
    kept = content_type in _KEPT_TYPES or content_type.startswith(_KEPT_PREFIXES)
    return content_type if kept else "application/octet-stream"


def _bucket_now() -> int:
    return int(time.time()) // LINK_SECONDS


def _code(public_id: UUID, bucket: int) -> str:
    return salted_hmac("tickets.files.inline", f"{public_id}:{bucket}", algorithm="sha256").hexdigest()[:32]


def _signature_holds(public_id: UUID, signature: str) -> bool:
    bucket_text, _, code = signature.partition("-")
    try:
        bucket = int(bucket_text, 16)
    except ValueError:
        return False
    fresh = bucket in (_bucket_now(), _bucket_now() - 1)
    return fresh and hmac.compare_digest(_code(public_id, bucket).encode(), code.encode())
