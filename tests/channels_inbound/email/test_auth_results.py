from __future__ import annotations

import pytest

from channels_inbound.email.parse import parse_email
from channels_inbound.email.parsed import AuthVerdicts
from tests.channels_inbound.email.building import raw_mail

OURS = "mx.shop.example"
ALL_PASS = "spf=pass smtp.mailfrom=x; dkim=pass header.d=x; dmarc=pass header.from=x"


def verdicts(*headers: str, trusted: tuple[str, ...] = (OURS,), rest: bytes = b"") -> AuthVerdicts:
    raw = rest if rest else "".join(f"{header}\r\n" for header in headers).encode() + raw_mail()
    return parse_email(raw, trusted_authserv_ids=trusted).auth


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (ALL_PASS, AuthVerdicts("pass", "pass", "pass")),
        ("spf=fail; dkim=fail; dmarc=fail", AuthVerdicts("fail", "fail", "fail")),
        ("spf=softfail; dkim=none; dmarc=none", AuthVerdicts("fail", "none", "none")),
        ("spf=neutral; dkim=temperror; dmarc=permerror", AuthVerdicts()),
        ("dkim=fail header.d=a; dkim=pass header.d=b", AuthVerdicts("none", "pass", "none")),
        ("DMARC=Pass (p=REJECT; spf=fail) header.from=x", AuthVerdicts("none", "none", "pass")),
        ("none", AuthVerdicts()),
        ("x-spf=pass; arc=pass", AuthVerdicts()),
        ("reason=\"spf=pass\"", AuthVerdicts()),
    ],
)  # fmt: skip
def test_our_own_server(results: str, expected: AuthVerdicts) -> None:
    assert verdicts(f"Authentication-Results: {OURS}; {results}") == expected


@pytest.mark.parametrize(
    "header",
    [
        f"Authentication-Results: evil.example; {ALL_PASS}",
        f"Authentication-Results: evil.{OURS}; {ALL_PASS}",
        f"Authentication-Results: {OURS}.evil.example; {ALL_PASS}",
        f"Authentication-Results: ({OURS}) evil.example; {ALL_PASS}",
        f"Authentication-Results: evil.example; {OURS}; {ALL_PASS}",
        f"X-Authentication-Results: {OURS}; {ALL_PASS}",
        f"ARC-Authentication-Results: i=1; {OURS}; {ALL_PASS}",
        f"Authentication-Results: ; {ALL_PASS}",
        "Authentication-Results:",
    ],
)
def test_anybody_else(header: str) -> None:
    assert verdicts(header) == AuthVerdicts()


def test_nobody_is_trusted_unless_named() -> None:
    assert verdicts(f"Authentication-Results: {OURS}; {ALL_PASS}", trusted=()) == AuthVerdicts()


def test_a_forged_copy_below_our_trace_counts_for_nothing() -> None:
    forged = f"Authentication-Results: {OURS}; {ALL_PASS}"
    own = f"Authentication-Results: {OURS}; spf=fail"
    assert verdicts("Received: by mx", own, "Received: from evil by mx", forged) == AuthVerdicts("fail", "none", "none")


def test_only_the_topmost_header_of_our_own_counts() -> None:
    spf = f"Authentication-Results: {OURS}; spf=fail"
    rest = f"Authentication-Results: {OURS} 1; {ALL_PASS}"
    assert verdicts(spf, rest) == AuthVerdicts("fail", "none", "none")


def test_two_from_headers_pass_nothing() -> None:
    assert verdicts("From: ceo@bank.example", f"Authentication-Results: {OURS}; {ALL_PASS}") == AuthVerdicts()


def test_several_senders_in_one_from_pass_nothing() -> None:
    raw = (
        f"Authentication-Results: {OURS}; dmarc=pass header.from=evil.example\r\n"
        "From: <victim@bank.example> <attacker@evil.example>\r\nMessage-ID: <a@evil.example>\r\n\r\nHello\r\n"
    )
    assert verdicts(rest=raw.encode()).dmarc != "pass"


def test_a_verdict_about_another_domain_is_none() -> None:
    elsewhere = f"Authentication-Results: {OURS}; dmarc=pass header.from=evil.example"
    assert verdicts(elsewhere).dmarc == "none"


def test_below_the_second_hop_anybody_writes_our_name() -> None:
    hop = "Received: from a.example by b.example; Mon, 2 Mar 2026 09:00:00 +0000"
    forged = f"Authentication-Results: {OURS}; {ALL_PASS}"
    assert verdicts(hop, forged).dmarc == "pass"
    assert verdicts(hop, hop, forged) == AuthVerdicts()
