"""Threat 25: what people are called and what they write is on the paper of a report as words. Nothing is fetched for it,
no file of this machine is in it, and no address but ours can be clicked."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from metrics.mailing import paper
from metrics.mailing.contents import PAGES
from metrics.models import Annotation, SurveyAnswer
from people.models import Customer, Team
from tests.metrics.test_paper import fetch, inside, laid_out, lived
from tests.people import House, make_house
from tickets.models import Tag, Ticket

__all__ = ["laid_out"]

pytestmark = pytest.mark.django_db
WORD = b"kanarek7391 in a file of the server"


class Ear:
    """A server that counts who comes."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.visits: list[Any] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                line, peer = self.socket.accept()
            except OSError:
                return
            self.visits.append(peer)
            line.close()


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear()
    yield ear
    ear.socket.close()


def attacks(ear: Ear, file: Path) -> list[str]:
    return [
        f"file://{file}",
        "http://169.254.169.254/latest/meta-data/",
        f"<img src='{ear.url}/pixel.gif'>",
        f"<script src={ear.url}/x.js></script>",
        f"background:url({ear.url}/css.gif)",
        f"@import url('{ear.url}/i.css')",
        f'#image("{file}")',
        f'#read("{file}")',
        f'#link("{ear.url}")[x]',
        f'#import "@preview/x:1.0.0"; #include "{file}"',
        f'"; read("{file}") //',
        f'$ #eval("read(\\"{file}\\")") $',
        f"]) #box(image(\"{ear.url}/i.png\")) #([",
        f"{ear.url}/plain",
        "phar:///tmp/x.phar/x",
        "\\input{/etc/passwd} <!ENTITY x SYSTEM 'file:///etc/passwd'>",
    ]  # fmt: skip


def links_in(content: bytes) -> set[str]:
    found = re.findall(rb"/URI ?\(((?:\\.|[^\\)])*)\)", content)
    assert b"/URI" in content or not found
    return {re.sub(rb"\\(.)", rb"\1", one).decode("latin-1") for one in found}


def poisoned(house: House, said: list[str]) -> None:
    lived(house, 40)
    every = " ".join(said)
    house.channel.name, house.adam.name = every[:80], said[7][:80]
    house.channel.save()
    house.adam.save()
    Team.objects.filter(pk=house.support.pk).update(name=every[:80])
    Tag.objects.update(name=said[6][:60])
    Ticket.objects.update(subject=every[:200])
    for number, pk in enumerate(Customer.objects.values_list("pk", flat=True)):
        Customer.objects.filter(pk=pk).update(name=said[number % len(said)][:150])
    SurveyAnswer.objects.update(comment=every[:900])
    today = datetime.now(UTC).date()
    for number, one in enumerate(said):
        Annotation.objects.create(day=today - timedelta(days=number), text=one[:200])


def test_nothing_is_fetched_read_or_linked(
    house: House, laid_out: list[dict[str, Any]], ear: Ear, tmp_path: Path
) -> None:
    file = tmp_path / "s"
    file.write_bytes(WORD)
    said = attacks(ear, file)
    poisoned(house, said)
    shown = set[str]()
    for report in PAGES:
        response = fetch(house.adam, report, period="365")
        assert response.status_code == 200 and response.content.startswith(b"%PDF-")
        content = inside(response.content)
        assert links_in(content) == {link for link in links_in(content) if link.startswith(settings.BASE_URL)}
        assert links_in(content), "the report's own address is a link, or this looks in the wrong place"
        for harm in (b"/JavaScript", b"/Launch", b"/SubmitForm", b"/GoToR", b"/EmbeddedFile", b"/OpenAction /", WORD):
            assert harm not in content, (report, harm)
        shown |= {one for one in said if one[:40] in str(laid_out[-1]).replace("\\\\", "\\")}
    assert len(shown) > 8, "or nothing of it came to stand on paper"
    assert ear.visits == []


def test_the_layout_has_no_way_to_take_words_as_program() -> None:
    """Its own text may fetch, read and evaluate nothing, or the words it is given might."""
    layout = (Path(paper.__file__).parent / "paper.typ").read_text()
    assert not re.search(r"\b(eval|read|image|include|import|plugin|csv|yaml|toml|xml|cbor)\s*[(\"]", layout)
    assert set(re.findall(r"\bjson\(([^)]*)\)", layout)) == {"bytes(sys.inputs.report"}


@pytest.fixture
def house() -> House:
    return make_house()
