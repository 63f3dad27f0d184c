"""Threat 20 in a real browser: a customer whose name, subject, words, file names, addresses and headers are all
markup. Every page an agent or admin can open shows it as text: no script, no dialog, no breach of the policy."""

from __future__ import annotations

import time

import pytest
from django.db import transaction
from django.test import override_settings
from playwright.sync_api import Page, expect

from channels_inbound.models import DemoMail, RawDelivery, RawState
from channels_inbound.raw import store_raw
from events.delivery import drain
from tests.channels_inbound.mails import raw_mail
from tests.people import House, make_house
from tests.security.payloads import ALL
from tests.support.browser import OpenPage
from tests.support.live import LiveStack
from tickets import actions
from tickets.models import Channel, Tag, Ticket

EVIL = (
    "\"'><img src=x onerror=console.log('pwned')><script>console.log('pwned')</script>{{7*7}}{%x%}</title></textarea>"
)
SHORT = "<b onclick=console.log('pwned')>\"'&"


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def evil_mail(number: int, **fields: str) -> bytes:
    """All fields are the customer's to choose."""
    headers = {
        "From": '"' + EVIL.replace('"', "''") + '" <evil' + str(number) + "@customer.example>",
        "To": '"' + SHORT.replace('"', "''") + '" <support@shop.example>',
        "Cc": '"<script>console.log(1)</script>" <cc@customer.example>',
        "Reply-To": '"<i>x</i>" <"<script>console.log(\'pwned\')</script>"@customer.example>, other@elsewhere.example',
        "Subject": EVIL,
        "Message-ID": f"<{number}<script>@customer.example>",
        "Date": "<script>",
        "X-Mailer": EVIL,
        **fields,
    }
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n" + BODY).encode()


BODY = f"""MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain; charset=utf-8\r
\r
{EVIL} https://x.example/"onmouseover="console.log('pwned') javascript:console.log('pwned')\r
--b\r
Content-Type: text/html; name="<script>"\r
Content-Disposition: attachment; filename="<img src=x onerror=console.log('pwned')>.html"\r
\r
<script>console.log('pwned')</script>\r
--b--\r
"""


def fill(house: House) -> Ticket:
    """The evil customer in every place where something of theirs is kept."""
    contents = [
        evil_mail(1),
        raw_mail(Message_ID="<html@c.example>", html="<p>x</p>" + "".join(ALL[:60]), Subject=EVIL.replace("\n", "")),
    ]
    contents += [raw_mail(Message_ID="<h2@c.example>", html="".join(ALL[60:]), text=EVIL)]
    for content in contents:
        store_raw([house.channel.pk], transport="smtp", content=content, envelope={"mail_from": SHORT})
    all_read()
    ticket = Ticket.objects.get(customer__identities__value="evil1@customer.example")
    Tag.objects.create(name=EVIL[:60])
    actions.add_tag(ticket.pk, by=house.olena, name=EVIL[:60])
    actions.add_note(ticket.pk, by=house.olena, text=EVIL)
    actions.save_draft(ticket.pk, by=house.olena, kind="outbound", text=EVIL, recipients={}, revision=0)
    reply = actions.reply(ticket.pk, by=house.olena, text=EVIL, to=["evil1@customer.example"], undo_seconds=3000)
    actions.assign_ticket(ticket.pk, by=house.adam, assignee=house.olena)
    with transaction.atomic():  # or the running worker would read it first
        [stuck] = store_raw([house.channel.pk], transport="smtp", content=evil_mail(2), envelope={"mail_from": EVIL})
        RawDelivery.objects.filter(pk=stuck).update(state=RawState.QUARANTINED, reason=EVIL[:200])
    DemoMail.objects.create(message=reply, mail_from=EVIL, rcpt_tos=[EVIL], subject=EVIL, content=evil_mail(3))
    Channel.objects.filter(pk=house.channel.pk).update(
        name=EVIL[:60], health="failing", health_detail=EVIL, signature=EVIL
    )
    house.olena.name = EVIL[:60]
    house.olena.save()
    house.support.name = EVIL[:60]
    house.support.save()
    drain()
    return ticket


def all_read() -> None:
    """Until the running worker has read what came."""
    deadline = time.monotonic() + 60
    while RawDelivery.objects.filter(state=RawState.STORED).exists():
        assert time.monotonic() < deadline, "the worker reads nothing"
        time.sleep(0.1)


PAGES = [
    "/inbox/open/", "/inbox/mine/", "/inbox/all/", "/inbox/open/{ticket}/", "/inbox/open/{html}/", "/inbox/open/{html2}/", "/views/",
    "/search/?q=pwned", "/search/?q=%22%3E%3Cscript%3Econsole.log('pwned')%3C/script%3E", "/notifications/", "/channels/",
    "/quarantine/", "/team/", "/team/agents/{agent}/", "/team/teams/{team}/", "/profile/", "/messages/{frame}/frame/", "/api/docs/",
]  # fmt: skip


def visit(page: Page, path: str) -> None:
    page.goto(path, wait_until="load")
    page.wait_for_timeout(400)
    assert page.locator("text=Traceback").count() == 0


def test_every_page_shows_the_evil_customer_as_text(house: House, open_page: OpenPage) -> None:
    ticket = fill(house)
    others = Ticket.objects.exclude(pk=ticket.pk).order_by("pk")
    frame = others[0].messages.get(kind="inbound")
    names = {"ticket": ticket.pk, "html": others[0].pk, "html2": others[1].pk, "agent": house.olena.pk,
             "team": house.support.pk, "frame": frame.pk}  # fmt: skip
    for agent in (house.adam, house.olena):
        page = open_page(agent)
        ran, asked = watch(page)
        for path in PAGES:
            visit(page, path.format(**names))
            assert (path, ran, asked) == (path, [], [])
        page.goto(f"/inbox/open/{ticket.pk}/")
        expect(page.locator("#subject")).to_contain_text("<img src=x onerror=")
        expect(page.locator("#timeline")).to_contain_text("<script>console.log('pwned')</script>")
        assert page.locator("#app img[src='x'], #timeline img, b[onclick]").count() == 0


def watch(page: Page) -> tuple[list[str], list[str]]:
    """What runs and what is asked of others, from now on."""
    ran: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: ran.append(said.text) if "pwned" in said.text or "Policy" in said.text else None)
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    own = ("http://localhost", "ws://localhost", "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(own) else asked.append(request.url))
    return ran, asked


def test_the_demo_mailbox_too(house: House, open_page: OpenPage) -> None:
    """Only there without an outgoing server, so asked through Django itself."""
    fill(house)
    from tests.security.world import signed_in

    with override_settings(DEMO_MAILBOX=True, EMAIL_URL=""):
        client = signed_in(house.adam)
        for path in ("/demo/mailbox/", f"/demo/mailbox/{DemoMail.objects.get().pk}/"):
            response = client.get(path)
            assert response.status_code == 200
            content = response.content.decode()
            assert "<img src=x" not in content and "<script>console" not in content and "<b onclick" not in content


def test_a_row_that_arrives_live_is_text(house: House, open_page: OpenPage) -> None:
    page = open_page(house.olena)
    ran, asked = watch(page)
    page.goto("/inbox/open/")
    page.wait_for_function("!document.documentElement.hasAttribute('data-offline') && document.querySelector('#rows')")
    store_raw([house.channel.pk], transport="smtp", content=evil_mail(9), envelope={})
    expect(page.locator("#rows")).to_contain_text("<img src=x onerror=", timeout=30_000)
    page.keyboard.press("j")
    expect(page.locator("#subject")).to_contain_text("<script>console.log('pwned')")
    assert (ran, asked) == ([], [])
