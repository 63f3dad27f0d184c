"""Public comments on posts of a page or an Instagram account. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop

from channels_inbound.hooks.facts import Echo, Edited, Fact, Heard, Hidden, Ignored, RemoteFile, Unsent
from channels_inbound.hooks.provider import Malformed, Reading
from channels_inbound.hooks.reading import ident, key_of, line, moment, text, thing
from channels_inbound.hooks.words import language_of, subject_of, worded
from tickets.inbound import Address, InboundMessage

UNNAMED = gettext_noop("Facebook user")
SOMEBODY = gettext_noop("Instagram user")
MENTIONED = gettext_noop("A public post that mentions us")
COMMENT = gettext_noop("Public comment")
WORDLESS = gettext_noop("A comment without words")
ADVERT = gettext_noop("From an advertisement: %(what)s")
POST = gettext_noop("On the post %(url)s")
POSTS = ("post", "status", "photo", "video")
DROPPED = ("reaction", "like", "share", "event", "album")


def page_change(field: str, value: dict[str, Any], entry: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    """What happened on a page: only what somebody else wrote counts. Malformed."""
    at = moment(value, "created_time", default=moment(entry, "time", default=reading.received_at))
    item, verb = text(value, "item", most=30), text(value, "verb", most=30)
    author = ident(value, "from", "id") or ident(value, "sender_id")
    if field not in ("feed", "mention"):
        yield Ignored(f"another field of the page: {line(field, most=30)}")
    elif author == reading.account and not (item == "comment" and ident(value, "comment_id")):
        yield Ignored("written by the page itself")
    elif item in DROPPED or (item in POSTS and verb not in ("add", "edited", "edit", "remove")):
        yield Ignored(f"nothing to answer: {line(item)} {line(verb)}")
    elif item == "comment" or item in POSTS:
        id = ident(value, "comment_id") if item == "comment" else ident(value, "post_id")
        if not id:
            raise Malformed(f"a {item} without its id")
        yield from _changed(verb, id, value, entry, at, reading)
    else:
        yield Ignored(f"another item of the page: {line(item, most=30) or 'none'}")


def _changed(
    verb: str, id: str, value: dict[str, Any], entry: dict[str, Any], at: datetime, reading: Reading
) -> Iterator[Fact]:
    if verb in ("edited", "edit"):
        yield Edited(id, text(value, "message"), moment(entry, "time", default=reading.received_at))
    elif verb == "remove":
        yield Unsent(id, at)
    elif verb in ("hide", "unhide"):
        yield Hidden(id, verb == "hide", moment(entry, "time", default=reading.received_at))
    elif verb == "add":
        author = ident(value, "from", "id") or ident(value, "sender_id")
        if author == reading.account:
            yield Echo(id, f"fb_comments:{_top(id, value)}", text(value, "message"), at)
            return
        name = line(value, "from", "name") or line(value, "sender_name") or worded(reading.locale, UNNAMED)
        who = Address(name, f"facebook:{reading.account}:{author or f'unknown-{id}'}")
        top = _top(id, value)
        url = line(value, "post", "permalink_url", most=400)
        files = tuple(RemoteFile({"url": u}) for n in ("photo", "video") if (u := _url(value, n)))
        about = worded(reading.locale, POST, url=url) if url else ""
        yield _heard(f"fb_comments:{top}", id, text(value, "message"), who, at, reading, about=about, files=files)
    else:
        yield Ignored(f"a comment was changed: {line(verb, most=30) or 'nothing said'}")


def _top(id: str, value: dict[str, Any]) -> str:
    """The comment on top of the thread: comments answer a comment or the post itself."""
    parent = ident(value, "parent_id")
    return id if not parent or parent == ident(value, "post_id") else parent


def instagram_change(field: str, value: dict[str, Any], entry: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    """A comment on a post of the account. Malformed."""
    id, author = ident(value, "id"), ident(value, "from", "id")
    if field == "mentions":
        yield _mentioned(value, entry, reading)
    elif field not in ("comments", "live_comments"):
        yield Ignored(f"another field of the account: {line(field, most=30)}")
    elif not id or not author:
        raise Malformed("a comment without its id or author")
    elif author == reading.account:
        at = moment(entry, "time", default=reading.received_at)
        yield Echo(id, f"ig_comments:{ident(value, 'parent_id') or id}", text(value, "text"), at)
    else:
        username = line(value, "from", "username", most=64)
        who = Address(username or author, f"instagram:{reading.account}:{author}")
        top = ident(value, "parent_id") or id
        at = moment(entry, "time", default=reading.received_at)
        handle = f"@{username}" if username else ""
        advert = line(value, "media", "ad_title") or line(value, "media", "ad_id")
        about = worded(reading.locale, ADVERT, what=advert) if advert else ""
        yield _heard(f"ig_comments:{top}", id, text(value, "text"), who, at, reading, handle=handle, about=about)


def _mentioned(value: dict[str, Any], entry: dict[str, Any], reading: Reading) -> Heard:
    """Somebody named the account in a comment or a caption. Who and what must be asked for. Malformed."""
    comment, media = ident(value, "comment_id"), ident(value, "media_id")
    id = comment or media
    if not id:
        raise Malformed("a mention without what mentions us")
    who = Address(worded(reading.locale, SOMEBODY), f"instagram:{reading.account}:unknown-{id}")
    at = moment(entry, "time", default=reading.received_at)
    words = RemoteFile({"words_of": "comment" if comment else "media", "id": id})
    heard = _heard(f"ig_comments:{id}", id, worded(reading.locale, MENTIONED), who, at, reading)
    # It has no words until they were fetched.
    message = replace(heard.message, text="", about=worded(reading.locale, MENTIONED), files_to_come=0)
    return Heard(message, (words,))


def _heard(
    thread: str, id: str, words: str, who: Address, at: datetime, reading: Reading, *, about: str = "",
    handle: str = "", files: tuple[RemoteFile, ...] = (),
) -> Heard:  # fmt: skip
    words = words.strip() or ("" if files else worded(reading.locale, WORDLESS))
    message = InboundMessage(
        channel_id=reading.channel_id,
        dedupe_key=key_of("comment", reading.channel_id, id),
        external_id=id,
        at=at,
        received_at=reading.received_at,
        sender=who,
        subject=subject_of(words, worded(reading.locale, COMMENT)),
        text=words,
        identity_kind="page_user",
        verdict="pass",
        language=language_of(words, reading.locale),
        thread_id=thread,
        timed_by_provider=True,
        handle=handle,
        about=about,
        files_to_come=len(files),
    )
    return Heard(message, files)


def _url(value: dict[str, Any], name: str) -> str:
    url = text(value, name, most=4000)
    return url if url.startswith(("https://", "http://")) and not any(c.isspace() for c in url) else ""


def value_of(change: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Field and value, wherever they stand: one of the sign-ins puts them into the entry itself."""
    return text(change, "field", most=40), thing(change, "value")
