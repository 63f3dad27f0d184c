"""Broken mails by the thousand against the mail reader: every one must be read, quickly, into storable values.

Usage: python -m scripts.mail_fuzz [--seconds 60] [--seed 1] [--corpora]   (the tests run a few seconds of it)

A mail is a function of (seed, number), so a finding is repeated with --seed S --only N.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from channels_inbound.email.parse import Unparseable, as_dict, parse_email
from channels_inbound.email.parsed import ParsedEmail
from channels_inbound.email.receive import ReceivedEnvelope, ReceivingChannel, to_inbound
from channels_inbound.email.wire import from_wire, to_wire
from scripts.mail_corpora import corpora_folder, is_storable, read_samples

SLOW_SECONDS = 1.0
MEMORY_BYTES = 100 << 20
MAX_BYTES = 400_000
CHANNEL = ReceivingChannel(id=1, locale="en", own_addresses=frozenset({"support@shop.example"}))
NOW = datetime(2026, 11, 3, tzinfo=UTC)

SEEDS: tuple[bytes, ...] = (
    b"From: Zoe <zoe@customer.example>\r\nTo: support@shop.example\r\n"
    b"Subject: =?utf-8?b?0JTRj9C60YPRjg==?=\r\nDate: Tue, 3 Nov 2026 12:30:00 +0200\r\n"
    b"Message-ID: <m1@customer.example>\r\nIn-Reply-To: <o@shop.example>\r\n\r\nThank you.\r\n\r\n"
    b"On Tue, Nov 3, 2026 at 12:30 PM Shop <support@shop.example> wrote:\r\n> Hello\r\n> there\r\n",
    b'From: "Zoe, K." <zoe@customer.example>\r\nContent-Type: multipart/mixed; boundary="a"\r\n'
    b'MIME-Version: 1.0\r\n\r\n--a\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\n'
    b"Content-Type: text/plain; charset=koi8-u; format=flowed\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=D0=D2=C9=D7=A6=D4 \r\nline\r\n-- \r\nZoe\r\n"
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b'<div>Hi<img src="cid:i@x"></div><div class="gmail_quote"><bl'
    b'ockquote class="gmail_quote">old</blockquote></div>\r\n--b--\r\n--a\r\n'
    b"Content-Type: image/png; name*0*=utf-8''%D1%84;\r\n name*1=.png\r\nContent-ID: <i@x>\r\n"
    b'Content-Disposition: inline; filename="=?utf-8?q?=D1=84.png?="\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--a\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Subject: in\r\n\r\nbody\r\n--a--\r\n",
    b"From: MAILER-DAEMON@mx.example\r\nReturn-Path: <>\r\nSubject: Undelivered Mail Returned to Sender\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\r\n\r\n--r\r\n\r\n'
    b"<a@b.example>: 550 5.1.1 user unknown\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\n"
    b"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\n"
    b"Status: 5.1.1\r\n\r\n--r\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <o@shop.example>\r\n"
    b"--r--\r\n",
    b"Auto-Submitted: auto-replied\r\nFrom: a@b.example\r\nSubject: Out of office\r\n"
    b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n"
    b"BEGIN:VEVENT\r\nSUMMARY:Call\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
)
TOKENS: tuple[bytes, ...] = (
    b'\r\n', b'\n', b'\r', b'\r\n\r\n', b'\x00', b'\xff\xfe', b'--a\r\n', b'--a--\r\n', b'--b', b'=?utf-8?q?', b'?=',
    b'=?utf-8?b?gIGC?=', b'=?nope?q?x?=', b'charset=utf-7', b'charset="', b'; boundary=a', b'boundary="',
    b'Content-Type: ', b'Content-Type: multipart/mixed; boundary=a\r\n', b'Content-Transfer-Encoding: base64\r\n',
    b'<', b'>', b'@', b'"', b'(', b'<a@[b>', b'begin 644 x\r\n', b'> ', b'>>>> ',
    b'On 3 Nov 2026 a@b.example wrote:\r\n', b'From: ', b'-- \r\n', b'&#0;', b'&#xD800;', b'<div>', b'<blockquote>',
    b'<!--', b'<![CDATA[', b'</', b'<table>', b'<img src="cid:', b'\xed\xa0\x80', b'\xf0\x9f\x98', b'+2AA-',
    b'\x1b$B', b"name*0*=utf-8''%", b'filename*=', b'=3D', b'=\r\n', b'%00', b'Date: Tue, 99 Foo\r\n',
    b'References: <', b'Received: ', b'x\x9f>"', b'Return-Path: <>\r\n', b'Status: 5.1.1\r\n',
    b'X-Failed-Recipients: ',
)  # fmt: skip


@dataclass(slots=True)
class Findings:
    """What a run saw: how many mails, the slowest one and every broken promise."""

    mails: int = 0
    refused: int = 0
    slowest: tuple[float, int] = (0.0, -1)
    problems: list[str] = field(default_factory=list)


def make_mail(seeds: Sequence[bytes], seed: int, number: int) -> bytes:
    """The mail of this number: one or two good ones, broken one to eight times."""
    dice = random.Random(f"{seed}/{number}")  # noqa: S311 - to be repeatable, not secret
    mail = dice.choice(seeds)
    for _ in range(dice.randint(1, 8)):
        mail = dice.choice(_MUTATIONS)(dice, mail, seeds)[:MAX_BYTES]
    return mail


def _flip(dice: random.Random, mail: bytes, seeds: Sequence[bytes]) -> bytes:
    data = bytearray(mail)
    for _ in range(dice.randint(1, 20) if data else 0):
        data[dice.randrange(len(data))] = dice.randrange(256)
    return bytes(data)


def _cut(dice: random.Random, mail: bytes, seeds: Sequence[bytes]) -> bytes:
    start, end = _slice(dice, mail)
    return mail[:start] + mail[end:]


def _repeat(dice: random.Random, mail: bytes, seeds: Sequence[bytes]) -> bytes:
    start, end = _slice(dice, mail)
    return mail[:end] + mail[start:end] * dice.choice((1, 2, 20, 300)) + mail[end:]


def _insert(dice: random.Random, mail: bytes, seeds: Sequence[bytes]) -> bytes:
    at = dice.randint(0, len(mail))
    return mail[:at] + dice.choice(TOKENS) * dice.choice((1, 1, 1, 2, 50, 3000)) + mail[at:]


def _swap_lines(dice: random.Random, mail: bytes, seeds: Sequence[bytes]) -> bytes:
    lines = mail.split(b"\n")
    one, two = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\n".join(lines)


def _splice(dice: random.Random, mail: bytes, seeds: Sequence[bytes]) -> bytes:
    other = dice.choice(seeds)
    return mail[: dice.randint(0, len(mail))] + other[dice.randint(0, len(other)) :]


def _bury(dice: random.Random, mail: bytes, seeds: Sequence[bytes]) -> bytes:
    """The mail as a part of another one, a few levels down."""
    for _ in range(dice.choice((1, 3, 30))):
        mark = b"m%d" % dice.randrange(10)
        kind = dice.choice((b"mixed", b"alternative", b"related", b"digest", b"report"))
        mail = b"Content-Type: multipart/" + kind + b"; boundary=" + mark + b"\r\n\r\n--" + mark + b"\r\n" + mail
        mail += b"\r\n--" + mark + b"--\r\n"
    return mail


def _slice(dice: random.Random, mail: bytes) -> tuple[int, int]:
    start = dice.randint(0, len(mail))
    return start, min(len(mail), start + dice.choice((1, 10, 100, 1000)))


_MUTATIONS: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    _flip, _cut, _repeat, _insert, _insert, _swap_lines, _splice, _bury,
)  # fmt: skip


def problems_of(raw: bytes) -> list[str]:
    """Every promise of the reader that this mail breaks."""
    try:
        parsed = parse_email(raw)
    except Unparseable:
        return [] if not raw.strip(b"\r\n\t \x00") else ["refused a mail with something in it"]
    except BaseException as error:  # noqa: BLE001 - that is what we look for
        return [f"raised {type(error).__name__}: {error}"]
    return list(_broken_promises(parsed))


def _broken_promises(parsed: ParsedEmail) -> Iterator[str]:
    if not is_storable(as_dict(parsed)):
        yield "not storable"
    spans = sorted(parsed.quoted + parsed.signature)
    if not all(0 <= start < end <= len(parsed.text) for start, end in spans):
        yield "a span outside of the text"
    if any(first[1] > second[0] for first, second in itertools.pairwise(spans)):
        yield "spans overlap"
    left = parsed.text
    for start, end in reversed(spans):
        left = left[:start] + left[end:]
    if "".join(left.split()) != "".join(parsed.reply_text.split()):
        yield "the answer is not what the marks leave"
    if to_wire(from_wire(to_wire(parsed))) != to_wire(parsed):
        yield "changes on its way from the child"
    inbound = to_inbound(parsed, channel=CHANNEL, received_at=NOW, envelope=ReceivedEnvelope())
    if len(inbound.sender.address) > 320 or len(inbound.subject) > 500 or "\x00" in inbound.text + inbound.html:
        yield "does not fit the columns"
    json.dumps(as_dict(parsed))


def run(seconds: float, seed: int, seeds: Sequence[bytes], numbers: Iterator[int] | None = None) -> Findings:
    """Break and read mails until the time is over."""
    found = Findings()
    before = _peak_bytes()
    until = time.monotonic() + seconds
    for number in numbers or itertools.count():
        raw = make_mail(seeds, seed, number)
        start = time.process_time()
        problems = problems_of(raw)
        taken = time.process_time() - start
        found.mails += 1
        found.slowest = max(found.slowest, (taken, number))
        if taken > SLOW_SECONDS:
            problems.append(f"took {taken:.2f} s")
        if _peak_bytes() - before > MEMORY_BYTES:
            problems.append(f"{(_peak_bytes() - before) >> 20} MB more memory")
            before = _peak_bytes()
        found.problems += [f"seed {seed} mail {number}: {problem}" for problem in problems]
        if time.monotonic() > until:
            break
    return found


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="read this one mail again and print it to stderr")
    parser.add_argument("--corpora", action="store_true", help="break the mails of ../shared/corpora too")
    options = parser.parse_args()
    seeds = SEEDS + (tuple(item.raw for item in read_samples(corpora_folder())) if options.corpora else ())
    if options.only is not None:
        sys.stderr.buffer.write(make_mail(seeds, options.seed, options.only))
    numbers = iter([options.only]) if options.only is not None else None
    found = run(options.seconds, options.seed, seeds, numbers)
    slowest, number = found.slowest
    print(f"{found.mails} mails, slowest {slowest * 1000:.0f} ms (mail {number}), {len(found.problems)} problems")
    print("\n".join(found.problems[:200]))
    return bool(found.problems)


if __name__ == "__main__":
    sys.exit(main())
