"""CPU time to read one mail, by kind, beside the quickest parser there is doing only its part of that."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.message import EmailMessage
from random import Random

import nh3
from fast_mail_parser import ParseError
from fast_mail_parser import parse_email as parse_bare

from bench.cpu import median
from bench.mails import SUPPORT, make_mails
from bench.stack import Stack
from bench.table import ratio, show

_CELL = "font-family:Arial,sans-serif;font-size:14px;line-height:20px;color:#333;padding:12px 24px"


def run(_stack: Stack, *, rounds: int = 3, each: int = 20) -> dict[str, float]:
    """Print the CPU milliseconds of each kind of mail, medians over the rounds."""
    from channels_inbound.email.parse import parse_email  # noqa: PLC0415

    found: dict[str, float] = {}
    rows = []
    for kind, mails in kinds(each).items():
        ours = median(_cpu_ms(parse_email, mails) for _ in range(rounds))
        bare = median(_cpu_ms(_bare, mails) for _ in range(rounds))
        size = sum(map(len, mails)) / len(mails) / 1024
        rows.append((kind, size, ours, bare, ratio(ours, bare)))
        found[kind] = ours
    show(
        f"Reading one mail, mean of {each} and median of {rounds} rounds",
        ("", "KiB", "CPU ms", "bare parser and nh3", "ours to bare"),
        rows,
        "The bare parser neither marks quotes nor knows a delivery report, a charset that lies or a limit.",
    )
    return found


def kinds(each: int) -> dict[str, list[bytes]]:
    """Made-up mails of each kind, the same every time."""
    made = [mail.raw for mail in make_mails(each * 12, seed=11)]
    return {
        "plain text": [raw for raw in made if b"text/html" not in raw and b"photo.jpg" not in raw][:each],
        "text and HTML": [raw for raw in made if b"text/html" in raw and b"photo.jpg" not in raw][:each],
        "newsletter": [_newsletter(number) for number in range(each)],
        "thread of 40 quotes": [_long_thread(number) for number in range(each)],
        "with files of 2 MB": [_with_files(number) for number in range(min(each, 5))],
        "delivery report": [_report(number) for number in range(each)],
        "hostile: 20,000 parts": [_many_parts(20_000)],
        "hostile: 5,000 tables deep": [_deep_html(5_000)],
    }


def _cpu_ms(work: Callable[[bytes], object], mails: list[bytes]) -> float:
    started = time.process_time()
    for raw in mails:
        work(raw)
    return (time.process_time() - started) / len(mails) * 1000


def _bare(raw: bytes) -> None:
    try:
        parsed = parse_bare(raw)
    except ParseError:
        return
    for html in parsed.text_html:
        nh3.clean(html)


def _mail(subject: str, number: int) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = f"Customer <customer{number}@mail.example>", f"Support <{SUPPORT}>"
    mail["Subject"], mail["Date"] = subject, "Mon, 02 Mar 2026 08:00:00 +0000"
    mail["Message-ID"] = f"<reading.{number}@mail.example>"
    return mail


def _newsletter(number: int) -> bytes:
    mail = _mail("This week's offers", number)
    mail["List-Unsubscribe"] = "<https://shop.example/leave>"
    row = (
        f'<tr><td style="{_CELL}"><a href="https://shop.example/p?utm=mail"><img src="https://shop.example/p.jpg" '
        f'width="280"></a></td><td style="{_CELL}"><h2 style="{_CELL}">A lamp</h2><p style="{_CELL}">Warm light.</p>'
        "</td></tr>"
    )
    mail.set_content("Offers of the week")
    mail.add_alternative(f"<html><body><table>{row * 60}</table></body></html>", subtype="html")
    return mail.as_bytes()


def _long_thread(number: int) -> bytes:
    text = "Thank you, that is what I meant."
    for depth in range(40):
        quoted = "\n".join(f"> {line}" for line in text.splitlines())
        text = (
            f"Answer {depth} of a long talk about one parcel.\n\nOn Mon, 2 Mar 2026 at 09:00, Support wrote:\n{quoted}"
        )
    mail = _mail("Re: Where is my parcel?", number)
    mail.set_content(text)
    return mail.as_bytes()


def _with_files(number: int) -> bytes:
    mail = _mail("Photos of the damage", number)
    mail.set_content("See the photos.")
    for name in ("front.jpg", "back.jpg"):
        content = Random(number).randbytes(1 << 20)
        mail.add_attachment(content, maintype="image", subtype="jpeg", filename=name)
    return mail.as_bytes()


def _report(number: int) -> bytes:
    recipient = f"gone{number}@elsewhere.example"
    return (
        "From: Mail Delivery System <mailer-daemon@mx.elsewhere.example>\r\n"
        f"To: {SUPPORT}\r\nSubject: Undelivered Mail Returned to Sender\r\nDate: Mon, 02 Mar 2026 08:00:00 +0000\r\n"
        f"Message-ID: <report.{number}@mx.elsewhere.example>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThe mail could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.elsewhere.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <ours.{number}@shop.example>\r\n"
        f"To: {recipient}\r\nSubject: Re: Where is my parcel?\r\n\r\n--b--\r\n"
    ).encode()


def _many_parts(count: int) -> bytes:
    head = (
        f"From: a@b.example\r\nTo: {SUPPORT}\r\nSubject: parts\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    )
    return head.encode() + b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n"


def _deep_html(depth: int) -> bytes:
    mail = _mail("deep", 0)
    mail.set_content("<table><tr><td>" * depth + "deep" + "</td></tr></table>" * depth, subtype="html")
    return mail.as_bytes()
