"""Mails that bring no colours of their own are shown in the reader's; the others keep theirs, on paper."""

from __future__ import annotations

import pytest
from django.test import Client

from channels_inbound.email.html_clean import clean_html
from channels_inbound.mail_colours import in_readers_colours
from tests.metrics.shop import ask
from tests.people import make_house
from tickets.models import Message


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>What color is the background?</p>", "<p>What color is the background?</p>"),
        ('<div style="color:#000;font-size:12px">Hi</div>', '<div style="font-size:12px">Hi</div>'),
        ('<p style="color:rgb(34, 34, 34);background-color:rgb(255,255,255)">Hi</p>', "<p>Hi</p>"),
        ('<font color="#333333" face="Arial">Hi</font>', '<font face="Arial">Hi</font>'),
        ('<table bgcolor="white"><tbody><tr><td bgcolor="#FFFFFF">Hi</td></tr></tbody></table>',
         "<table><tbody><tr><td>Hi</td></tr></tbody></table>"),
        ('<p style="color:windowtext;border:1px solid #ccc">Hi</p>', '<p style="border:1px solid #ccc">Hi</p>'),
        ('<p><span style="color:#666">grey</span></p>', "<p><span>grey</span></p>"),
        ('<b style="color:black!important">Hi</b>', "<b>Hi</b>"),
        ('<hr color="#cc0000">', '<hr color="#cc0000">'),
    ],
)  # fmt: skip
def test_what_every_mail_program_writes_says_nothing(html: str, shown: str) -> None:
    cleaned = clean_html(html).html
    assert in_readers_colours(cleaned) == clean_html(shown).html


def test_the_colour_of_a_link_is_the_readers_too() -> None:
    cleaned = clean_html('<a href="https://x.example" style="color:#0563c1">a <font color="blue">b</font></a>').html
    assert "color" not in (in_readers_colours(cleaned) or "color")
    after = clean_html('<a href="https://x.example">a</a> <font color="blue">b</font>').html
    assert in_readers_colours(after) is None


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color:#c00">Sale</p>', '<p style="color:white">x</p>', '<td bgcolor="#0b3d2e">x</td>',
        '<div style="background-color:#f1f1f1">x</div>', '<font color="red">x</font>',
        '<a href="https://x.example" style="background-color:#1a73e8;color:#fff">Buy</a>',
        '<p style="color:hsl(0 100% 50%)">x</p>', '<p style="background-color:black">x</p>',
    ],
)  # fmt: skip
def test_other_colours_are_left_and_need_paper(html: str) -> None:
    table = f"<table><tbody><tr>{html}</tr></tbody></table>" if html.startswith("<td") else html
    assert in_readers_colours(clean_html(table).html) is None


@pytest.mark.parametrize("text", ["", "a < b", "<", "<p", '<p style="', '<p style="color:red', "<p>" * 2000])
def test_nothing_breaks_it(text: str) -> None:
    assert in_readers_colours(text) == text


@pytest.mark.django_db
@pytest.mark.parametrize(("colour", "paper"), [("#222", False), ("#c00", True)])
def test_the_frame_has_paper_only_below_a_mail_that_needs_it(client: Client, colour: str, paper: bool) -> None:
    house = make_house()
    ticket = ask(house.channel)
    Message.objects.filter(ticket=ticket).update(html=clean_html(f'<p style="color:{colour}">Hello</p>').html)
    client.force_login(house.olena)
    page = client.get(f"/messages/{Message.objects.get(ticket=ticket).pk}/frame/").content.decode()
    assert ("background: #fff" in page) is paper and (f"color:{colour}" in page) is paper and "Hello" in page
