"""What a forwarded message looks like below the words of whoever passes it on."""

from __future__ import annotations

import re
from collections.abc import Collection
from html import escape

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from channels_inbound.email.headers_out import MAX_NAME, MAX_SUBJECT, one_line
from channels_inbound.email.html_out import FONT, original_for_mail
from channels_inbound.email.sanitizer import clean_again
from tickets.inbound import Address
from tickets.outbound import ForwardedOriginal

BODY_TOKEN = re.compile(r"\[ref:([a-z2-7]{26})\]")
# The same secret in a reply address of ours.
_REPLY_ADDRESS = re.compile(r"(?<=[A-Za-z0-9._-])\+[a-z2-7]{26}(?=@)")


def without_marks(text: str) -> str:
    """The text without the secrets by which our mails are known: they open the conversation to whoever holds them."""
    return _REPLY_ADDRESS.sub("", BODY_TOKEN.sub("", text))


def forwarded_text(original: ForwardedOriginal) -> str:
    """The original whole, below a line that mail programs know."""
    head = "\n".join(f"{name}: {value}" for name, value in _head(original))
    text = without_marks(original.text.replace("\r\n", "\n").replace("\x00", "")).strip("\n")
    return f"{_line()}\n{head}\n\n{text}"


def forwarded_html(original: ForwardedOriginal, pictures: Collection[str], domain: str) -> str:
    head = "<br>".join(f"{escape(name)}: {escape(value)}" for name, value in _head(original))
    if original.html:
        body = original_for_mail(without_marks(clean_again(original.html)), pictures, domain)
    else:
        body = without_marks(escape(original.text)).replace("\n", "<br>")
    return (
        f'<div class="gmail_quote" style="margin-top:16px;{FONT}">'
        f'<div class="gmail_attr">{escape(_line())}<br>{head}</div><br>{body}</div>'
    )


def _line() -> str:
    words = gettext("Forwarded message")
    return f"---------- {words} ----------"


def _head(original: ForwardedOriginal) -> list[tuple[str, str]]:
    at = timezone.localtime(original.at)
    lines = [
        (gettext("From"), _named(original.author)),
        (gettext("Date"), f"{date_format(at, 'DATE_FORMAT')}, {at:%H:%M}"),
        (gettext("Subject"), one_line(original.subject, MAX_SUBJECT)),
        (gettext("To"), ", ".join(_named(entry) for entry in original.to)),
    ]
    return [(name, without_marks(value)) for name, value in lines if value]


def _named(entry: Address) -> str:
    name = one_line(entry.name, MAX_NAME)
    return f"{name} <{entry.address}>" if name and entry.address else name or entry.address
