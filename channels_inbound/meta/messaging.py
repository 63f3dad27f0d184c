"""What a conversation of Messenger or Instagram says: the two speak the same. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_noop

from channels_inbound.hooks.facts import (
    Agreed,
    Echo,
    Edited,
    Fact,
    Heard,
    Ignored,
    Reacted,
    Receipt,
    RemoteFile,
    Trouble,
    Unsent,
)
from channels_inbound.hooks.provider import Malformed, Reading
from channels_inbound.hooks.reading import digest_of, ident, key_of, line, moment, number, text, thing, things
from channels_inbound.hooks.words import language_of, spot_of, subject_of, worded
from tickets.inbound import Address, InboundMessage

THUMBS = frozenset({"369239263222822", "369239343222814", "369239383222810"})
FILES = ("image", "video", "audio", "file", "reel", "ig_reel", "share", "story_mention", "sticker")
# What was shared mostly names a page to be opened; a file is what lies where the provider keeps files.
SHARED = ("share", "reel", "ig_reel")
FILE_HOSTS = (".fbcdn.net", ".fbsbx.com", ".cdninstagram.com")
USER = {"messenger": gettext_noop("Messenger user %(end)s"), "instagram": gettext_noop("Instagram user %(end)s")}
UNSHOWN = gettext_noop("A message of a kind that cannot be shown here (%(kind)s)")
PLACE = gettext_noop("Location: %(place)s")
MENTION = gettext_noop("Mentioned us in a story")
STORY = gettext_noop("In answer to our story %(url)s")
HELD = gettext_noop("Another app answers this conversation at the provider")
CHAT = gettext_noop("Chat message")
ADVERT = gettext_noop("From an advertisement: %(what)s")
CONTROL = ("pass_thread_control", "take_thread_control", "request_thread_control", "app_roles")
QUIET = ("referral", "account_linking", "payment", "checkout_update", "pre_checkout", "typing", *CONTROL)


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of `messaging`, with who it is between."""

    product: str
    content: dict[str, Any]
    reading: Reading
    person: str
    at: datetime
    standby: bool = False

    @property
    def thread(self) -> str:
        return f"{self.product}:{self.reading.account}:{self.person}"


def parse_item(product: str, content: dict[str, Any], reading: Reading, *, standby: bool = False) -> Iterator[Fact]:
    """The facts of one item; `standby`: another app holds the thread. Malformed."""
    echo = thing(content, "message").get("is_echo") is True
    person, page = ident(content, "sender", "id"), ident(content, "recipient", "id")
    if echo or (person == reading.account and page):
        person, page = page, person
    if not person or not page:
        yield Ignored("an item that names no person")
        return
    if page != reading.account:
        yield Ignored("meant for another account")
        return
    at = moment(content, "timestamp", default=reading.received_at)
    item = Item(product, content, reading, person, at, standby)
    readers: dict[str, Callable[[Item], Iterator[Fact]]] = {
        "message": _echo if echo else _message, "message_edit": _edit, "reaction": _reaction, "delivery": _delivery,
        "read": _read, "postback": _postback, "optin": _optin, "policy-enforcement": _policy,
        "policy_enforcement": _policy,
    }  # fmt: skip
    for name, reader in readers.items():
        if isinstance(content.get(name), dict):
            yield from reader(item)
            return
    known = next((name for name in QUIET if name in content), "")
    other = next((n for n in content if n not in ("sender", "recipient", "timestamp")), "nothing")
    yield Ignored(f"nothing to keep: {known}" if known else f"an item of another kind: {line(other, most=40)}")


def _message(item: Item) -> Iterator[Fact]:
    said = thing(item.content, "message")
    mid = ident(said, "mid")
    if not mid:
        raise Malformed("a message without its mid")
    if said.get("is_deleted") is True:
        yield Unsent(mid, item.at)
        return
    words, files = _words(said, item), tuple(_files(said))
    if not words and not files:
        words = worded(item.reading.locale, UNSHOWN, kind="unsupported")
    message = _inbound(item, mid, words, files, answers=ident(said, "reply_to", "mid"), about=_about(said, item))
    yield Heard(message, files, text(said, "quick_reply", "payload", most=1000))


def _inbound(
    item: Item, mid: str, words: str, files: tuple[RemoteFile, ...] = (), *, answers: str = "", about: str = ""
) -> InboundMessage:
    reading = item.reading
    name = worded(reading.locale, USER[item.product], end=item.person[-4:])
    return InboundMessage(
        channel_id=reading.channel_id,
        dedupe_key=key_of(item.product, reading.channel_id, mid),
        external_id=mid,
        at=item.at,
        received_at=reading.received_at,
        sender=Address(name, item.thread),
        subject=subject_of(words, worded(reading.locale, CHAT)),
        text=words,
        identity_kind="page_user",
        verdict="pass",
        language=language_of(words, reading.locale),
        in_reply_to=answers,
        thread_id=item.thread,
        timed_by_provider=True,
        about=about or (worded(reading.locale, HELD) if item.standby else ""),
        standby=item.standby,
        files_to_come=len(files),
    )


def _echo(item: Item) -> Iterator[Fact]:
    said = thing(item.content, "message")
    mid = ident(said, "mid")
    if not mid:
        raise Malformed("an echo without its mid")
    if said.get("is_deleted") is True:
        yield Unsent(mid, item.at)
        return
    app, ours = ident(said, "app_id"), str(item.reading.settings.get("app_id", ""))
    yield Echo(
        mid, item.thread, _words(said, item), item.at, tag=text(said, "metadata", most=200),
        by_us=bool(app) and app == ours, files=tuple(_files(said)),
    )  # fmt: skip


def _optin(item: Item) -> Iterator[Fact]:
    optin = thing(item.content, "optin")
    purpose = "notices" if ident(optin, "notification_messages_token") else "messages"
    stopped = "STOP" in text(optin, "notification_messages_status", most=60).upper()
    yield Agreed("page_user", item.thread, purpose, not stopped, item.at)


def _edit(item: Item) -> Iterator[Fact]:
    mid = ident(item.content, "message_edit", "mid")
    if not mid:
        raise Malformed("an edit without its mid")
    yield Edited(mid, text(item.content, "message_edit", "text"), item.at)


def _reaction(item: Item) -> Iterator[Fact]:
    reaction = thing(item.content, "reaction")
    mid = ident(reaction, "mid")
    if not mid:
        raise Malformed("a reaction without its mid")
    sign = text(reaction, "emoji", most=32) or line(reaction, "reaction", most=20)
    by = ident(item.content, "sender", "id")
    yield Reacted(mid, "" if text(reaction, "action") == "unreact" else sign, by, item.at, by == item.reading.account)


def _delivery(item: Item) -> Iterator[Fact]:
    delivery = thing(item.content, "delivery")
    at = moment(delivery, "watermark", default=item.at)
    found = delivery.get("mids")
    mids = [ident(mid) for mid in found[:100] if ident(mid)] if isinstance(found, list) else []
    for mid in mids:
        yield Receipt("delivered", at, external_id=mid)
    if not mids:
        yield Receipt("delivered", at, thread_id=item.thread)


def _read(item: Item) -> Iterator[Fact]:
    read = thing(item.content, "read")
    at = moment(read, "watermark", default=item.at)
    if mid := ident(read, "mid"):
        yield Receipt("read", at, external_id=mid)
    else:
        yield Receipt("read", at, thread_id=item.thread)


def _postback(item: Item) -> Iterator[Fact]:
    postback = thing(item.content, "postback")
    payload = text(postback, "payload", most=1000)
    words = text(postback, "title", most=500) or payload
    if not words:
        raise Malformed("a postback without title and payload")
    mid = ident(postback, "mid") or f"postback:{digest_of(item.thread, item.at, payload)}"
    referral = thing(postback, "referral")
    what = line(referral, "ad_id") or line(referral, "ref") or line(referral, "source")
    about = worded(item.reading.locale, ADVERT, what=what) if what else ""
    yield Heard(_inbound(item, mid, words, about=about), (), payload)


def _policy(item: Item) -> Iterator[Fact]:
    policy = thing(item.content, "policy-enforcement") or thing(item.content, "policy_enforcement")
    action = line(policy, "action", most=20)
    yield Trouble(f"{action}: {line(policy, 'reason', most=400)}", refused=action == "block", over=action == "unblock")


def _about(said: dict[str, Any], item: Item) -> str:
    story = thing(said, "reply_to", "story")
    if story:
        return worded(item.reading.locale, STORY, url=line(story, "url", most=400) or line(story, "id"))
    what = line(said, "referral", "ads_context_data", "ad_title") or line(said, "referral", "ad_id")
    return worded(item.reading.locale, ADVERT, what=what) if what else ""


def _words(said: dict[str, Any], item: Item) -> str:
    parts = [text(said, "text")]
    for attachment in things(said, "attachments"):
        words = [part for part in _shown(attachment, item) if part.strip()]
        if not words and not _file_url(attachment) and not _is_twin(attachment, said):
            kind = line(attachment, "type", most=40) or "?"
            words = [worded(item.reading.locale, UNSHOWN, kind=kind)]
        parts += words
    return "\n".join(dict.fromkeys(part for part in parts if part.strip())).strip()


def _shown(attachment: dict[str, Any], item: Item) -> list[str]:
    """What of an attachment can be read, beside its file."""
    kind, payload = text(attachment, "type", most=40), thing(attachment, "payload")
    if kind == "location":
        spot = thing(payload, "coordinates")
        place = spot_of(spot.get("lat"), spot.get("long")) or line(attachment, "title") or line(payload, "title")
        return [worded(item.reading.locale, PLACE, place=place)] if place else []
    if kind == "like_heart":
        return ["❤️"]
    if kind == "story_mention":
        return [worded(item.reading.locale, MENTION)]
    if _sticker(attachment) in THUMBS:
        return ["👍"]
    if kind in FILES and _file_url(attachment):
        return []
    told = attachment if line(attachment, "title") or line(attachment, "url") else payload
    elements = list(things(thing(payload, "product"), "elements")) or [told]
    return [
        " ".join(p for p in (line(e, "title"), line(e, "subtitle"), line(e, "url", most=500)) if p) for e in elements
    ]


def _files(said: dict[str, Any]) -> Iterator[RemoteFile]:
    for attachment in things(said, "attachments"):
        url = _file_url(attachment)
        if url and not _is_twin(attachment, said) and _sticker(attachment) not in THUMBS:
            yield RemoteFile({"url": url})


def _is_twin(attachment: dict[str, Any], said: dict[str, Any]) -> bool:
    """Whether it is a sticker once more, as a picture."""
    stickers = {_sticker(one) for one in things(said, "attachments") if text(one, "type") == "sticker"}
    twin = text(attachment, "type") == "image" and _sticker(attachment)
    return bool(twin) and _sticker(attachment) in stickers


def _file_url(attachment: dict[str, Any]) -> str:
    """Where the attachment's file lies, if it is one."""
    kind, url = text(attachment, "type", most=40), _url(thing(attachment, "payload"))
    if kind in SHARED and not (urlsplit(url).hostname or "").endswith(FILE_HOSTS):
        return ""
    return url if kind in FILES else ""


def _sticker(attachment: dict[str, Any]) -> str:
    found = number(attachment, "payload", "sticker_id")
    return "" if found is None else str(found)


def _url(payload: dict[str, Any]) -> str:
    url = text(payload, "url", most=4000)
    if not url.startswith(("https://", "http://")) or any(c.isspace() for c in url):
        return ""
    try:
        return url if urlsplit(url).hostname else ""
    except ValueError:
        return ""
