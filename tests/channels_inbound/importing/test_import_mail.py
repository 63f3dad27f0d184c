"""`manage.py import_mail` from end to end: history that wakes nobody, once, however often it is cut off."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from channels_inbound.models import RawDelivery
from events.models import Event
from people.models import Customer
from tests.channels_inbound.mails import raw_mail
from tests.people import House, make_house
from tests.security.world import signed_in
from tests.support.live import test_database_url
from tickets.actions import assign_ticket
from tickets.actions import reply as send_reply
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
SEPARATOR = b"From zoe@customer.example Mon Mar  2 09:00:00 2026\n"


@pytest.fixture
def house() -> House:
    return make_house()


def numbered(n: int, **fields: Any) -> bytes:
    values = {"Message_ID": f"<mail-{n}@customer.example>", "Subject": f"Mail {n}", "text": f"This is mail {n}.\n",
              "Date": f"Mon, 02 Mar 2020 09:{n % 60:02}:00 +0000", "From": f"Zoe <zoe{n}@customer.example>"}  # fmt: skip
    return raw_mail(**(values | fields))


def write_mbox(path: Path, *mails: bytes) -> Path:
    path.write_bytes(b"".join(SEPARATOR + mail + b"\n" for mail in mails))
    return path


def run(*paths: Path, channel: str = "Support", **options: Any) -> str:
    out = io.StringIO()
    call_command("import_mail", *map(str, paths), channel=channel, stdout=out, stderr=out, **options)
    return out.getvalue()


def test_an_archive_is_history(house: House, tmp_path: Path) -> None:
    said = run(write_mbox(tmp_path / "old.mbox", *(numbered(n) for n in range(120))))
    assert said == "120 read.\n"
    assert Message.objects.count() == 120
    ticket = Ticket.objects.get(subject="Mail 7")
    assert (ticket.status, ticket.waiting_since, ticket.needs_attention) == ("solved", None, False)
    assert ticket.opened_at == ticket.last_message_at == datetime(2020, 3, 2, 9, 7, tzinfo=UTC)
    assert ticket.messages.get().at == datetime(2020, 3, 2, 9, 7, tzinfo=UTC)
    events = Event.objects.filter(stream_type="ticket", stream_id=ticket.pk).order_by("sequence")
    assert [(event.kind, event.data.get("historic"), event.at.year) for event in events] == [
        ("ticket.opened", True, 2020),
        ("message.received", True, 2020),
    ]


def test_again_brings_nothing_twice(house: House, tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "old.mbox", *(numbered(n) for n in range(70)))
    run(path)
    before = Event.objects.count()
    assert run(path) == "70 here before.\n"
    assert (Message.objects.count(), RawDelivery.objects.count(), Event.objects.count()) == (70, 70, before)


@pytest.mark.kill
def test_cut_off_in_the_middle_goes_on(house: House, tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "old.mbox", *(numbered(n) for n in range(400)))
    command = [sys.executable, "manage.py", "import_mail", "--channel", "Support", str(path)]
    environment = {**os.environ, "DATABASE_URL": test_database_url()}
    for part in (1, 150):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while RawDelivery.objects.count() < part and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert RawDelivery.objects.count() < 400
    RawDelivery.objects.filter(lease_until__isnull=False).update(lease_until=None)  # or wait a minute for it to end
    run(path)
    assert Message.objects.count() == RawDelivery.objects.count() == 400
    assert set(RawDelivery.objects.values_list("state", flat=True)) == {"ingested"}


def test_history_wakes_nobody(house: House, tmp_path: Path) -> None:
    """A live ticket with an agent: old mails of its thread and of strangers join it, and nothing moves."""
    live = tmp_path / "live.eml"
    live.write_bytes(raw_mail())
    run(live)
    ticket = Ticket.objects.get()
    assert ticket.status == "open"
    assign_ticket(ticket.pk, by=house.olena, assignee=house.olena)
    Ticket.objects.filter(pk=ticket.pk).update(
        status="solved", solved_at=datetime(2026, 3, 3, tzinfo=UTC), waiting_since=None
    )
    before = Event.objects.count()
    run(write_mbox(tmp_path / "old.mbox", raw_mail(
        Message_ID="<zero@customer.example>", References="<first@customer.example>", Date="Mon, 02 Mar 2020 09:00:00 +0000"
    )))  # fmt: skip
    ticket.refresh_from_db()
    assert ticket.messages.count() == 2
    assert (ticket.status, ticket.waiting_since, ticket.needs_attention) == ("solved", None, False)
    added = Event.objects.order_by("id")[before:]
    assert [(event.kind, event.data.get("historic")) for event in added] == [("message.received", True)]


def test_replies_of_ours_in_a_sent_folder_are_answers_of_the_thread(house: House, tmp_path: Path) -> None:
    question = numbered(1)
    reply = numbered(
        2, From="Olena (Support) <support@shop.example>", To="zoe1@customer.example",
        In_Reply_To="<mail-1@customer.example>", text="It left.",
    )  # fmt: skip
    thanks = numbered(3, In_Reply_To="<mail-2@customer.example>", From="Zoe <zoe1@customer.example>")
    form = numbered(4, From="support@shop.example", To="support@shop.example", Reply_To="ivan@customer.example")
    said = run(write_mbox(tmp_path / "all.mbox", question, reply, thanks, form))
    assert said == "4 read.\n"
    ticket = Ticket.objects.get(subject="Mail 1")
    assert sorted(Ticket.objects.values_list("subject", flat=True)) == ["Mail 1", "Mail 4"]
    assert list(ticket.messages.order_by("sequence").values_list("kind", "agent__name", "outbox", "text")) == [
        ("inbound", None, "", "This is mail 1."), ("outbound", "Olena", "sent", "It left."), ("inbound", None, "", "This is mail 3."),
    ]  # fmt: skip
    assert (ticket.status, ticket.waiting_since, ticket.needs_attention) == ("solved", None, False)
    events = Event.objects.filter(stream_type="ticket", stream_id=ticket.pk).order_by("sequence")
    told = [(event.kind, event.actor_kind) for event in events]
    assert told == [
        ("ticket.opened", "customer"), ("message.received", "customer"), ("message.imported", "agent"), ("message.received", "customer"),
    ]  # fmt: skip
    assert all(event.data.get("historic") for event in events)
    assert Customer.objects.count() == 2
    shown = signed_in(house.olena).get(f"/tickets/{ticket.pk}/pane/").json()["thread"]
    assert "It left." in shown
    assert run(tmp_path / "all.mbox") == "4 here before.\n"


def test_a_mail_we_began_with_opens_a_solved_ticket_of_its_recipient(house: House, tmp_path: Path) -> None:
    first = numbered(
        1, From="Shop team <support@shop.example>", To="Ann <ann@customer.example>, support@shop.example",
        Cc="bea@customer.example", text="Your chair is ready.",
    )  # fmt: skip
    answer = numbered(2, From="Ann <ann@customer.example>", In_Reply_To="<mail-1@customer.example>")
    run(write_mbox(tmp_path / "sent.mbox", first, answer))
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.customer.name, ticket.messages.count()) == ("solved", "Ann", 2)
    sent = ticket.messages.get(sequence=1)
    assert (sent.kind, sent.agent, sent.identity, sent.outbox) == ("outbound", None, None, "sent")
    people = ticket.conversations.get().participants.values_list("identity__value", "role")
    assert set(people) == {("ann@customer.example", "requester"), ("bea@customer.example", "requester")}
    shown = signed_in(house.olena).get(f"/tickets/{ticket.pk}/pane/").json()["thread"]
    assert "<b>Shop team</b>" in shown


def test_a_reply_this_helpdesk_sent_is_not_imported_again(house: House, tmp_path: Path) -> None:
    (tmp_path / "live.eml").write_bytes(raw_mail())
    run(tmp_path / "live.eml")
    ours = send_reply(Ticket.objects.get().pk, by=house.olena, text="On its way", undo_seconds=0)
    copy = raw_mail(
        From="Olena (Support) <support@shop.example>", To="zoe@customer.example", Message_ID=f"<{ours.external_id}>"
    )
    said = run(write_mbox(tmp_path / "sent.mbox", copy))
    assert said == "1 ignored.\n"
    assert Message.objects.count() == 2


def test_collections_can_be_live_and_single_mails_history(house: House, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.eml").write_bytes(numbered(1))
    run(tmp_path / "folder", live=True)
    (tmp_path / "b.eml").write_bytes(numbered(2))
    said = run(tmp_path / "b.eml", historic=True)
    assert said.startswith(f"{tmp_path / 'b.eml'}: ingested, ticket #")
    assert dict(Ticket.objects.values_list("subject", "status")) == {"Mail 1": "open", "Mail 2": "solved"}


def test_a_maildir(house: House, tmp_path: Path) -> None:
    for part in ("cur", "new", "tmp"):
        (tmp_path / part).mkdir()
    (tmp_path / "cur" / "1.a:2,S").write_bytes(numbered(1))
    (tmp_path / "new" / "2.b").write_bytes(numbered(2))
    assert run(tmp_path) == "2 read.\n"


def test_what_cannot_be_read_is_named_and_stops_nothing(house: House, tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "old.mbox", numbered(1), numbered(2, text="x" * 70_000), numbered(3))
    from django.test import override_settings

    with override_settings(MAX_MAIL_SIZE=30_000), pytest.raises(CommandError, match="2 of 4 mails were not read"):
        run(path, tmp_path / "nowhere")
    assert Message.objects.count() == 2


def test_unknown_channel(house: House, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no mail channel 'Sales'"):
        run(tmp_path, channel="Sales")
