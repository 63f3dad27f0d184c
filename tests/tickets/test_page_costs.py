"""What the inbox costs: queries of each page, exactly, however much there is; bytes of the first load."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from people.models import Agent
from tests.people import House, make_agent, make_house, open_ticket, receive
from tickets.actions import add_note, add_tag, assign_ticket, reply, save_draft
from tickets.inbound import Address
from tickets.inbox.keys import KEYS
from tickets.inbox.strings import STRINGS
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

# Session and agent come with every page; the list adds directory, tally, rows and bell, the ticket on top of them its
# facts, events and messages.
PAGES = {
    "list": 6,
    "ticket": 10,  # of these, as of others that show a conversation, one notes who saw it
    "pane": 7,
    "rows": 4,
    "updates": 7,
    "history": 7,
    "customer": 4,
    "related": 9,
    "count": 4,
    "jobs": 6,
    "counts": 7,  # two of them by deadline, which no tally knows
    "message": 6,
    "search": 13,
    "quick": 10,
    "views": 6,
    "notifications": 6,
}
DIST = Path(settings.BASE_DIR) / "static" / "dist"


def address_of(page: str, ticket: Ticket) -> str:
    message = ticket.messages.order_by("sequence").first()
    assert message is not None
    number = ticket.pk
    return {
        "list": "/inbox/open/",
        "ticket": f"/inbox/open/{number}/",
        "pane": f"/tickets/{number}/pane/",
        "rows": "/inbox/open/rows/",
        "updates": f"/tickets/{number}/updates/?event=1",
        "history": f"/tickets/{number}/history/?before=10000",
        "customer": f"/tickets/{number}/customer/",
        "related": f"/tickets/{number}/related/",
        "count": "/inbox/overdue/count/",
        "jobs": "/bulk/jobs/",
        "counts": "/inbox/counts/",
        "message": f"/tickets/{number}/messages/{message.pk}/?as=text",
        "search": "/search/?q=parcel",
        "quick": "/search/quick/?q=parcel",
        "views": "/views/",
        "notifications": "/notifications/",
    }[page]


@contextmanager
def counted(limit: int) -> Iterator[None]:
    with CaptureQueriesContext(connection) as queries:
        yield
    said = "\n".join(query["sql"][:160] for query in queries.captured_queries)
    assert len(queries) == limit, f"{len(queries)} queries, {limit} are allowed:\n{said}"


def signed_in(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def fill(house: House, *, tickets: int, messages: int) -> Ticket:
    """Tickets with tags, assignees and drafts; the last one has so many messages. Its customer has all the others."""
    for number in range(tickets):
        ticket = open_ticket(
            house.channel, subject=f"Parcel {number}", sender=Address(f"C {number}", f"c{number}@c.example")
        )
        assign_ticket(ticket.pk, by=house.olena, assignee=house.olena)
        add_tag(ticket.pk, by=house.olena, name=f"tag {number % 3}")
        save_draft(ticket.pk, by=house.olena, kind="note", text="Later", recipients={}, revision=1)
    add_note(open_ticket(house.channel, subject="Shoes of Zoe").pk, by=house.ben, text="another one of hers")
    long = open_ticket(house.channel, subject="Parcel of Zoe")
    for number in range(messages):
        receive(house.channel, subject="Re: Parcel of Zoe", text=f"parcel, the {number}. time")
        add_note(long.pk, by=house.ben, text=f"note {number}")
        reply(long.pk, by=house.olena, text=f"answer {number}")
    return long


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.mark.parametrize("page", PAGES)
def test_the_queries_of_a_page_do_not_grow(page: str, house: House) -> None:
    client, few = signed_in(house.olena), fill(house, tickets=1, messages=1)
    address = address_of(page, few)
    client.get(address)
    with counted(PAGES[page]):
        assert client.get(address).status_code == 200
    for number in range(5):
        make_agent(f"Helper{number}", team=house.support)
    address = address_of(page, fill(house, tickets=25, messages=8))
    with counted(PAGES[page]):
        assert client.get(address).status_code == 200


def test_list_and_ticket_keep_their_promises() -> None:
    assert PAGES["list"] <= 8
    assert PAGES["ticket"] <= 11


def zipped(*names: str) -> int:
    return sum(len(gzip.compress((DIST / name).read_bytes(), 9)) for name in names)


def scripts() -> list[str]:
    """What an agent's pages load; widget, contact form and survey are for customers, emoji come when they are wanted, and
    have budgets of their own."""
    return [
        path.name for path in DIST.glob("*.js") if not path.name.startswith(("widget", "contact", "survey", "emoji"))
    ]


OWN_PAGES = ("editor.js", "article.js", "chats.js", "fields.js", "found.js", "lightbox.js")


def test_scripts_and_styles_are_within_their_budgets() -> None:
    # What goes to customers' pages has a budget of its own: tests/livechat/test_built.py.
    assert zipped(*(name for name in scripts() if name not in OWN_PAGES)) <= 41 * 1024
    assert zipped("editor.js") <= 145 * 1024  # fetched when somebody begins to write, and then kept by the browser
    assert zipped("article.js") <= 2 * 1024  # only where articles are written
    assert zipped("fields.js") <= 1024  # only where signatures, canned replies and first messages are written
    assert zipped("found.js") <= 1024  # only where something was searched for
    assert zipped("chats.js", "chats.css") <= 3 * 1024  # with an agent's first running chat
    assert zipped("lightbox.js", "lightbox.css") <= 3 * 1024  # with the first picture looked at
    assert zipped("app.css") <= 14 * 1024


LOADED = ["/inbox/open/{ticket}/", "/inbox/new/", "/inbox/new/?customer={customer}", "/search/?q=parcel", "/customers/{customer}/",
          "/notifications/", "/profile/", "/settings/", "/reports/", "/guide/"]  # fmt: skip


@pytest.mark.parametrize("page", LOADED)
def test_the_first_load_is_light(house: House, page: str) -> None:
    """The page of fifty tickets with one open, and others with much on them; with every file they load before
    somebody writes or wants an emoji, and the font."""
    ticket = fill(house, tickets=50, messages=5)
    response = signed_in(house.adam).get(page.format(ticket=ticket.pk, customer=ticket.customer_id))
    assert response.status_code == 200
    html = response.content
    files = {re.sub(r"\.[0-9a-f]{12}\.", ".", name) for name in re.findall(r"/static/dist/([\w.-]+)", html.decode())}
    assert {"app.css", "app.js", "icons.svg"} <= files
    if page == LOADED[0]:
        assert "editor.js" in files
    assert not re.search(rb"<(?:script|link)[^>]*editor", html)
    later = {name for name in files if name.startswith(("editor", "emoji")) or name.endswith(".woff2")}
    fonts = (DIST / "inter-latin.woff2").stat().st_size  # a page with other letters fetches their part besides
    assert len(gzip.compress(html, 6)) + zipped(*(files - later)) + fonts <= 100 * 1024


def test_fonts_are_cut_to_what_pages_use() -> None:
    sizes = {path.stem: path.stat().st_size for path in DIST.glob("inter-*.woff2")}
    assert sizes.keys() == {f"inter-{part}" for part in ("latin", "latin-ext", "cyrillic", "cyrillic-ext")}
    assert sizes["inter-latin"] <= 25 * 1024
    assert sizes["inter-cyrillic"] <= 13 * 1024


def test_every_word_the_scripts_say_is_there() -> None:
    """A key without its words would show itself to the agent."""
    sources = "\n".join(path.read_text() for path in (Path(settings.BASE_DIR) / "assets" / "js").rglob("*.js"))
    sources += " ".join(f"'{key.words}' '{key.group}'" for key in KEYS)
    said = set(re.findall(r"\btext\(\s*['\"](\w+)['\"]", sources))
    assert said
    assert said <= set(STRINGS)
    unsaid = {key for key in STRINGS if not re.search(rf"['\"]{key}['\"]", sources)}
    assert {key for key in unsaid if not key.startswith("cmd_")} == set()  # the palette puts `cmd_` before a command
