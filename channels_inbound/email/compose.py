"""A reply as a mail: what the customer's program shows, threads and quotes. Pure but for the attachments' bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime
from html import escape

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext

from channels_inbound.email.forwarding import forwarded_html, forwarded_text, without_marks
from channels_inbound.email.headers_out import (
    MAX_NAME,
    MAX_SUBJECT,
    POLICY,
    UTF8_POLICY,
    header_addresses,
    one_line,
    safe_filename,
    usable,
    wire_address,
)
from channels_inbound.email.html_out import FONT, SMALL, content_id, document, is_content_id, written_for_mail
from channels_inbound.email.loop import HEADER, loop_mark
from channels_inbound.email.quoted_html import quoted_html
from people.languages import choose_language
from tickets.inbound import Address
from tickets.outbound import OutboundAttachment, OutboundMessage, QuotedOriginal

MAX_REFERENCES = 20
MAX_QUOTED_CHARS = 20_000
MAX_QUOTED_LINES = 400
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_LINK = re.compile(r"https?://[^\s<>\"']{1,2000}[^\s<>\"'.,;:!?)\]]")


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """What goes over the wire: the envelope, then the bytes. Bcc stands in `recipients` and nowhere else."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    subject: str
    needs_utf8: bool


def compose_mail(
    m: OutboundMessage,
    *,
    at: datetime,
    load: Callable[[OutboundAttachment], bytes],
) -> ComposedMail:
    """The mail of one reply. What no person wrote says so and has no envelope sender, so that no machine answers it
    and no report comes back (RFC 3834, RFC 5321 4.5.5). What answers nothing has one: its reports are wanted."""
    everyone = (*m.to, *m.cc, *m.bcc)
    needs_utf8 = not all(item.address.rpartition("@")[0].isascii() for item in everyone)
    mail = EmailMessage(policy=UTF8_POLICY if needs_utf8 else POLICY)
    _set_headers(mail, m, at)
    if m.automatic or m.unsubscribe_url:
        mail["Auto-Submitted"] = "auto-generated" if m.unsubscribe_url else "auto-replied"
        mail["X-Auto-Response-Suppress"] = "All"
    if m.unsubscribe_url:
        _set_unsubscribe(mail, m, everyone)
    # What we say ourselves: in a language we do not speak that is the helpdesk's own, and not only its dates theirs.
    with translation.override(choose_language([m.locale])):
        mail.set_content(text_part(m))
        mail.add_alternative(html_part(m), subtype="html")
    pictures = [attachment for attachment in m.attachments if is_picture(attachment)]
    if pictures:  # beside the HTML that shows them (RFC 2387)
        (_text, html) = mail.iter_parts()
        for picture in pictures:
            _put_picture(html, picture, load(picture), _domain(m))
    for attachment in m.attachments:
        if attachment not in pictures:
            _attach(mail, attachment, load(attachment))
    # Last, since every part that is added takes the Content headers with it.
    mail["Content-Language"] = m.locale
    wanted = [item.address for item in everyone if m.send_to is None or item.address in m.send_to]
    recipients = tuple(dict.fromkeys(wire_address(address) for address in wanted if usable(address)))
    sender = "" if m.automatic and not m.unsubscribe_url else m.reply_address
    return ComposedMail(sender, recipients, mail.as_bytes(), str(mail["Subject"]), needs_utf8)


def _set_headers(mail: EmailMessage, m: OutboundMessage, at: datetime) -> None:
    sender = f"{m.agent_name} ({m.channel_name})" if m.agent_name else m.channel_name
    mail["From"] = header_addresses([Address(one_line(sender, MAX_NAME), m.channel_address)])
    mail["To"] = header_addresses(m.to)
    if m.cc:
        mail["Cc"] = header_addresses(m.cc)
    mail["Reply-To"] = header_addresses([Address(m.channel_name, m.reply_address)])
    mail["Subject"] = one_line(m.subject, MAX_SUBJECT)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{m.message_id_header}>"
    if _is_id(m.in_reply_to):
        mail["In-Reply-To"] = _ids([m.in_reply_to])
    if references := _reference_chain(m):
        mail["References"] = _ids(references)
    mail[HEADER] = loop_mark(m.reply_token)


def _set_unsubscribe(mail: EmailMessage, m: OutboundMessage, everyone: Sequence[Address]) -> None:
    """One click in the reader's mail program (RFC 2369, RFC 8058). The link is one reader's, so there is but one."""
    if len(everyone) != 1:
        raise ValueError("mail that can be unsubscribed from goes to one address")
    mail["List-Unsubscribe"] = f"<{m.unsubscribe_url}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _reference_chain(m: OutboundMessage) -> list[str]:
    """The first of the thread and the latest; mail programs thread by these, and endless chains get refused."""
    # The mail that is answered stands last (RFC 5322 3.6.4): Apple Mail and Outlook take the last one for the parent.
    earlier = [item for item in dict.fromkeys(m.references) if item != m.in_reply_to]
    chain = [item for item in (*earlier, m.in_reply_to) if _is_id(item)]
    return chain if len(chain) <= MAX_REFERENCES else [chain[0], *chain[-(MAX_REFERENCES - 1) :]]


def _ids(ids: list[str]) -> str:
    return " ".join(f"<{item}>" for item in ids if _is_id(item))


def _is_id(text: str) -> bool:
    """An id that can stand in a header: stored ids come from strangers."""
    return 0 < len(text) <= 900 and text.isascii() and text.isprintable() and not set(text) & set(" <>")


def text_part(m: OutboundMessage) -> str:
    """The reply, the signature, our mark, then what was answered or is passed on."""
    parts = [m.text.replace("\r\n", "\n").replace("\x00", "").rstrip()]
    if m.signature.strip():
        parts.append(f"-- \n{m.signature.strip()}")
    if m.unsubscribe_url:
        parts.append(f"{_unsubscribe_words()} {m.unsubscribe_url}")
    parts.append(_mark(m))
    if m.quoted:
        quoted = "\n".join(f"> {line}" if line else ">" for line in _quoted_lines(m.quoted))
        parts.append(f"{_attribution(m.quoted)}\n{quoted}")
    parts.extend(forwarded_text(original) for original in m.forwarded)
    return "\n\n".join(part for part in parts if part) + "\n"


def _mark(m: OutboundMessage) -> str:
    """The number people may quote, and the token that proves they hold this mail. Not in the subject: Gmail starts a
    new thread when that changes."""
    return f"[#{m.ticket_id}] [ref:{m.reply_token}]"


def _unsubscribe_words() -> str:
    return gettext("If you want no more mails like this one, unsubscribe:")


def html_part(m: OutboundMessage) -> str:
    """The same in HTML: the agent's own markup cleaned and styled for mail programs, or made from the text."""
    shown = {attachment.content_id for attachment in m.attachments if is_picture(attachment)}
    body = written_for_mail(m.html, shown, _domain(m)) if m.html.strip() else html_from_text(m.text)
    parts = [f'<div style="{FONT}">{body}</div>']
    if m.signature.strip():
        signed = written_for_mail(m.signature_html, (), _domain(m)) if m.signature_html else ""
        signature = signed or html_from_text(m.signature.strip())
        parts.append(f'<div style="margin-top:16px;{FONT}">-- <br>{signature}</div>')
    if m.unsubscribe_url:
        link = f'<a href="{escape(m.unsubscribe_url)}">{gettext("Unsubscribe")}</a>'
        parts.append(f'<div style="margin-top:16px;color:#808080;{SMALL}">{link}</div>')
    parts.append(f'<div style="margin-top:16px;color:#808080;{SMALL}">{_mark(m)}</div>')
    if m.quoted:
        # The class is what Gmail folds by, the type what Apple Mail and Thunderbird do.
        quoted = quoted_html(m.quoted, _domain(m)) or "<br>".join(escape(line) for line in _quoted_lines(m.quoted))
        parts.append(
            f'<div class="gmail_quote" style="margin-top:16px;{FONT}">'
            f'<div class="gmail_attr">{escape(_attribution(m.quoted))}</div>'
            f'<blockquote class="gmail_quote" type="cite" style="margin:8px 0 0;padding-left:12px;'
            f'border-left:2px solid #b4b4b4">{quoted}</blockquote></div>'
        )
    parts.extend(forwarded_html(original, shown, _domain(m)) for original in m.forwarded)
    return document(parts, m.locale)


def _domain(m: OutboundMessage) -> str:
    return m.channel_address.rpartition("@")[2]


def is_picture(attachment: OutboundAttachment) -> bool:
    return is_content_id(attachment.content_id) and attachment.content_type in PICTURES


def html_from_text(text: str) -> str:
    """Paragraphs and links of a plain text, everything else escaped."""
    text = text.replace("\r\n", "\n").replace("\x00", "")
    paragraphs = [part for part in re.split(r"\n\s*\n", text.strip("\n")) if part.strip()]
    return "".join(f'<p style="margin:0 0 12px">{_linked(part)}</p>' for part in paragraphs)


def _linked(text: str) -> str:
    out, position = [], 0
    for found in _LINK.finditer(text):
        out.append(escape(text[position : found.start()]))
        link = escape(found.group())
        out.append(f'<a href="{link}">{link}</a>')
        position = found.end()
    out.append(escape(text[position:]))
    return "".join(out).replace("\n", "<br>")


def _quoted_lines(quoted: QuotedOriginal) -> list[str]:
    """The original without our old marks, cut where nobody reads on."""
    text = without_marks(quoted.text.replace("\r\n", "\n").replace("\x00", "")).rstrip()
    lines = text[:MAX_QUOTED_CHARS].split("\n")
    if len(text) > MAX_QUOTED_CHARS or len(lines) > MAX_QUOTED_LINES:
        return [*lines[:MAX_QUOTED_LINES], "[…]"]
    return lines


def _attribution(quoted: QuotedOriginal) -> str:
    at = timezone.localtime(quoted.at)
    # Not DATETIME_FORMAT: in English it says "noon", and no mail program knows that for a time.
    when = f"{date_format(at, 'DATE_FORMAT')}, {at:%H:%M}"
    return gettext("On %(date)s, %(author)s wrote:") % {"date": when, "author": one_line(quoted.author, MAX_NAME)}


def _attach(mail: EmailMessage, attachment: OutboundAttachment, content: bytes) -> None:
    main, _, sub = attachment.content_type.partition("/")
    if main not in ("text", "image", "audio", "video", "application") or not re.fullmatch(r"[a-z0-9.+-]{1,80}", sub):
        main, sub = "application", "octet-stream"
    mail.add_attachment(content, maintype=main, subtype=sub, filename=safe_filename(attachment.filename))


def _put_picture(html: MIMEPart, picture: OutboundAttachment, content: bytes, domain: str) -> None:
    id = content_id(picture.content_id, domain)
    subtype = picture.content_type.partition("/")[2]
    html.add_related(
        content, "image", subtype, cid=f"<{id}>", filename=safe_filename(picture.filename), disposition="inline"
    )
