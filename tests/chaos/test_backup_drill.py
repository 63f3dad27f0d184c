"""The drill: a helpdesk at work is backed up, lost with its machine, and restored on another from the backup and the
keys; then everything must hold, somebody signs in and opens an attachment."""

from __future__ import annotations

import http.cookiejar
import json
import random
import re
import shutil
import smtplib
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.chaos import checks
from tests.chaos.house import SUPPORT, ChaosHouse
from tests.chaos.people import Post
from tests.providers.telegram import TelegramServer
from tests.support.launcher import ROOT, Launcher
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.kill
MAILS, LATE = 41, 5
GONE = "zimorodek4410"
_ERASE = f"""
from people.models import Agent, Customer
from privacy.erasing import start_erasure
customer = Customer.objects.get(identities__value="{GONE}@customer.example")
start_erasure(customer, by=Agent.objects.get(email="adam@shop.example"))
"""
PASSWORD = "correct horse battery staple"
_PASSWORD = f"""
from people.models import Agent
olena = Agent.objects.get(email="olena@shop.example")
olena.set_password("{PASSWORD}")
olena.save()
"""


def test_a_lost_machine_comes_back_from_its_backup(place: Path, smtp_sink: SmtpSink) -> None:
    house = ChaosHouse(place / "house", smtp_sink, TelegramServer())
    try:
        house.start()
        house.launcher.manage("shell", "-c", _PASSWORD)
        post = Post(house, random.Random(8), MAILS + LATE)
        kept = _write(house, post, MAILS)
        _write_who_will_be_erased(house)
        made = house.launcher.manage("backup", str(place / "kept"), "--verify", "--keys", str(place / "keys.json"))
        assert made.returncode == 0, made.stderr
        assert "Restored and compared" in made.stdout
        _write(house, post, LATE)
        _erase(house)
    finally:
        house.launcher.end()
    # The machine is lost, and of the store of files what a bucket would still have.
    marks = house.files / "erasures"
    shutil.copytree(marks, place / "erasures")
    shutil.rmtree(house.launcher.data_dir)
    shutil.copytree(place / "erasures", marks)

    restored = _restore(house.launcher, place)
    assert restored.returncode == 0, restored.stderr
    assert "Erased again: 1." in restored.stdout
    assert "not empty" in _restore(house.launcher, place).stderr
    try:
        house.launcher.start()
        house.launcher.wait_until_ready(180)
        assert checks.broken_books(house) == _what_erasing_leaves(house)
        assert checks.missing_files(house) + checks.wrong_mails(house, kept) == []
        assert house.number("SELECT count(*) FROM tickets_message WHERE kind = 'inbound'") == MAILS + 1
        assert _left_of(house, GONE) == []
        assert _signs_in(house.url)
        assert _opens_an_attachment(house) == b"list of order 0"
        _write(house, Post(house, random.Random(9), MAILS + 60, written=MAILS + 50), 1)
    finally:
        assert house.launcher.end() == 0, house.launcher.output[-3000:]


def _write(house: ChaosHouse, post: Post, number: int) -> list:
    """So many mails, each acknowledged; back when they are tickets."""
    written = []
    for _ in range(number):
        mail = post.write()
        assert mail is not None
        with smtplib.SMTP("127.0.0.1", house.smtp_port, timeout=20) as server:
            server.sendmail(mail.sender, mail.to, mail.content)
        post.note_taken(mail)
        written.append(mail)
    for _ in range(240):
        if not checks.unsettled(house):
            return written
        house.rows("SELECT pg_sleep(0.25)")
    raise AssertionError(f"not settled: {checks.unsettled(house)}")


def _write_who_will_be_erased(house: ChaosHouse) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"{GONE} <{GONE}@customer.example>", SUPPORT, f"About {GONE}"
    mail["Message-ID"] = f"<{GONE}@customer.example>"
    mail.set_content(f"My name is {GONE}.")
    mail.add_attachment(f"a list of {GONE}".encode(), maintype="text", subtype="plain", filename=f"{GONE}.txt")
    with smtplib.SMTP("127.0.0.1", house.smtp_port, timeout=20) as server:
        server.send_message(mail)
    _wait(house, lambda: not checks.unsettled(house) and bool(_left_of(house, GONE)), "it became no ticket")


def _erase(house: ChaosHouse) -> None:
    done = house.launcher.manage("shell", "-c", _ERASE)
    assert done.returncode == 0, done.stderr
    _wait(house, lambda: house.number("SELECT count(*) FROM privacy_erasure WHERE state = 'done'") == 1, "not erased")
    assert _left_of(house, GONE) == []


def _what_erasing_leaves(house: ChaosHouse) -> list[str]:
    """Of her one mail the row stays, without its bytes and its words; of nobody else's."""
    [row] = house.rows(
        "SELECT d.id AS delivery, m.id AS message FROM tickets_message m "
        "JOIN channels_inbound_rawdelivery d ON d.message_id = m.id "
        "WHERE m.ticket_id IN (SELECT jsonb_array_elements(to_jsonb(tickets))::bigint FROM privacy_erasure)"
    )
    return [f"delivery without bytes: {row['delivery']}", f"message not findable: {row['message']}"]


def _left_of(house: ChaosHouse, word: str) -> list[str]:
    """Tables in whose rows the word stands."""
    names = house.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    return [
        name
        for name in sorted(row["table_name"] for row in names)
        if house.number(f'SELECT count(*) FROM "{name}" t WHERE t::text LIKE %s', [f"%{word}%"])
    ]


def _wait(house: ChaosHouse, until: Callable[[], bool], said: str) -> None:
    for _ in range(240):
        if until():
            return
        house.rows("SELECT pg_sleep(0.25)")
    raise AssertionError(said)


def _restore(launcher: Launcher, place: Path) -> subprocess.CompletedProcess[str]:
    """As docs/operations.md says it, on a machine that has nothing but the program, the backup and the keys."""
    command = [sys.executable, "manage.py", "services", "--data-dir", str(launcher.data_dir), "--",
               sys.executable, "manage.py", "restore", str(place / "kept"), "--keys", str(place / "keys.json")]  # fmt: skip
    return subprocess.run(command, cwd=ROOT, env=launcher.environment, capture_output=True, text=True, timeout=180)


def _signs_in(url: str) -> bool:
    cookies = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    page = browser.open(f"{url}/accounts/login/", timeout=20).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    form = {"login": "olena@shop.example", "password": PASSWORD, "csrfmiddlewaretoken": token.group(1)}
    browser.open(f"{url}/accounts/login/", urllib.parse.urlencode(form).encode(), timeout=20)
    return any(cookie.name == "helpdesk_session" for cookie in cookies)


def _opens_an_attachment(house: ChaosHouse) -> bytes:
    [row] = house.rows("SELECT public_id FROM tickets_attachment ORDER BY id LIMIT 1")
    request = urllib.request.Request(
        f"{house.url}/api/v1/attachments/{row['public_id']}/", headers={"Authorization": f"Bearer {house.tokens[0]}"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        content = answer.read()
        if answer.headers["Content-Type"] == "application/json":
            return str(json.loads(content)).encode()
        return bytes(content)
