from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_inbound.email.html_clean import clean_html

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><circle/></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java\nscript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="DATA:text/html;base64,PHN2Zz4=">x</a>',
    '<iframe src="https://evil.example"></iframe>',
    '<form action="https://evil.example"><input name=password><button>Log in</button></form>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<base href="https://evil.example">',
    '<link rel="stylesheet" href="https://evil.example/x.css">',
    "<style>@import url(https://evil.example)</style>",
    '<div style="background:url(https://evil.example/p.gif)">x</div>',
    '<div style="background-image:url(https://evil.example)">x</div>',
    '<div style="position:fixed;top:0;left:0;z-index:9">x</div>',
    '<table background="https://evil.example/p.gif"><tr><td>x</table>',
    '<video src="https://evil.example" autoplay></video>',
    '<img srcset="https://evil.example 2x">',
    '<img src="//evil.example/p.gif">',
    '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
    '<object data="https://evil.example"></object><embed src="https://evil.example">',
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\"></textarea>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\">",
]  # fmt: skip
LOADS = re.compile(
    r"\s(?:src|srcset|background|poster|action|data|on\w+)=|<(?:script|iframe|form|meta|base|link|style|svg|object|embed|video)\b"
)


@pytest.mark.parametrize("source", ATTACKS)
def test_nothing_runs_or_loads(source: str) -> None:
    cleaned = clean_html(f"<p>before</p>{source}<p>after</p>").html
    assert not LOADS.search(cleaned)
    assert "url(" not in cleaned
    assert "position" not in cleaned
    assert not re.search(r'href="\s*(?:javascript|data)', cleaned, re.IGNORECASE)
    assert "before" in cleaned


def test_images_are_placeholders_until_somebody_maps_them() -> None:
    found = clean_html(
        '<img src="cid:logo@x" alt="a>b"><img src="https://cdn.example/p.gif?a=1&amp;b=2" width=1>'
        '<img src="data:image/png;base64,iVBORw0="><img alt="none">'
    )
    assert found.html == (
        '<img data-cid="logo@x" alt="a&gt;b"><img data-remote-src="https://cdn.example/p.gif?a=1&amp;b=2" width="1">'
        '<img src="data:image/png;base64,iVBORw0="><img alt="none">'
    )
    assert found.remote_images == 1


def test_links_open_apart_and_tell_nobody_where_they_came_from() -> None:
    assert clean_html('<a href="https://x.example/?a=1">x</a>').html == (
        '<a href="https://x.example/?a=1" target="_blank" rel="noopener noreferrer nofollow">x</a>'
    )


def test_layout_and_quote_marks_stay() -> None:
    source = (
        '<div class="gmail_quote evil" id="divRplyFwdMsg"><table width="600"><tbody><tr>'
        '<td style="color: red; padding: 4px">x</td></tr></tbody></table></div>'
    )
    assert clean_html(source).html == (
        '<div class="gmail_quote" id="divRplyFwdMsg"><table width="600"><tbody><tr>'
        '<td style="color:red;padding:4px">x</td></tr></tbody></table></div>'
    )


def test_cleaning_twice_changes_nothing_that_shows() -> None:
    for source in ATTACKS:
        once = clean_html(source).html
        assert not LOADS.search(clean_html(once).html)


@given(st.text(alphabet="<>/\"'= abimgscrdt:&;#x0-!\x00\ud800", max_size=200))
def test_any_markup_stays_harmless(source: str) -> None:
    source = source.encode("utf-8", "replace").decode()
    assert not LOADS.search(re.sub(r"[^<>]*(?=<|$)", "", clean_html(source).html))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<div>" * 5000 + "kept", "html_depth"),
        ("<blockquote type=cite>x" * 5000, "html_depth"),
        ("kept" + "<br>" * 60_001, "html_tags"),
        ("kept" + "&amp;" * 100_001, "html_entities"),
        ("kept" + "x" * 2_000_000, "html_chars"),
    ],
)
def test_html_that_explodes_is_cut_and_said_so(source: str, reason: str) -> None:
    reasons: set[str] = set()
    cleaned = clean_html(source, reasons=reasons).html
    assert reason in reasons
    assert "kept" in cleaned or "x" in cleaned


def test_long_but_flat_html_is_not_cut() -> None:
    reasons: set[str] = set()
    rows = "".join(f"<tr><td><p>row {number}<li>x</td></tr>" for number in range(3000))
    assert "row 2999" in clean_html(f"<table>{rows}</table>", reasons=reasons).html
    assert not reasons
