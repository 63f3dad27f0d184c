"""What X tells: the Activity API's events, and the older Account Activity shape. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop

from channels_inbound.hooks.facts import Echo, Fact, Heard, Ignored, RemoteFile, Trouble
from channels_inbound.hooks.provider import Malformed, Reading
from channels_inbound.hooks.reading import ident, key_of, line, load_object, moment, text, thing, things
from channels_inbound.hooks.words import language_of, subject_of, worded
from tickets.inbound import Address, InboundMessage

CHAT = gettext_noop("Chat message")
ENCRYPTED = gettext_noop("A message in the encrypted chat, which only X itself can open")
MENTION = gettext_noop("Public post that mentions us")
UNSHOWN = gettext_noop("A message of a kind that cannot be shown here (%(kind)s)")


def parse_activity(body: bytes, reading: Reading) -> list[Fact]:
    """The facts of one delivery. Malformed."""
    content = load_object(body)
    if "for_user_id" in content:
        if ident(content, "for_user_id") != reading.account:
            return [Ignored("meant for another account")]
        facts = list(_direct(content, reading))
        other = next((name for name in content if name.endswith(("_events", "_event"))), "nothing")
        return facts or [Ignored(f"an event of another kind: {line(other, most=60)}")]
    if "user_event" in content:
        return [_told_of_us(thing(content, "user_event"), reading)]
    event = thing(content, "data")
    kind = text(event, "event_type", most=60)
    if not kind:
        raise Malformed("there is no event_type")
    if ident(event, "filter", "user_id") not in ("", reading.account):
        return [Ignored("meant for another account")]
    payload = thing(event, "payload")
    if kind in ("dm.received", "dm.sent"):
        return list(_direct(payload, reading)) or [Ignored("an event without a message")]
    if kind in ("post.mention.create", "post.reply.create"):
        return list(
            _post(
                payload, [*things(content.get("includes"), "users"), *things(event.get("includes"), "users")], reading
            )
        )
    if kind == "oauth.revoke":
        return [Trouble("the account took our access away", refused=True)]
    if kind in ("chat.received", "chat.sent"):
        return [_encrypted(kind, event, payload, reading)]
    return [Ignored(f"an event of another kind: {line(kind)}")]


def _told_of_us(event: dict[str, Any], reading: Reading) -> Fact:
    """The older shape's way to say that the account took our access away."""
    revoked = event.get("revoke")
    if not isinstance(revoked, dict):
        return Ignored(f"an event of another kind: {line(next(iter(event), 'nothing'), most=60)}")
    if ident(revoked, "source", "user_id") not in ("", reading.account):
        return Ignored("meant for another account")
    return Trouble("the account took our access away", refused=True)


def _encrypted(kind: str, event: dict[str, Any], payload: dict[str, Any], reading: Reading) -> Fact:
    """Somebody wrote where nobody but X's own apps can read it: an agent must know, where it is said who."""
    sender = ident(payload, "sender_id")
    id = ident(payload, "id") or ident(payload, "message_id") or ident(event, "event_uuid")
    if kind != "chat.received" or not id or sender in ("", reading.account):
        return Ignored("the encrypted chat, which only X itself can open")
    users = payload.get("users")
    user = _user(users if isinstance(users, dict) else {}, sender)
    words, thread = worded(reading.locale, ENCRYPTED), f"x:{reading.account}:{sender}"
    return _heard(f"chat:{id}", words, reading.received_at, thread, user, sender, reading)


def _direct(payload: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    users = thing(payload, "users")
    for event in things(payload, "direct_message_events"):
        if text(event, "type", most=40) != "message_create":
            yield Ignored(f"an event of another kind: {line(event, 'type', most=40) or 'none'}")
            continue
        id, said = ident(event, "id"), thing(event, "message_create")
        sender, to = ident(said, "sender_id"), ident(said, "target", "recipient_id")
        if not id or not sender or not to:
            raise Malformed("a direct message without its id, sender or recipient")
        words = text(said, "message_data", "text").strip()
        at = moment(event, "created_timestamp", default=reading.received_at)
        files = tuple(_files(thing(said, "message_data", "attachment")))
        if sender == reading.account:
            yield Echo(id, f"x:{reading.account}:{to}", words, at)
            continue
        words = words or ("" if files else worded(reading.locale, UNSHOWN, kind="?"))
        yield _heard(id, words, at, f"x:{reading.account}:{sender}", _user(users, sender), sender, reading, files=files)


def _user(users: dict[str, Any], id: str) -> dict[str, Any]:
    """A user as either shape has them: the newer one wraps them once more."""
    found = thing(users, id)
    return thing(found, "data") or found


def _files(attachment: dict[str, Any]) -> Iterator[RemoteFile]:
    url = text(attachment, "media", "media_url_https", most=2000)
    if url.startswith("https://"):
        yield RemoteFile({"url": url})


def _post(post: dict[str, Any], users: list[dict[str, Any]], reading: Reading) -> Iterator[Fact]:
    id, author = ident(post, "id"), ident(post, "author_id")
    if not id or not author:
        raise Malformed("a post without its id or author")
    if author == reading.account:
        yield Ignored("written by the account itself")
        return
    user = next((one for one in users if ident(one, "id") == author), {})
    at = moment(post, "created_at", default=reading.received_at)
    thread = f"x-post:{ident(post, 'conversation_id') or id}"
    words = text(post, "text").strip() or worded(reading.locale, UNSHOWN, kind="post")
    yield _heard(id, words, at, thread, user, author, reading, about=worded(reading.locale, MENTION))


def _heard(
    id: str, words: str, at: datetime, thread: str, user: dict[str, Any], author: str, reading: Reading, *,
    about: str = "", files: tuple[RemoteFile, ...] = (),
) -> Heard:  # fmt: skip
    username = line(user, "username", most=64) or line(user, "screen_name", most=64)
    message = InboundMessage(
        channel_id=reading.channel_id,
        dedupe_key=key_of("x", reading.channel_id, id),
        external_id=id,
        at=at,
        received_at=reading.received_at,
        sender=Address(line(user, "name") or username or author, f"x:{author}"),
        subject=subject_of(words, worded(reading.locale, CHAT)),
        text=words,
        identity_kind="page_user",
        verdict="pass",
        language=language_of(words, reading.locale),
        thread_id=thread,
        timed_by_provider=True,
        handle=f"@{username}" if username else "",
        about=about,
        files_to_come=len(files),
    )
    return Heard(message, files)
