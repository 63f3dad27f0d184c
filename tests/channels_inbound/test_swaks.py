"""A mail program that is not ours, to our listener and back: swaks, where the machine has it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from django.test import override_settings

from channels_inbound.delivery import drain_outbound
from channels_inbound.inbound import drain_inbound
from tests.channels_inbound.mails import running_listener
from tests.people import make_house
from tests.support.smtp_sink import SmtpSink
from tickets.actions import reply
from tickets.models import Attachment, Message, Ticket

SWAKS = shutil.which("swaks")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(SWAKS is None, reason="swaks is not installed"),
]
ANSWER = "Дякую!\n\nЧекаю.\n\n{}\n> {}\n"


def swaks(port: int, *arguments: str) -> None:
    command = [SWAKS or "", "--server", f"127.0.0.1:{port}", "--from", "zoe@customer.example", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_conversation_with_swaks(tmp_path: Path, smtp_sink: SmtpSink) -> None:
    house = make_house()
    file = tmp_path / "scan 1.txt"
    file.write_text("broken cup")
    with running_listener(tmp_path) as listener:
        swaks(
            listener.port, "--to", "support@shop.example", "--header", "Subject: =?utf-8?B?0JTQtSDRh9Cw0YjQutCwPw==?=",
            "--body", "Де моя чашка?", "--header", "Message-Id: <swaks1@customer.example>", "--attach", f"@{file}",
        )  # fmt: skip
        assert drain_inbound() == {"new": 1}
        ticket = Ticket.objects.get()
        assert (ticket.subject, Message.objects.get().text) == ("Де чашка?", "Де моя чашка?")
        assert list(Attachment.objects.values_list("filename", flat=True)) == ["scan 1.txt"]

        reply(ticket.pk, by=house.olena, text="Вона вже їде.", undo_seconds=0)
        with override_settings(EMAIL_URL=smtp_sink.url, EMAIL_HOST=smtp_sink.host, EMAIL_PORT=smtp_sink.port):
            drain_outbound()
        sent = smtp_sink.wait_for(1)[0].message
        assert str(sent["Subject"]) == "Re: Де чашка?"
        assert str(sent["In-Reply-To"]) == "<swaks1@customer.example>"

        address = sent["Reply-To"].addresses[0].addr_spec
        body = ANSWER.format(f"вт, 3 лист. 2026 р. о 12:30 Support <{address}> пише:", "Вона вже їде.")
        swaks(
            listener.port, "--to", address, "--header", "Subject: Re: x", "--body", body,
            "--add-header", f"In-Reply-To: {sent['Message-ID']}",
        )  # fmt: skip
        assert drain_inbound() == {"threaded": 1}
    last = Message.objects.latest("sequence")
    assert Ticket.objects.count() == 1
    assert [last.text[start:end].startswith("вт, 3 лист.") for start, end in last.quoted] == [True]
