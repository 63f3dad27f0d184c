"""What WhatsApp's Cloud API tells. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

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
    Renumbered,
    TemplateJudged,
    Trouble,
    Unsent,
)
from channels_inbound.hooks.provider import Malformed, Reading, SendError
from channels_inbound.hooks.reading import each, ident, key_of, line, moment, number, text, thing, things
from channels_inbound.hooks.words import FORWARDED, language_of, spot_of, subject_of, worded
from channels_inbound.meta.graph import status_error
from tickets.inbound import Address, InboundMessage

MEDIA = ("image", "video", "document", "audio", "sticker", "voice")
UNSHOWN = gettext_noop("A message of a kind that cannot be shown here (%(kind)s)")
PLACE = gettext_noop("Location: %(place)s")
CONTACT = gettext_noop("Contact: %(who)s")
ORDER = gettext_noop("Order: %(what)s")
USER = gettext_noop("WhatsApp user %(end)s")
PRODUCT = gettext_noop("About the product: %(what)s")
ADVERT = gettext_noop("From an advertisement: %(what)s")
CHAT = gettext_noop("Chat message")
HEALTH = ("account_update", "phone_number_quality_update", "account_alerts", "account_review_update")
# What they tell of the account when nothing is wrong with it.
GOOD = {
    "APPROVED", "VERIFIED_ACCOUNT", "ONBOARDING", "UPGRADE", "UNFLAGGED", "PARTNER_ADDED", "PARTNER_APP_INSTALLED",
    "ACCOUNT_CREATED", "INFORMATION", "INFORMATIONAL", "RESTORE", "ACCOUNT_RESTORED", "REINSTATED",
}  # fmt: skip
JUDGED = {
    "APPROVED": "approved", "REINSTATED": "approved", "PENDING": "waiting", "IN_APPEAL": "waiting",
    "REJECTED": "refused", "PAUSED": "refused", "DISABLED": "refused", "PENDING_DELETION": "refused",
    "DELETED": "refused",
}  # fmt: skip


def parse_change(change: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    """The facts of one change. Malformed."""
    field, value = text(change, "field", most=60), thing(change, "value")
    if field == "message_template_status_update":
        yield _judged(value, reading)
        return
    if field in HEALTH:
        yield _health(field, value)
        return
    if field not in ("messages", "smb_message_echoes", "user_preferences"):
        yield Ignored(f"another field: {line(field, most=60) or 'none'}")
        return
    if ident(value, "metadata", "phone_number_id") != reading.account:
        yield Ignored("meant for another number")
        return
    empty = True
    for name, reader in (
        ("messages", _message), ("message_echoes", _echo), ("statuses", _status), ("user_preferences", _preference),
        ("errors", _error),
    ):  # fmt: skip
        for fact in each(things(value, name), partial(reader, value=value, reading=reading)):
            empty = False
            yield fact
    if empty:
        yield Ignored("the change holds nothing")


def _health(field: str, value: dict[str, Any]) -> Fact:
    """Good news of the account is no trouble."""
    word = text(value, "event", most=60) or text(value, "decision", most=60) or text(value, "alert_severity", most=60)
    told = f"{field}: {line(word)} {line(value, 'reason', most=200)}".strip()
    return Ignored(told) if word.upper() in GOOD or not word else Trouble(told)


def _judged(value: dict[str, Any], reading: Reading) -> Fact:
    """One template refused or paused is nothing wrong with the channel."""
    name, language = line(value, "message_template_name", most=512), line(value, "message_template_language", most=16)
    word = text(value, "event", most=60).upper()
    if not name or not language or word not in JUDGED:
        return Ignored(f"a template: {line(word, most=60) or 'nothing said'}")
    return TemplateJudged(name, language, JUDGED[word], reading.received_at)


def _message(said: dict[str, Any], value: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    id, kind = ident(said, "id"), text(said, "type", most=40)
    if not id:
        raise Malformed("a message without its id")
    at = moment(said, "timestamp", default=reading.received_at)
    who = _Person(said, value, reading)
    moved = _digits(ident(said, "system", "wa_id"))
    if kind == "system" and moved and text(said, "system", "type") == "user_changed_number" and who.phone:
        yield Renumbered("phone", f"+{who.phone}", f"+{moved}", at)
    elif kind == "system":
        yield Ignored(f"a system message ({line(said, 'system', 'type', most=60)})")
    elif kind == "request_welcome":
        yield Ignored("the chat was opened, and nothing said yet")
    elif ident(said, "group_id"):
        yield Ignored("written in a group")
    elif not who.id:
        raise Malformed("a message without a sender")
    elif kind == "reaction":
        emoji = text(said, "reaction", "emoji", most=32)
        yield Reacted(_needed(said, "reaction", "message_id"), emoji, who.id, at)
    elif kind == "edit":
        words, _files = _content(thing(said, "edit", "message"), reading)
        yield Edited(_needed(said, "edit", "original_message_id"), words, at)
    elif kind == "revoke":
        yield Unsent(_needed(said, "revoke", "original_message_id"), at)
    else:
        words, files = _content(said, reading)
        payload = text(said, "interactive", "button_reply", "id", most=1000) or text(
            said, "button", "payload", most=1000
        )
        payload = payload or text(said, "interactive", "list_reply", "id", most=1000)
        yield Heard(_inbound(said, id, words, files, who, reading), files, payload)


class _Person:
    """Who wrote: the business-scoped id first, the number if it is shown (2026: it may be neither or both)."""

    def __init__(self, said: dict[str, Any], value: dict[str, Any], reading: Reading) -> None:
        contacts = list(things(value, "contacts"))
        scoped, given = ident(said, "from_user_id"), ident(said, "from")
        own = [c for c in contacts if scoped and ident(c, "user_id") == scoped]
        own += [c for c in contacts if given and ident(c, "wa_id") == given]
        contact = own[0] if own else contacts[0] if len(contacts) == 1 else {}
        self.phone = _digits(given) or _digits(ident(contact, "wa_id"))
        self.scoped = scoped or ident(contact, "user_id") or ("" if self.phone else given)
        self.id = self.scoped or self.phone
        self.username = line(contact, "profile", "username", most=64)
        self.name = line(contact, "profile", "name") or self.username
        if not self.name:
            self.name = f"+{self.phone}" if self.phone else worded(reading.locale, USER, end=self.id[-4:])

    @property
    def address(self) -> tuple[str, str]:
        """The identity the answer goes to: the number where we may have it, which other channels share."""
        return ("phone", f"+{self.phone}") if self.phone else ("page_user", f"whatsapp:{self.scoped}")

    @property
    def others(self) -> tuple[tuple[str, str], ...]:
        return (("page_user", f"whatsapp:{self.scoped}"),) if self.phone and self.scoped else ()

    def threads(self, account: str) -> tuple[str, ...]:
        return tuple(f"whatsapp:{account}:{id}" for id in (self.scoped, self.phone) if id)


def _address_of(given: str) -> tuple[str, str]:
    """The identity of somebody named by a number or by a business-scoped id."""
    return ("phone", f"+{given}") if _digits(given) else ("page_user", f"whatsapp:{given}")


def _digits(given: str) -> str:
    """The number, where it is one."""
    return given if given.isascii() and given.isdigit() and 5 <= len(given) <= 15 else ""


def _inbound(
    said: dict[str, Any], id: str, words: str, files: tuple[RemoteFile, ...], who: _Person, reading: Reading
) -> InboundMessage:
    threads = who.threads(reading.account)
    kind, address = who.address
    advert = line(said, "referral", "headline") or line(said, "referral", "source_url", most=300)
    return InboundMessage(
        channel_id=reading.channel_id,
        dedupe_key=key_of("whatsapp", reading.channel_id, id),
        external_id=id,
        at=moment(said, "timestamp", default=reading.received_at),
        received_at=reading.received_at,
        sender=Address(who.name, address),
        subject=subject_of(words, worded(reading.locale, CHAT)),
        text=words,
        identity_kind=kind,
        verdict="pass",
        language=language_of(words, reading.locale),
        in_reply_to=ident(said, "context", "id"),
        thread_id=threads[0],
        thread_also=threads[1:],
        also_known_as=who.others,
        timed_by_provider=True,
        handle=f"@{who.username}" if who.username else "",
        about=worded(reading.locale, ADVERT, what=advert) if advert else _attached_to(said, reading),
        files_to_come=len(files),
    )


def _attached_to(said: dict[str, Any], reading: Reading) -> str:
    """The product of the catalogue that was asked about, or that it was passed on."""
    context = thing(said, "context")
    if product := line(context, "referred_product", "product_retailer_id"):
        return worded(reading.locale, PRODUCT, what=product)
    passed_on = context.get("forwarded") is True or context.get("frequently_forwarded") is True
    return worded(reading.locale, FORWARDED) if passed_on else ""


def _content(said: dict[str, Any], reading: Reading) -> tuple[str, tuple[RemoteFile, ...]]:
    kind = text(said, "type", most=40)
    part = thing(said, kind)
    if kind == "text":
        words = text(part, "body")
    elif kind in MEDIA and ident(part, "id"):
        file = RemoteFile({"media_id": ident(part, "id"), "sha256": ident(part, "sha256")}, line(part, "filename"))
        return text(part, "caption").strip(), (file,)
    elif kind == "location":
        spot = spot_of(part.get("latitude"), part.get("longitude"))
        named = ", ".join(p for p in (line(part, "name"), line(part, "address"), spot) if p)
        words = worded(reading.locale, PLACE, place=named) if named else ""
    elif kind == "contacts":
        words = "\n".join(_contact(one, reading) for one in things(said, "contacts"))
    elif kind == "button":
        words = text(part, "text")
    elif kind == "interactive":
        words = _interactive(part)
    elif kind == "order":
        what = ", ".join(_ordered(one) for one in things(part, "product_items"))
        words = "\n".join(p for p in (worded(reading.locale, ORDER, what=what), text(part, "text")) if p)
    else:
        words = ""
    if not words.strip():
        shown = line(said, "unsupported", "type", most=40) or line(kind, most=40) or "?"
        words = worded(reading.locale, UNSHOWN, kind=shown)
    return words.strip(), ()


def _ordered(one: dict[str, Any]) -> str:
    """One line of an order: how many of what, at which price each."""
    price = line(one, "item_price") if not isinstance(one.get("item_price"), float) else f"{one['item_price']:.2f}"
    each_costs = f" ({price} {line(one, 'currency', most=8)}".rstrip() + ")" if price else ""
    return f"{number(one, 'quantity') or 1} × {line(one, 'product_retailer_id')}{each_costs}"


def _contact(one: dict[str, Any], reading: Reading) -> str:
    phones = ", ".join(line(phone, "phone") for phone in things(one, "phones"))
    return worded(reading.locale, CONTACT, who=" ".join(p for p in (line(one, "name", "formatted_name"), phones) if p))


def _interactive(part: dict[str, Any]) -> str:
    for name in ("button_reply", "list_reply"):
        if chosen := thing(part, name):
            return "\n".join(p for p in (text(chosen, "title"), text(chosen, "description")) if p)
    form = thing(part, "nfm_reply")
    try:
        answers = json.loads(text(form, "response_json"))
    except (ValueError, RecursionError):
        answers = {}
    lines = (
        [f"{line(name, most=60)}: {_answer(value)}" for name, value in answers.items()]
        if isinstance(answers, dict)
        else []
    )
    return "\n".join([p for p in (text(form, "body"), *lines) if p])


def _answer(value: object) -> str:
    """What was filled into one field of a form; several ticked ones side by side."""
    if isinstance(value, list):
        return ", ".join(part for one in value[:50] if (part := _answer(one)))
    return "✓" if value is True else "–" if value is False else line(text(value))


def _echo(said: dict[str, Any], value: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    id, kind = ident(said, "id"), text(said, "type", most=40)
    if not id:
        raise Malformed("an echo without its id")
    at = moment(said, "timestamp", default=reading.received_at)
    if kind == "edit":
        yield Edited(
            _needed(said, "edit", "original_message_id"), _content(thing(said, "edit", "message"), reading)[0], at
        )
        return
    if kind == "revoke":
        yield Unsent(_needed(said, "revoke", "original_message_id"), at)
        return
    ends = [to for to in (ident(said, "to_user_id"), ident(said, "to")) if to]
    threads = [f"whatsapp:{reading.account}:{to}" for to in ends]
    if kind == "reaction":
        emoji = text(said, "reaction", "emoji", most=32)
        yield Reacted(_needed(said, "reaction", "message_id"), emoji, reading.account, at, ours=True)
        return
    if not threads:
        raise Malformed("an echo without a recipient")
    words, files = _content(said, reading)
    to = tuple(_address_of(one) for one in ends)
    yield Echo(id, threads[0], words, at, thread_also=tuple(threads[1:]), files=files, to=to)


def _status(said: dict[str, Any], value: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    id, status = ident(said, "id"), text(said, "status", most=30)
    if not id:
        raise Malformed("a status without the message's id")
    at = moment(said, "timestamp", default=reading.received_at)
    tag = text(said, "biz_opaque_callback_data", most=200)
    if status == "failed":
        yield from _failed(status_error(said), Receipt("failed", at, external_id=id, tag=tag), said)
    elif status in ("delivered", "read", "played"):
        yield Receipt("delivered" if status == "delivered" else "read", at, external_id=id, tag=tag)
    else:
        yield Ignored(f"a status that changes nothing ({line(status, most=30)})")


def _failed(error: SendError, receipt: Receipt, said: dict[str, Any]) -> Iterator[Fact]:
    """A reply was not delivered; and what that says of whom it went to, or of ourselves."""
    yield replace(receipt, error=error.detail, refuses=error.refuses)
    if error.stops and (who := ident(said, "recipient_id")):
        yield Agreed(*_address_of(who), error.stops, False, receipt.at)
    if error.kind == "auth" or error.alarm:
        yield Trouble(error.detail, refused=error.kind == "auth")


def _preference(said: dict[str, Any], value: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    who, wish = ident(said, "wa_id") or ident(said, "user_id"), text(said, "value", most=20)
    if not who or wish not in ("stop", "resume", "signup"):
        yield Ignored(f"a preference: {line(wish, most=20)}")
        return
    # It is about marketing, which we do not send here; answers stay allowed.
    at = moment(said, "timestamp", default=reading.received_at)
    yield Agreed(*_address_of(who), "marketing", wish != "stop", at)


def _error(said: dict[str, Any], value: dict[str, Any], reading: Reading) -> Iterator[Fact]:
    yield Trouble(line(said, "error_data", "details", most=300) or line(said, "title") or "an error without words")


def _needed(said: dict[str, Any], *path: str) -> str:
    found = ident(said, *path)
    if not found:
        raise Malformed(f"{path[0]} without {path[-1]}")
    return found
