"""What the widget's frame asks for. Every write carries the browser's own id, and is answered after its commit."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core import signing
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone

from channels_inbound.credentials import CredentialsError, decrypt
from livechat import limits
from livechat.asking import Asking, Unfit, asked, asked_by_old_pass, number, numbers, words
from livechat.asks import NOTHING, Said, read_said
from livechat.blocking import address_digest, is_address_blocked
from livechat.doors import Refused, write_pass
from livechat.models import Greeting, Visitor
from livechat.orders import latest_order_for
from livechat.presence import MAX_DRAFT, clean_page, note_address, note_draft, visitor_here, visitor_left
from livechat.rounds import LONGEST_COMMENT, NotEnded, rate_chat, visitor_ends
from livechat.standing import standing
from livechat.talk import MARKED, after_place, before_place, readable, say, seen_by_agents, ticket_of, visitor_got
from livechat.transcript import mail_transcript
from livechat.visitors import forget_browser, identify, visitor_begins, visitor_claims
from people.languages import choose_language
from people.sniff import sniff
from people.storage import open_blob, store_blob
from people.thumbs import RASTER_TYPES, NoPicture
from tickets.files import guarded, made_picture, safe_type
from tickets.inbound import InboundAttachment
from tickets.models import Attachment
from tickets.realtime import tell_ticket_tabs

_UPLOAD_SALT = "livechat.upload"
UPLOAD_SECONDS = 3600
REFUSED_TYPES = ("application/x-msdownload", "application/x-executable", "text/html", "image/svg+xml")


@asked
def sync(request: HttpRequest, asking: Asking) -> HttpResponseBase:
    """What came since a place (0: the latest), who is there, and a pass for the next hours. Also says what has been
    read. `more`: ask again from the last place; `earlier`: there is something before the first."""
    limits.spend("sync", visitor=asking.digest, address=asking.address)
    door, visitor, now = asking.door, asking.visitor, timezone.now()
    body: dict[str, Any] = {"pass": write_pass(door), "known": visitor is not None, "messages": []}
    body["now"] = int(now.timestamp() * 1000)
    page, language = clean_page(asking.said.get("page")), choose_language([words(asking.said, "language", 20)])
    body |= standing(door, visitor, page, language=language, at=now)
    if visitor is not None:
        _note_presence(visitor, asking.said)
        got, seen = (numbers(asking.said, name, MARKED) for name in ("got", "seen"))
        if got or seen:
            visitor_got(visitor, got=got, seen=seen, at=now)
        body |= _since(visitor, asking.said, at=now)
        body["agent_seen"] = seen_by_agents(visitor)
        body |= {"name": visitor.name, "email": visitor.email, "signed": bool(visitor.subject)}
        body["order"] = latest_order_for(visitor)
    return JsonResponse(body)


def _since(visitor: Visitor, said: dict[str, Any], *, at: datetime) -> dict[str, Any]:
    if place := number(said, "after"):
        messages, more = after_place(visitor, place, heard=number(said, "heard"), at=at)
        return {"messages": messages, "more": more}
    messages, earlier = before_place(visitor, 0, at=at)
    return {"messages": messages, "earlier": earlier}


@asked
def history(request: HttpRequest, asking: Asking) -> HttpResponseBase:
    """The page of the conversation before a place."""
    limits.spend("sync", visitor=asking.digest, address=asking.address)
    if asking.visitor is None:
        raise Refused("nobody yet")
    messages, earlier = before_place(asking.visitor, number(asking.said, "before"), at=timezone.now())
    return JsonResponse({"messages": messages, "earlier": earlier})


@asked_by_old_pass
def renew(request: HttpRequest, asking: Asking) -> HttpResponseBase:
    """A new pass for a frame that stood idle for longer than its own lasts, if its page may still have the chat."""
    limits.spend("sync", visitor=asking.digest, address=asking.address)
    return JsonResponse({"pass": write_pass(asking.door)})


def _note_presence(visitor: Visitor, said: dict[str, Any]) -> None:
    """Unless a socket says it: that one knows too when they left, which a request still on its way would undo."""
    if (page := clean_page(said.get("page"))) and said.get("here") is not False:
        visitor_here(visitor.thread, page)


@asked
def message(request: HttpRequest, asking: Asking) -> HttpResponseBase:
    """A visitor's words and files. The first ones make the visitor."""
    text = words(asking.said, "text", limits.MAX_TEXT).strip()
    try:
        client_id = UUID(str(asking.said.get("client")))
    except ValueError:
        raise Unfit("malformed") from None
    limits.spend("say", visitor=asking.digest, address=asking.address, channel=asking.door.key)
    visitor, answered = asking.visitor, _answered(asking)
    if visitor is None or not (visitor.subject or visitor.identity_id):
        _refuse_blocked_address(asking)
    if visitor is None:
        limits.spend("begin", address=asking.address, channel=asking.door.key)
        language = choose_language([words(asking.said, "language", 20)])
        visitor = visitor_begins(asking.door, asking.digest, language=language)
    if visitor.blocked_at:
        raise Refused("blocked")
    files = _uploads(asking.said.get("files"), visitor, asking.digest)
    if not text and not files:
        raise Unfit("empty")
    visitor_claims(visitor, name=words(asking.said, "name", 120), email=words(asking.said, "email", 254))
    page, greeting = clean_page(asking.said.get("page")), number(asking.said, "greeting")
    said = say(
        asking.door, visitor, client_id=client_id, text=text, files=files, at=timezone.now(), page=page,
        greeting=Greeting.objects.filter(pk=greeting, channel=asking.door.channel_id).first() if greeting else None,
        order=words(asking.said, "order", 60), answered=answered,
    )  # fmt: skip
    _note_presence(visitor, asking.said)
    if not visitor.subject:
        note_address(visitor.thread, address_digest(asking.door.channel_id, asking.address))
    _wrote(visitor)
    return JsonResponse({"known": True, "again": said.again})


def _refuse_blocked_address(asking: Asking) -> None:
    """Who was blocked there is not let in by a new secret. Who is known, or signed, is somebody else."""
    if is_address_blocked(asking.door.channel_id, asking.address, at=timezone.now()):
        raise Refused("blocked address")


def _answered(asking: Asking) -> Said:
    """What they answered before their first message. Unfit unless all that is required is there."""
    asks, visitor = asking.door.settings.asks, asking.visitor
    if not asks or (visitor is not None and ticket_of(visitor) is not None):
        return NOTHING
    return read_said(asking.door, visitor, asking.said)


def _wrote(visitor: Visitor) -> None:
    """What is said is no longer being typed."""
    note_draft(visitor.thread, "")
    if ticket := ticket_of(visitor):
        tell_ticket_tabs(ticket, "panel", typing=False)


@asked
def end(request: HttpRequest, asking: Asking) -> HttpResponseBase:
    """The visitor ends the chat."""
    limits.spend("end", visitor=asking.digest, address=asking.address)
    if asking.visitor is None:
        raise Refused("nobody yet")
    visitor_ends(asking.visitor, at=timezone.now())
    return JsonResponse({})


@asked
def rating(request: HttpRequest, asking: Asking) -> HttpResponseBase:
    """How it was: 1 to 5, and words if they like."""
    limits.spend("end", visitor=asking.digest, address=asking.address)
    score = number(asking.said, "score")
    if asking.visitor is None or not 1 <= score <= 5:
        raise Unfit("malformed")
    comment = words(asking.said, "comment", LONGEST_COMMENT)
    try:
        rate_chat(asking.visitor, score=score, comment=comment, at=timezone.now())
    except NotEnded:
        raise Unfit("not_ended") from None
    return JsonResponse({})


@asked
def transcript(request: HttpRequest, asking: Asking) -> HttpResponseBase:
    """The conversation by mail, to the address the shop signed or this browser's visitor typed."""
    limits.spend("transcript", visitor=asking.digest, address=asking.address)
    if asking.visitor is None:
        raise Refused("nobody yet")
    visitor_claims(asking.visitor, name="", email=words(asking.said, "email", 254))
    if mail_transcript(asking.visitor, at=timezone.now()) is None:
        raise Unfit("nothing_to_send")
    return JsonResponse({"email": asking.visitor.email})


@asked
def details(request: HttpRequest, asking: Asking) -> HttpResponseBase:
    """Name and address as typed."""
    if asking.visitor is None:
        raise Refused("nobody yet")
    limits.spend("say", visitor=asking.digest, address=asking.address)
    visitor_claims(asking.visitor, name=words(asking.said, "name", 120), email=words(asking.said, "email", 254))
    return JsonResponse({"name": asking.visitor.name, "email": asking.visitor.email})


@asked
def identity(request: HttpRequest, asking: Asking) -> HttpResponseBase:
    """The shop's signed word on who this is."""
    limits.spend("identify", address=asking.address)
    try:
        kept = decrypt(asking.door.connection.secret) if asking.door.connection.secret else {}
    except CredentialsError:
        raise Refused("no key opens the channel's secret") from None
    person = identify(
        asking.door, asking.digest, words(asking.said, "token", 4096), [kept.get("now", ""), kept.get("before", "")],
        language=choose_language([words(asking.said, "language", 20)]), at=timezone.now(),
    )  # fmt: skip
    return JsonResponse({"known": True, "name": person.name, "email": person.email})


@asked
def goodbye(request: HttpRequest, asking: Asking) -> HttpResponseBase:
    """Logged out: this browser speaks for nobody any more."""
    if asking.visitor is not None:
        visitor_left(asking.visitor.thread)
    forget_browser(asking.digest)
    return JsonResponse({})


@asked
def typing(request: HttpRequest, asking: Asking) -> HttpResponseBase:
    """The visitor is writing; shown to who has the ticket open, for seconds. For browsers without a socket."""
    limits.spend("sync", visitor=asking.digest, address=asking.address)
    if asking.visitor is not None and (ticket := ticket_of(asking.visitor)):
        if asking.door.settings.shows_drafts:
            note_draft(asking.visitor.thread, words(asking.said, "draft", MAX_DRAFT))
        tell_ticket_tabs(ticket, "panel", typing=True)
    return JsonResponse({})


@asked
def upload(request: HttpRequest, asking: Asking) -> HttpResponseBase:
    """Keep a file that a message will name; it is nothing until then. What it is say its bytes."""
    limits.spend("upload", visitor=asking.digest, address=asking.address)
    file = request.FILES.get("file")
    if file is None or not file.size:
        raise Unfit("malformed")
    if file.size > limits.MAX_FILE:
        raise Unfit("too_large")
    content = file.read()
    content_type = sniff(content, file.name or "")
    if content_type in REFUSED_TYPES:
        raise Unfit("type_refused")
    name = " ".join((file.name or "file").replace("\x00", "").replace("/", "_").replace("\\", "_").split())[:150]
    fact = [asking.digest, store_blob(content), name, content_type, len(content)]
    return JsonResponse(
        {"file": signing.dumps(fact, salt=_UPLOAD_SALT), "name": name, "type": content_type, "size": len(content)}
    )


def _uploads(shown: object, visitor: Visitor, digest: str) -> list[InboundAttachment]:
    """The files a message names, each proven to be this browser's own upload."""
    if shown in (None, []):
        return []
    if not isinstance(shown, list) or len(shown) > limits.MAX_FILES:
        raise Unfit("malformed")
    files = []
    for token in shown:
        try:
            owner, sha256, name, content_type, size = signing.loads(
                str(token), salt=_UPLOAD_SALT, max_age=UPLOAD_SECONDS
            )
        except signing.SignatureExpired:
            raise Unfit("file_gone") from None
        except (signing.BadSignature, ValueError, TypeError):
            raise Unfit("malformed") from None
        if owner != digest:
            raise Refused("somebody else's file")
        files.append(InboundAttachment(name, content_type, size, sha256))
    return files


@asked
def file(request: HttpRequest, asking: Asking) -> HttpResponseBase:
    """A file of this visitor's own conversation: a picture we made of it, or the file as a download."""
    limits.spend("sync", visitor=asking.digest, address=asking.address)
    try:
        public_id = UUID(str(asking.said.get("id")))
    except ValueError:
        raise Refused("no such file") from None
    found = None
    if asking.visitor is not None:
        own = readable(asking.visitor, at=timezone.now())
        found = Attachment.objects.filter(public_id=public_id, message__in=own).first()
    if found is None:
        raise Refused("no such file")
    if asking.said.get("picture") is True:
        return _picture(found)
    try:
        content = open_blob(found.sha256)
    except FileNotFoundError:
        raise Refused("gone") from None
    response = FileResponse(
        content, as_attachment=True, filename=found.filename, content_type=safe_type(found.content_type)
    )
    return guarded(response, found.sha256)


def _picture(found: Attachment) -> HttpResponseBase:
    if found.content_type not in RASTER_TYPES:
        raise Refused("not a picture")
    try:
        content, media_type = made_picture(found.sha256, 640)
    except (NoPicture, FileNotFoundError):
        raise Refused("not a picture we show") from None
    return guarded(HttpResponse(content, content_type=media_type), f"{found.sha256}-640")
