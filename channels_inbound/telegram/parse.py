"""What a Telegram update says (Bot API). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop

from channels_inbound.hooks.facts import Arrived, Edited, Fact, Heard, Ignored, Reachable, Reacted, RemoteFile, Started
from channels_inbound.hooks.provider import Malformed, Reading
from channels_inbound.hooks.reading import ident, key_of, line, load_object, moment, number, text, thing, things
from channels_inbound.hooks.words import FORWARDED, language_of, spot_of, subject_of, worded
from tickets.inbound import Address, InboundMessage

MEDIA = ("document", "video", "audio", "voice", "video_note", "animation", "sticker")
KNOWN = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
# What Telegram says of a chat by itself: nobody wrote it.
SERVICE = (
    "new_chat", "left_chat", "delete_chat_photo", "group_chat_created", "supergroup_chat_created",
    "channel_chat_created", "message_auto_delete_timer_changed", "migrate_", "pinned_message", "chat_background_set",
    "chat_owner", "connected_website", "write_access_allowed", "proximity_alert_triggered", "boost_added",
    "forum_topic_", "general_forum_topic_", "giveaway", "video_chat_", "users_shared", "chat_shared", "passport_data",
    "successful_payment", "refunded_payment", "paid_message_price_changed", "direct_message_price_changed",
    "suggested_post_", "checklist_tasks_", "gift", "unique_gift",
)  # fmt: skip
INVITATION = re.compile(r"[A-Za-z0-9_-]{43}")
PLACE = gettext_noop("Location: %(place)s")
CONTACT = gettext_noop("Contact: %(who)s")
POLL = gettext_noop("Poll: %(question)s")
UNSHOWN = gettext_noop("A message of a kind that cannot be shown here (%(kind)s)")
CHAT = gettext_noop("Chat message")


def parse_update(body: bytes, reading: Reading) -> list[Fact]:
    """The facts of one update: it holds exactly one thing beside its number. Malformed."""
    update = load_object(body)
    if number(update, "update_id") is None:
        raise Malformed("there is no update_id")
    kind = next((name for name in KNOWN if isinstance(update.get(name), dict)), "")
    if not kind:
        other = next((name for name in update if name != "update_id"), "nothing")
        return [Ignored(f"an update of another kind: {line(other, most=40)}")]
    readers = {
        "message": _message, "edited_message": _edited, "callback_query": _pressed, "my_chat_member": _member,
        "message_reaction": _reaction,
    }  # fmt: skip
    return list(readers[kind](thing(update, kind), reading))


def _message(said: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    if reason := _unwanted(said):
        yield Ignored(reason)
        return
    words = _words(said, reading)
    if text(said, "text").partition(" ")[0] == "/start":
        yield _started(said, reading)
        if reading.settings.get("greeting"):
            at = moment(said, "date", default=reading.received_at)
            yield Arrived(f"telegram:{ident(said, 'from', 'id')}", f"telegram:{ident(said, 'chat', 'id')}", at)
        return
    files = tuple(_files(said))
    if not words and not files:
        kind = next((name for name in said if name not in ("message_id", "from", "chat", "date")), "empty")
        service = next((name for name in said if name.startswith(SERVICE)), "")
        if service or kind == "empty":
            yield Ignored(f"a service message ({line(service or kind, most=40)})")
            return
        words = worded(reading.locale, UNSHOWN, kind=line(kind, most=40))
    yield Heard(_inbound(said, words, files, reading), files, place=_place(said, files))


def _place(said: dict[str, Any], files: tuple[RemoteFile, ...]) -> int:
    """Which of an album's pieces this is: each comes alone, and they are one message."""
    return (number(said, "message_id") or 0) % 30_000 + 1 if files and ident(said, "media_group_id") else 0


def _inbound(said: dict[str, Any], words: str, files: tuple[RemoteFile, ...], reading: Reading) -> InboundMessage:
    sender, chat = thing(said, "from"), ident(said, "chat", "id")
    external_id = message_id(reading, chat, ident(said, "message_id"))
    answered, album = ident(said, "reply_to_message", "message_id"), ident(said, "media_group_id")
    return InboundMessage(
        channel_id=reading.channel_id,
        dedupe_key=key_of("telegram", reading.channel_id, f"{chat}:album:{album}" if album and files else external_id),
        external_id=external_id,
        at=moment(said, "date", default=reading.received_at),
        received_at=reading.received_at,
        sender=Address(_name(sender), f"telegram:{ident(sender, 'id')}"),
        subject=subject_of(words, worded(reading.locale, CHAT)),
        text=words,
        identity_kind="page_user",
        verdict="pass",
        language=language_of(words, line(sender, "language_code", most=2) or reading.locale),
        in_reply_to=message_id(reading, chat, answered) if answered else "",
        thread_id=f"telegram:{chat}",
        timed_by_provider=True,
        handle=f"@{line(sender, 'username', most=64)}" if line(sender, "username") else "",
        about=worded(reading.locale, FORWARDED) if thing(said, "forward_origin") else "",
        files_to_come=len(files),
    )


def message_id(reading: Reading, chat: str, id: str) -> str:
    """Telegram numbers messages per chat and bot."""
    return f"telegram:{reading.account}:{chat}:{id}"


def _unwanted(said: dict[str, Any]) -> str:
    """Why an update about a message is none for us. Malformed when it cannot be told."""
    if not ident(said, "message_id") or not ident(said, "chat", "id"):
        raise Malformed("a message without its id or chat")
    kind = text(said, "chat", "type")
    if kind != "private":
        return f"not a private chat ({line(kind, most=20) or 'unknown'})"
    if not ident(said, "from", "id"):
        raise Malformed("a private message without a sender")
    return "written by a bot" if thing(said, "from").get("is_bot") is True else ""


def _edited(said: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    if reason := _unwanted(said):
        yield Ignored(reason)
        return
    if number(said, "location", "live_period") is not None:
        yield Ignored("a live location moved")
        return
    at = moment(said, "edit_date", default=reading.received_at)
    id = message_id(reading, ident(said, "chat", "id"), ident(said, "message_id"))
    yield Edited(id, _words(said, reading), at)


def _pressed(said: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    """A button below a message of ours: said by whoever pressed it, in its words. The press is to be answered."""
    id, under = ident(said, "id"), thing(said, "message")
    if not id or not ident(said, "from", "id"):
        raise Malformed("a pressed button without its id or who pressed it")
    payload = text(said, "data", most=1000)
    kind = text(under, "chat", "type")
    if kind != "private":
        yield Ignored(f"a button was pressed elsewhere than in a private chat ({line(kind, most=20) or 'unknown'})")
        return
    words = _label(under, payload) or payload
    if not words:
        raise Malformed("a pressed button without its data")
    chat = thing(under, "chat")
    told = {"message_id": f"callback:{id}", "from": thing(said, "from"), "chat": chat, "reply_to_message": under}
    yield Heard(_inbound(told, words, (), reading), (RemoteFile({"pressed": id}),), payload)


def _label(under: dict[str, Any], payload: str) -> str:
    """What stood on the button that carries this data."""
    rows = thing(under, "reply_markup").get("inline_keyboard")
    for row in rows[:100] if isinstance(rows, list) else ():
        for button in things(row):
            if payload and text(button, "callback_data", most=1000) == payload:
                return line(button, "text")
    return ""


def _member(said: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    who, status = ident(said, "from", "id"), text(said, "new_chat_member", "status")
    if text(said, "chat", "type") != "private" or not who:
        yield Ignored("membership of a group")
    elif status in ("kicked", "member"):
        refuses = "blocked" if status == "kicked" else ""
        yield Reachable("page_user", f"telegram:{who}", refuses, moment(said, "date", default=reading.received_at))
    else:
        yield Ignored(f"membership: {line(status, most=30)}")


def _reaction(said: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    chat, id = ident(said, "chat", "id"), ident(said, "message_id")
    if not chat or not id:
        raise Malformed("a reaction without its message")
    signs = [text(one, "emoji", most=32) or "★" for one in things(said, "new_reaction")]
    at = moment(said, "date", default=reading.received_at)
    yield Reacted(message_id(reading, chat, id), "".join(signs)[:32], ident(said, "user", "id") or chat, at)


def _words(said: dict[str, Any], reading: Reading) -> str:
    words = _linked(text(said, "text"), said, "entities") or _linked(text(said, "caption"), said, "caption_entities")
    if place := thing(said, "venue") or thing(said, "location"):
        where = thing(place, "location") or place
        spot = spot_of(where.get("latitude"), where.get("longitude"))
        named = ", ".join(part for part in (line(place, "title"), line(place, "address"), spot) if part)
        words = words or worded(reading.locale, PLACE, place=named)
    elif who := thing(said, "contact"):
        named = " ".join(
            part for part in (line(who, "first_name"), line(who, "last_name"), line(who, "phone_number")) if part
        )
        words = words or worded(reading.locale, CONTACT, who=named)
    elif question := line(said, "poll", "question"):
        words = words or worded(reading.locale, POLL, question=question)
    elif emoji := text(said, "dice", "emoji", most=16):
        words = words or emoji
    return words.strip()


def _linked(words: str, said: dict[str, Any], name: str) -> str:
    """The words, with the addresses that lie behind some of them. Places are counted in UTF-16 units."""
    found = []
    for entity in things(said, name):
        start, length = number(entity, "offset"), number(entity, "length")
        url = line(entity, "url", most=500)
        if text(entity, "type") == "text_link" and url and start is not None and length is not None:
            found.append((start + length, url))
    units = words.encode("utf-16-le")
    for end, url in sorted(found[:50], reverse=True):
        if 0 < end * 2 <= len(units) and url not in words:
            units = units[: end * 2] + f" ({url})".encode("utf-16-le") + units[end * 2 :]
    return units.decode("utf-16-le", "replace")


def _files(said: dict[str, Any]) -> Iterator[RemoteFile]:
    sizes = [one for one in things(said, "photo") if ident(one, "file_id")]
    if sizes:
        largest = max(sizes, key=lambda one: (number(one, "file_size") or 0, number(one, "width") or 0))
        yield RemoteFile({"file_id": ident(largest, "file_id")})
    elif thing(said, "animation"):  # comes with a twin as document
        yield RemoteFile({"file_id": ident(said, "animation", "file_id")}, line(said, "animation", "file_name"))
    else:
        for name in MEDIA:
            if ident(said, name, "file_id"):
                yield RemoteFile({"file_id": ident(said, name, "file_id")}, line(said, name, "file_name"))


def _name(sender: dict[str, Any]) -> str:
    return f"{line(sender, 'first_name')} {line(sender, 'last_name')}".strip()[:200]


def _started(said: dict[str, Any], reading: Reading) -> Fact:
    """By an invitation of ours, or by whatever else: what that carries is kept to be read, a secret is not."""
    token, sender = text(said, "text").partition(" ")[2].strip(), thing(said, "from")
    if not INVITATION.fullmatch(token):
        return Ignored(f"the bot was started{_payload(text(said, 'text'))}")
    at = moment(said, "date", default=reading.received_at)
    return Started("page_user", f"telegram:{ident(sender, 'id')}", token, _name(sender), at)


def _payload(words: str) -> str:
    payload = line(words.partition(" ")[2], most=64)
    return f" ({payload})" if payload else ""
