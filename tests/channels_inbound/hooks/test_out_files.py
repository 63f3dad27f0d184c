"""Files of replies that a provider fetches: by an address that nobody guesses, that ends, and that opens one file of a
reply on its way and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from channels_inbound.delivery import drain_outbound
from channels_inbound.hooks import out_files
from channels_inbound.hooks.accounts import hook_url
from channels_inbound.hooks.connections import change_connection
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.out_files import link_to
from channels_inbound.models import Connection
from people.storage import attachments_storage, blob_name
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import House, events_of, make_house, row_counts
from tests.providers import twilio
from tests.providers.server import Reply, running
from tests.providers.twilio import TwilioServer
from tickets.actions import reply, upload_attachment
from tickets.errors import InvalidInput
from tickets.models import Attachment, Message, OutboxState, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
SHOP, ZOE = "+380440000100", "+380671234567"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(400)
VALUES = {"number": SHOP, "account_sid": twilio.SID, "auth_token": twilio.TOKEN}


@pytest.fixture
def house(settings: Any) -> House:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.CREDENTIALS_KEYS = [KEY]
    settings.BASE_URL = "http://testserver"
    return make_house()


@pytest.fixture
def server(settings: Any, house: House) -> Iterator[TwilioServer]:
    server = TwilioServer()
    with running(server):
        settings.PROVIDER_ENDPOINTS = {"twilio": server.url}
        yield server


def written(house: House, kind: str, **values: str) -> tuple[Connection, Ticket]:
    """A channel of Twilio's, and somebody who wrote there."""
    connection = connect(house, kind, VALUES | values)
    start = "whatsapp:" if kind == "twilio_whatsapp" else ""
    wrote = twilio.message(
        hook_url(connection), "SM" + "1" * 32, "Hello", sender=start + ZOE, to=start + SHOP, name="Zoe"
    )
    assert deliver(connection, wrote).status_code == 200
    drain_hooks()
    return connection, Ticket.objects.get()


def answer(house: House, ticket: Ticket, text: str = "See") -> Message:
    file = upload_attachment(ticket.pk, by=house.olena, filename="Знімок 1.png", upload=BytesIO(PNG))
    return reply(ticket.pk, by=house.olena, text=text, attachments=[file.public_id], undo_seconds=0)


def fetched(url: str) -> Any:
    return Client().get(url)


@pytest.mark.parametrize(("kind", "more"), [("twilio_whatsapp", {}), ("sms", {"sends_files": "on"})])
def test_the_provider_fetches_what_the_agent_attached(
    house: House, server: TwilioServer, kind: str, more: dict[str, str]
) -> None:
    _, ticket = written(house, kind, **more)
    sent = answer(house, ticket)
    assert drain_outbound() == {"accepted": 1}
    assert [(one["text"], bool(one["media"])) for one in server.accepted] == [("See", False), ("", True)]
    got = fetched(server.accepted[1]["media"])
    assert (got.status_code, got["Content-Type"], b"".join(got.streaming_content)) == (200, "image/png", PNG)
    assert got["X-Content-Type-Options"] == "nosniff" and "sandbox" in got["Content-Security-Policy"]
    assert (got["Cache-Control"], got["X-Robots-Tag"]) == ("private, no-store", "noindex")
    assert got["Content-Disposition"].startswith("attachment") and not got.cookies
    assert events_of(ticket.pk)[-2:] == ["message.sent", "delivery.accepted"]
    sent.refresh_from_db()
    assert sent.outbox == OutboxState.SENT
    before = row_counts()
    assert Client().head(server.accepted[1]["media"]).status_code == 200
    assert Client().post(server.accepted[1]["media"]).status_code == 405
    assert row_counts() == before


def test_a_file_of_which_nobody_knows_is_proven_by_its_tag_and_never_sent_twice(
    house: House, server: TwilioServer
) -> None:
    """The words were taken; with the file the line went dead after it was taken too."""
    connection, ticket = written(house, "sms", sends_files="on")
    server.faults = [None, "hang up"]
    sent = answer(house, ticket)
    assert drain_outbound() == {"unknown": 1}
    assert [(one["text"], bool(one["media"])) for one in server.accepted] == [("See", False), ("", True)]
    file = server.accepted[1]
    for _ in range(2):
        proof = twilio.status(file["callback"], file["id"], "delivered", sender=SHOP, to=ZOE)
        assert deliver(connection, proof).status_code == 200
    drain_hooks()
    sent.refresh_from_db()
    assert sent.outbox == OutboxState.SENT
    assert drain_outbound() == {} and len(server.accepted) == 2


def test_a_number_without_mms_takes_no_files_and_says_so(house: House, server: TwilioServer) -> None:
    connection, ticket = written(house, "sms")
    client = Client()
    client.force_login(house.olena)
    assert "SMS takes no files here" in client.get(f"/inbox/open/{ticket.pk}/").content.decode()
    file = upload_attachment(ticket.pk, by=house.olena, filename="a.png", upload=BytesIO(PNG))
    before = row_counts()
    with pytest.raises(InvalidInput, match="SMS takes no files here"):
        reply(ticket.pk, by=house.olena, text="See", attachments=[file.public_id], undo_seconds=0)
    assert row_counts() == before and server.accepted == []
    change_connection(
        connection.channel_id, VALUES | {"sends_files": "on"}, by=house.adam, name="SMS", team=house.support,
        locale="en", is_active=True,
    )  # fmt: skip
    reply(ticket.pk, by=house.olena, text="See", attachments=[file.public_id], undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}
    assert "takes no files" not in client.get(f"/inbox/open/{ticket.pk}/").content.decode()


def test_what_the_provider_refuses_is_said_to_the_agent(house: House, server: TwilioServer) -> None:
    _, ticket = written(house, "twilio_whatsapp")
    server.faults = [Reply(400, {"code": 21620, "message": "Invalid media URL(s)", "status": 400})]
    sent = answer(house, ticket, text="")
    assert drain_outbound() == {"permanent": 1}
    sent.refresh_from_db()
    assert sent.outbox == OutboxState.FAILED and "Invalid media" in sent.error


def test_the_address_opens_one_file_for_a_while_and_nothing_else(
    house: House, server: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ticket = written(house, "twilio_whatsapp")
    sent = answer(house, ticket)
    file = sent.attachments.get()
    link = link_to(file.public_id)
    proof = parse_qs(urlsplit(link).query)["of"][0]
    assert urlsplit(link).path == "/hooks/file/", "what proves it is not in the path, which is logged"
    # Uploaded and not sent, somebody's inbound file, another salt, an id without proof, a changed byte.
    waiting = upload_attachment(ticket.pk, by=house.olena, filename="b.png", upload=BytesIO(PNG + b"b"))
    inbound = Attachment.objects.create(
        ticket=ticket, message=Message.objects.get(kind="inbound"), filename="c.png", content_type="image/png",
        size=len(PNG), sha256=file.sha256,
    )  # fmt: skip
    for of in (
        proof[:-1] + ("A" if proof[-1] != "A" else "B"), file.public_id.hex, str(file.public_id), "", "x" * 5000,
        signing.dumps(file.public_id.hex, salt="livechat.upload"), signing.dumps(file.public_id.hex),
        parse_qs(urlsplit(link_to(waiting.public_id)).query)["of"][0],
        parse_qs(urlsplit(link_to(inbound.public_id)).query)["of"][0],
    ):  # fmt: skip
        refused = Client().get("/hooks/file/", {"of": of})
        assert refused.status_code == 404 and PNG not in refused.content, of
    assert Client().get("/hooks/file/").status_code == 404
    assert fetched(link).status_code == 200
    now = timezone.now().timestamp()
    with monkeypatch.context() as later:
        later.setattr(signing.time, "time", lambda: now + out_files.SECONDS + 5)  # type: ignore[attr-defined]
        assert fetched(link).status_code == 404
    assert fetched(link).status_code == 200
    Message.objects.filter(pk=sent.pk).update(outbox=OutboxState.WITHDRAWN)
    assert fetched(link).status_code == 404, "taken back"
    Message.objects.filter(pk=sent.pk).update(outbox=OutboxState.SENT)
    attachments_storage().delete(blob_name(file.sha256))
    assert fetched(link).status_code == 404, "and when its bytes are gone"


def test_what_a_browser_could_run_comes_as_bytes(house: House, server: TwilioServer) -> None:
    _, ticket = written(house, "twilio_whatsapp")
    file = upload_attachment(ticket.pk, by=house.olena, filename="a.html", upload=BytesIO(b"<script></script>"))
    sent = reply(ticket.pk, by=house.olena, text="See", attachments=[file.public_id], undo_seconds=0)
    got = fetched(link_to(sent.attachments.get().public_id))
    assert got["Content-Type"] == "application/octet-stream"
    assert got["Content-Disposition"].startswith("attachment")
