"""Threats 17 to 19 in Chromium: the HTML of a mail runs no script and asks nobody for anything, and each of the
three walls (sanitizer, sandbox, content policy) holds while the others are away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Browser, Route

from channels_inbound.email.html_clean import SANITIZER_VERSION, clean_html
from channels_inbound.email.sanitizer import sanitizer_number
from tests.people import House, make_house, open_ticket
from tests.security.payloads import ALL, JS, LOADERS, MUTATIONS, SCRIPTS
from tickets.actions import show_remote_images
from tickets.models import Message

DESK = "http://desk.example"
TEMPLATE = Path(__file__).resolve().parents[2] / "templates" / "tickets" / "_message_body.html"
IN_A_ROW = 40


@dataclass
class Seen:
    """What the browser did beyond showing our own documents."""

    ran: list[str] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    @property
    def addresses(self) -> list[str]:
        return [url for url, _, _ in self.asked]


@dataclass
class Layers:
    """Which walls stand. The frame's document and its headers are the product's own answer."""

    sanitizer: bool = True
    sandbox: bool = True
    policy: bool = True
    remote: bool = False


@pytest.fixture
def message(transactional_db: None) -> Message:
    house: House = make_house()
    return open_ticket(house.channel, html="<p>x</p>", html_version=sanitizer_number()).messages.get()


@pytest.fixture
def olena(message: Message) -> Client:
    from people.models import Agent

    client = Client()
    client.force_login(Agent.objects.get(name="Olena"))
    return client


def documents(
    client: Client, message: Message, sources: list[str], layers: Layers
) -> Iterator[tuple[str, dict[str, str]]]:
    """For each mail the frame as the product serves it, with the walls that are to stand."""
    if layers.remote:
        show_remote_images(message.pk, by=message.ticket.channel.team.agents.get(name="Olena"))  # type: ignore[union-attr]
    for source in sources:
        html = clean_html(source).html if layers.sanitizer else source
        Message.objects.filter(pk=message.pk).update(
            html=(html or " ").replace("\x00", ""), html_version=sanitizer_number(SANITIZER_VERSION)
        )
        response = client.get(f"/messages/{message.pk}/frame/")
        assert response.status_code == 200
        headers = {"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": response["Referrer-Policy"]}
        if layers.policy:
            headers["Content-Security-Policy"] = response["Content-Security-Policy"].replace("'self'", DESK)
        yield response.content.decode(), headers


def look(browser: Browser, pages: list[tuple[str, dict[str, str]]], sandbox: str | None) -> Seen:
    """Show the documents as the thread does and note what they do."""
    seen, context = Seen(), browser.new_context(base_url=DESK)
    frame = f'<iframe {"" if sandbox is None else f"""sandbox="{sandbox}" """}src="/frame/{{}}/"></iframe>'

    def answer(route: Route) -> None:
        url = route.request.url
        number = re.fullmatch(rf"{DESK}/frame/(\d+)/", url)
        if number:
            content, headers = pages[int(number[1])]
            route.fulfill(body=content, headers=headers)
        elif host := re.fullmatch(rf"{DESK}/host/(\d+)/", url):
            first = int(host[1])
            frames = "".join(frame.format(n) for n in range(first, min(first + IN_A_ROW, len(pages))))
            route.fulfill(body=f"<!DOCTYPE html><title>thread</title>{frames}", content_type="text/html")
        else:
            if url != f"{DESK}/frame/x" and not url.startswith(f"{DESK}/"):
                seen.asked.append((url, route.request.resource_type, route.request.headers))
            route.fulfill(
                body="", content_type="text/plain", status=200 if route.request.resource_type == "image" else 404
            )

    context.route("**/*", answer)
    page = context.new_page()
    page.on("console", lambda said: seen.ran.append(said.text) if said.text == "pwned" else None)
    page.on("dialog", lambda dialog: (seen.ran.append("dialog"), dialog.dismiss()))
    for first in range(0, len(pages), IN_A_ROW):
        page.goto(f"/host/{first}/", wait_until="load")
        page.wait_for_timeout(700)
        assert page.title() == "thread", "a mail took the page away"
    context.close()
    return seen


def sandbox_of_the_page() -> str:
    """What the thread's own template says."""
    [value] = re.findall(r'<iframe class="frame" sandbox="([^"]*)"', TEMPLATE.read_text())
    return value


def show(chromium: Browser, olena: Client, message: Message, layers: Layers, sources: list[str] = ALL) -> Seen:
    pages = list(documents(olena, message, sources, layers))
    return look(chromium, pages, sandbox_of_the_page() if layers.sandbox else None)


def test_the_corpus_is_dangerous(chromium: Browser, olena: Client, message: Message) -> None:
    """With every wall down the payloads do what they are here for; or the tests below would prove nothing."""
    seen = show(chromium, olena, message, Layers(sanitizer=False, sandbox=False, policy=False), SCRIPTS + LOADERS)
    assert len(ALL) >= 150
    assert len(seen.ran) >= 30
    assert len({url for url in seen.addresses if "evil.example" in url.lower()}) >= 30


def test_behind_all_walls_nothing_runs_and_nothing_is_asked_for(
    chromium: Browser, olena: Client, message: Message
) -> None:
    seen = show(chromium, olena, message, Layers())
    assert (seen.ran, seen.addresses) == ([], [])


def test_the_sanitizer_alone_holds(chromium: Browser, olena: Client, message: Message) -> None:
    seen = show(chromium, olena, message, Layers(sandbox=False, policy=False))
    assert (seen.ran, seen.addresses) == ([], [])


def test_the_policy_and_the_sandbox_hold_without_the_sanitizer(
    chromium: Browser, olena: Client, message: Message
) -> None:
    seen = show(chromium, olena, message, Layers(sanitizer=False))
    assert (seen.ran, seen.addresses) == ([], [])


def test_the_policy_alone_holds(chromium: Browser, olena: Client, message: Message) -> None:
    """It brings a sandbox of its own, should the page forget it."""
    seen = show(chromium, olena, message, Layers(sanitizer=False, sandbox=False))
    assert (seen.ran, seen.addresses) == ([], [])


def test_the_sandbox_alone_runs_nothing(chromium: Browser, olena: Client, message: Message) -> None:
    """It cannot keep pictures from being loaded; that is what the other two are for."""
    seen = show(chromium, olena, message, Layers(sanitizer=False, policy=False), SCRIPTS + MUTATIONS)
    assert seen.ran == []


def test_allowed_pictures_are_all_that_is_loaded_and_tell_nothing(
    chromium: Browser, olena: Client, message: Message
) -> None:
    seen = show(chromium, olena, message, Layers(remote=True))
    assert seen.ran == []
    assert {kind for _, kind, _ in seen.asked} == {"image"}
    assert "https://evil.example/open.gif?id=1" in seen.addresses
    for _, _, headers in seen.asked:
        assert not {"referer", "cookie", "authorization", "origin"} & set(headers)


def test_one_mail_allowed_allows_no_other(olena: Client, message: Message) -> None:
    other = open_ticket(
        message.ticket.channel, html="<img src='https://evil.example/x'>", html_version=0
    ).messages.get()
    show_remote_images(message.pk, by=message.ticket.channel.team.agents.get(name="Olena"))  # type: ignore[union-attr]
    answer = olena.get(f"/messages/{other.pk}/frame/")
    assert "https:" not in answer["Content-Security-Policy"]
    assert " src=" not in answer.content.decode()


@pytest.mark.parametrize("source", ALL)
def test_no_payload_survives_cleaning_twice(source: str) -> None:
    """What is stored is cleaned again by a later sanitizer; the second pass may not bring anything back."""
    once = clean_html(source).html
    twice = clean_html(once).html
    for html in (once, twice):
        tags = re.findall(r"<[a-zA-Z/][^>]*>", html)
        assert not [tag for tag in tags if re.search(r'\son\w+\s*=(?=(?:[^"]*"[^"]*")*[^"]*$)', tag)]
        assert not re.search(
            r"<(?:script|svg|math|iframe|object|embed|form|meta|base|link|style|template)\b", html, re.I
        )


def test_escape_is_not_a_payload() -> None:
    """Markup that a person wrote about stays text."""
    assert clean_html(f"<p>{escape(f'<script>{JS}</script>')}</p>").html == f"<p>&lt;script&gt;{JS}&lt;/script&gt;</p>"
