"""Words out of what lies here byte for byte. Where that cannot be shown to have worked, the copy goes whole."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.message import Message as Mail
from typing import Any

from channels_inbound.models import DemoMail, RawBody
from tickets.sensitive.masking import FoundSecret, pattern_of, without

MAIL = frozenset({"smtp", "imap", "file"})
# Larger ones are not taken apart again; they go.
LARGEST = 32 * 1024 * 1024


def redact_copies(
    message_ids: Collection[int], secrets: Collection[FoundSecret], *, held_by: int, whole: bool = False
) -> int:
    """Take these out of the raw copies and the demo mails of messages; how many copies changed. The copy of the
    message `held_by` is known to hold them: it goes if they are not found in it."""
    changed = 0
    bodies = RawBody.objects.select_for_update(of=("self",)).select_related("delivery")
    for body in bodies.filter(delivery__message__in=message_ids).order_by("pk").iterator(chunk_size=5):
        rewrite = redacted_mail if body.delivery.transport in MAIL else redacted_json
        must = body.delivery.message_id == held_by
        changed += _apply(body, rewrite, secrets, must=must, whole=whole)
    for mail in DemoMail.objects.select_for_update(of=("self",)).filter(message__in=message_ids).order_by("pk"):
        subject = without(mail.subject, secrets, whole=whole)
        if subject != mail.subject:
            DemoMail.objects.filter(pk=mail.pk).update(subject=subject)
        changed += _apply(mail, redacted_mail, secrets, must=False, whole=whole)
    return changed


def drop_copies(message_id: int) -> None:
    """The raw copies of a message go whole: nobody knows any more what to look for in them."""
    RawBody.objects.filter(delivery__message=message_id).delete()


Rewrite = Callable[..., bytes | None]


def _apply(
    row: RawBody | DemoMail, rewrite: Rewrite, secrets: Collection[FoundSecret], *, must: bool, whole: bool
) -> int:
    content = bytes(row.content)
    after = rewrite(content, secrets, whole=whole) if len(content) <= LARGEST else None
    if after is None or (must and after == content):
        row.delete()
        return 1
    if after != content:
        type(row)._default_manager.filter(pk=row.pk).update(content=after)
    return int(after != content)


def redacted_mail(content: bytes, secrets: Collection[FoundSecret], *, whole: bool = False) -> bytes | None:
    """The mail without these in any text of it; the same bytes where it held none. None where they are still there,
    or it cannot be read."""
    try:
        mail = message_from_bytes(content)
        if _still_there((part.get_filename() or "" for part in mail.walk()), secrets, whole=whole):
            return None  # names stand in two headers, cut and encoded in many ways
        changed = [_clean_part(part, secrets, whole=whole) for part in mail.walk()]
        if not any(changed):
            return None if _still_there(_raw_texts(content), secrets, whole=whole) else content
        after = mail.as_bytes()
        texts = [text for part in message_from_bytes(after).walk() for text in _texts(part)]
    except (ValueError, LookupError, KeyError, IndexError, AttributeError, TypeError, RecursionError):
        return None  # the standard library's reader breaks in many ways on broken mail
    return None if _still_there([*texts, *_raw_texts(after)], secrets, whole=whole) else after


def _clean_part(part: Mail, secrets: Collection[FoundSecret], *, whole: bool) -> bool:
    changed = False
    for name in ("Subject", "Thread-Topic"):
        if part[name] is not None and (subject := _header(part[name])) != (
            after := without(subject, secrets, whole=whole)
        ):
            part.replace_header(name, Header(after, "utf-8").encode())
            changed = True
    if part.is_multipart() or part.get_content_maintype() != "text":
        return changed
    text = _text(part)
    after = without(text, secrets, whole=whole)
    if after == text:
        return changed
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = "base64"
    part.set_param("charset", "utf-8")
    encoded = b64encode(after.encode()).decode()
    part.set_payload("\n".join(encoded[at : at + 76] for at in range(0, len(encoded), 76)))
    return True


def _texts(part: Mail) -> Iterable[str]:
    if part["Subject"] is not None:
        yield _header(part["Subject"])
    if not part.is_multipart() and part.get_content_maintype() == "text":
        yield _text(part)


def _text(part: Mail) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset() or "utf-8"
    try:
        return content.decode(charset, "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _header(value: Any) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return str(value)


def _raw_texts(content: bytes) -> list[str]:
    return [content.decode("utf-8", "replace")]


def _still_there(texts: Iterable[str], secrets: Collection[FoundSecret], *, whole: bool) -> bool:
    patterns = [pattern_of(secret.value, whole=whole) for secret in secrets]
    return any(pattern.search(text) for text in texts for pattern in patterns)


def redacted_json(content: bytes, secrets: Collection[FoundSecret], *, whole: bool = False) -> bytes | None:
    """The same for what providers call us with. What is no JSON goes, if it holds them."""
    try:
        said = json.loads(content)
    except ValueError:
        return None if _still_there(_raw_texts(content), secrets, whole=whole) else content
    after = _cleaned(said, secrets, whole=whole)
    return content if after == said else json.dumps(after, ensure_ascii=False).encode()


def _cleaned(value: Any, secrets: Collection[FoundSecret], *, whole: bool) -> Any:
    if isinstance(value, dict):
        return {key: _cleaned(one, secrets, whole=whole) for key, one in value.items()}
    if isinstance(value, list):
        return [_cleaned(one, secrets, whole=whole) for one in value]
    return without(value, secrets, whole=whole) if isinstance(value, str) else value
