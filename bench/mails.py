"""Mails of a shop's ordinary day, made up: plain, phone and mail-client HTML, answers with quotes, some with files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from random import Random

from tickets.scale.texts import Writer

FIRST = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SUPPORT = "support@shop.example"
_STYLE = "font-family:Arial,sans-serif;font-size:14px;color:#1f1f1f;margin:0 0 12px 0"


@dataclass(frozen=True, slots=True)
class MadeMail:
    raw: bytes
    sender: str
    answers: int | None  # number of the mail it answers


def make_mails(count: int, *, seed: int = 7, answered: float = 0.4) -> list[MadeMail]:
    """So many mails; a share of them answers an earlier one of the same person, and names it as mail programs do."""
    random = Random(seed)  # to be repeatable is the point
    writer = Writer(random, bodies=min(3000, max(60, count)))
    mails: list[MadeMail] = []
    for number in range(count):
        answers = random.randrange(number) if number and random.random() < answered else None
        mails.append(_make(random, writer, number, seed, answers, mails))
    return mails


def _make(
    random: Random, writer: Writer, number: int, seed: int, answers: int | None, mails: list[MadeMail]
) -> MadeMail:
    earlier = mails[answers] if answers is not None else None
    language = writer.language()
    sender = earlier.sender if earlier else f"customer{seed}-{number}@mail{random.randrange(40)}.example"
    mail = EmailMessage()
    mail["From"] = f"{' '.join(writer.name(language))} <{sender}>"
    mail["To"] = f"Support <{SUPPORT}>"
    mail["Subject"] = f"{'Re: ' if earlier else ''}{random.choice(writer.subjects[language])}"
    mail["Date"] = format_datetime(FIRST + timedelta(seconds=7 * number))
    mail["Message-ID"] = message_id(seed, number)
    if answers is not None:
        mail["In-Reply-To"] = mail["References"] = message_id(seed, answers)
    for hop in range(3):
        mail["Received"] = f"from mx{hop}.relay.example by mx{hop + 1}.relay.example with ESMTPS id {number:x}{hop}"
    said = random.choice(writer.asked[language]).text
    quote = random.choice(writer.answered[language]).text if earlier else ""
    _fill(random, mail, said, quote)
    return MadeMail(mail.as_bytes(), sender, answers)


def message_id(seed: int, number: int) -> str:
    return f"<{seed:x}.{number:012x}@mail.customer.example>"


def _fill(random: Random, mail: EmailMessage, said: str, quote: str) -> None:
    """Two thirds come with HTML, a twelfth with a file of some ten kilobytes."""
    text = said
    if quote:
        quoted = "\n".join(f"> {line}" for line in quote.splitlines())
        text = f"{said}\n\nOn Mon, 2 Mar 2026 at 09:00, Support <{SUPPORT}> wrote:\n{quoted}\n"
    mail.set_content(text)
    if random.random() < 0.67:
        mail.add_alternative(_html(said, quote), subtype="html")
    if random.random() < 0.083:
        mail.add_attachment(random.randbytes(12_000), maintype="image", subtype="jpeg", filename="photo.jpg")


def _html(said: str, quote: str) -> str:
    lines = "".join(f'<p style="{_STYLE}"><span lang="EN">{_escape(line)}</span></p>\n' for line in said.splitlines())
    signature = (
        f'<table cellpadding="0" cellspacing="0" border="0"><tr><td style="{_STYLE}"><b>Sent from home</b><br>'
        '<a href="https://customer.example/me?utm=mail">customer.example</a></td></tr></table>'
    )
    quoted = "".join(f'<div style="{_STYLE}">{_escape(line)}</div>\n' for line in quote.splitlines())
    tail = (
        f'<div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon, 2 Mar 2026 at 09:00, Support wrote:<br>'
        f'</div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{quoted}</blockquote></div>'
        if quote
        else ""
    )
    style = f"<style>p.MsoNormal{{{_STYLE}}} a{{color:#0563c1}} @media print{{p{{margin:0}}}}</style>"
    return f'<html><head>{style}</head><body><div dir="ltr">{lines}{signature}</div>{tail}</body></html>'


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
