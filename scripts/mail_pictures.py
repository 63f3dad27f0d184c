#!/usr/bin/env python3
"""Takes the pictures of docs/mail.md: a customer writes by Python and mutt, a maker by swaks, an agent answers on the
page, and both sides are looked at. Needs mutt, swaks and tmux.

    python scripts/mail_pictures.py [--to FOLDER]
"""

from __future__ import annotations

import argparse
import json
import mailbox
import os
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from aiosmtpd.controller import Controller  # noqa: E402

from helpdesk.runtime.redis import free_port  # noqa: E402
from scripts.screenshots import DESK, FOLDER, Shot, demo_helpdesk, log_in, signed_in  # noqa: E402
from tests.support.browser import ARGUMENTS, chromium_path  # noqa: E402

CHANNEL = "pidtrymka@nordvik.example"
ZOYA = "Зоя Бойко <zoya@ukr.example>"
MAKER = "parts@maker.example"
SUBJECT = "Наплічник: тріснула пряжка, замовлення 48213"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
TERMINAL = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 18px; background: #16181d; width: max-content; }
pre { margin: 0; font: 15px/1.35 'DejaVu Sans Mono', monospace; color: #d8dee9; }
pre i { color: #8fa1b3; font-style: normal; }
pre b { display: block; background: #2f6fed; color: #fff; font-weight: 400; }
</style><pre>"""


class Post:
    """The world outside: an SMTP server where all mail of the helpdesk ends, kept as an mbox for mutt."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "mbox"
        self.mails: list[bytes] = []
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self.controller.start()
        self.port: int = self.controller.port

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        box = mailbox.mbox(self.path)
        box.add(envelope.content.replace(b"\r\n", b"\n"))
        box.close()
        return "250 taken"

    def wait_for(self, number: int) -> EmailMessage:
        """The mail of that number, from 1."""
        wait_until(lambda: len(self.mails) >= number, f"mail {number}")
        return read(self.mails[number - 1])


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)  # type: ignore[return-value]


def wait_until(true: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.2)
    raise SystemExit(f"{what} did not come")


class Story:
    """One conversation, seen from both sides."""

    def __init__(self, browser: Browser, page: Page, post: Post, smtp_port: int, work: Path, folder: Path) -> None:
        self.browser, self.page, self.post = browser, page, post
        self.smtp_port, self.work, self.folder = smtp_port, work, folder

    def run(self) -> None:
        self.customer_writes()
        self.agent_answers()
        self.customer_answers_by_mutt()
        self.agent_forwards()
        self.maker_answers_by_swaks()

    def customer_writes(self) -> None:
        """Python's own mail library: Ukrainian subject and file name, HTML with a picture in it."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = ZOYA, CHANNEL, SUBJECT
        mail["Message-ID"] = "<zoya-1@ukr.example>"
        mail.set_content("Вітаю!\n\nНа новому наплічнику тріснула пряжка. Рахунок і фото додаю.\n\nЗоя\n")
        mail.add_alternative(
            "<p>Вітаю!</p><p>На новому наплічнику <b>тріснула пряжка</b>. Рахунок і фото додаю.</p>"
            "<ul><li>замовлення: <b>48213</b></li><li>колір: моховий</li></ul><p>Зоя</p>", subtype="html",
        )  # fmt: skip
        mail.add_attachment(PDF, "application", "pdf", filename="Рахунок-фактура № 48213.pdf")
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=30) as smtp:
            smtp.send_message(mail)

    def agent_answers(self) -> None:
        self.open_ticket()
        self.shoot("mail-1-agent-reads")
        self.write("Вітаю, Зоє! Пряжку замінимо **безкоштовно.**\nЩо потрібно:\n- фото пряжки зблизька\nваша адреса")
        file = self.work / "Інструкція з повернення.pdf"
        file.write_bytes(PDF)
        self.page.set_input_files("#composer input[type=file]", str(file))
        self.page.wait_for_selector(".ups >> text=Інструкція")
        self.send()
        self.post.wait_for(1)
        self.shoot("mail-2-agent-answered")
        self.mutt("mail-3-mutt-reads")
        self.html_of(1, "mail-4-html-of-the-answer")

    def customer_answers_by_mutt(self) -> None:
        """mutt quotes, the customer answers between the quotes, mutt sends."""
        answer = self.post.wait_for(1)
        body = answer.get_body(("plain",))
        assert body is not None
        lines = [f"> {line}".rstrip() for line in body.get_content().splitlines()]
        at = next(n for n, line in enumerate(lines) if "зблизька" in line)
        lines[at + 1 : at + 1] = ["", "Додаю, фото зроблено вчора.", ""]
        at = next(n for n, line in enumerate(lines) if "ваша адреса" in line)
        lines[at + 1 : at + 1] = ["", "Львів, вулиця Зелена, 12.", ""]
        said = f"Nordvik {answer['Date'].datetime:%d.%m.%Y %H:%M} пише:\n" + "\n".join(lines)
        draft = self.work / "draft"
        draft.write_text(
            f"From: {ZOYA}\nTo: {answer['Reply-To']}\nSubject: {answer['Subject']}\n"
            f"In-Reply-To: {answer['Message-ID']}\nReferences: {answer['Message-ID']}\n\n{said}\n"
        )
        photo = self.work / "Пряжка зблизька.txt"
        photo.write_text("…")
        self.run_mutt("-H", str(draft), "-a", str(photo))
        self.page.wait_for_selector("#timeline >> text=Зелена, 12", timeout=60_000)
        self.page.wait_for_timeout(800)
        self.shoot("mail-5-agent-reads-inline-answer")

    def agent_forwards(self) -> None:
        self.page.locator("[data-cmd=forward].pass-on").first.click()
        self.page.wait_for_selector(".pass >> text=Рахунок")
        self.page.fill("#rcp-to", MAKER)
        self.write("Чи є у вас така пряжка?")
        self.page.keyboard.press("Control+Enter")
        self.page.get_by_role("button", name="Send to them too").click()
        self.post.wait_for(2)
        self.html_of(2, "mail-6-html-of-the-forward")

    def maker_answers_by_swaks(self) -> None:
        forward = self.post.wait_for(2)
        to = forward["Reply-To"].addresses[0].addr_spec
        self.command(
            "swaks", "--server", f"127.0.0.1:{self.smtp_port}", "--from", MAKER, "--to", to,
            "--header", "Subject: =?utf-8?B?UmU6INCf0YDRj9C20LrQsA==?=", "--body", "Є, надішлемо завтра.",
            "--add-header", f"In-Reply-To: {forward['Message-ID']}",
            "--add-header", "Content-Type: text/plain; charset=utf-8",
        )  # fmt: skip
        self.page.wait_for_selector("#timeline >> text=надішлемо завтра", timeout=60_000)
        self.page.wait_for_timeout(800)
        self.shoot("mail-7-agent-reads-both")

    # ---- the agent's hands

    def open_ticket(self) -> None:
        def found() -> bool:
            self.page.goto("/search/?q=48213+пряжка")
            return self.page.locator("a[href*='/tickets/'], .row").count() > 0 and "пряжка" in self.page.content()

        wait_until(found, "the ticket")
        self.page.get_by_text("тріснула пряжка").first.click()
        self.page.wait_for_selector("#words")
        self.page.wait_for_timeout(800)

    def write(self, words: str) -> None:
        self.page.locator("#words").click()
        self.page.wait_for_selector(".rich #words")
        for number, line in enumerate(words.split("\n")):
            if number:
                self.page.keyboard.press("Enter")
            self.page.keyboard.type(line)

    def send(self) -> None:
        self.page.locator("#words").press("Control+Enter")
        self.page.wait_for_selector("#timeline .msg:not(.sending) .written")

    def shoot(self, name: str) -> None:
        self.page.screenshot(path=self.folder / f"{name}.png")

    # ---- the other side

    def mutt(self, name: str) -> None:
        """What a terminal shows of the first mail."""
        tmux = ["tmux", "-L", f"pictures-{os.getpid()}", "-u"]
        environment = os.environ | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "screen-256color"}
        rc = self.muttrc()
        start = ["new-session", "-d", "-x", "112", "-y", "42", f"mutt -F {rc} -R -f {self.post.path}"]
        subprocess.run([*tmux, *start], check=True, env=environment)
        try:
            wait_until(lambda: "Msgs:" in _pane(tmux), "mutt")
            subprocess.run([*tmux, "send-keys", "Enter"], check=True)
            wait_until(lambda: "безкоштовно" in _pane(tmux), "the mail in mutt")
            shown = _pane(tmux)
        finally:
            subprocess.run([*tmux, "kill-server"], check=False)
        self.shoot_html(f"{TERMINAL}{_terminal(shown)}</pre>", name, "body")

    def html_of(self, number: int, name: str) -> None:
        """The HTML part as a mail program's pane shows it."""
        body = self.post.wait_for(number).get_body(("html",))
        assert body is not None
        self.shoot_html(body.get_content(), name, None)

    def shoot_html(self, html: str, name: str, selector: str | None) -> None:
        page = self.browser.new_page(viewport={"width": 900, "height": 700})
        page.set_content(html)
        target = page.locator(selector) if selector else None
        path = self.folder / f"{name}.png"
        target.screenshot(path=path) if target else page.screenshot(path=path, full_page=True)
        page.close()

    def muttrc(self) -> Path:
        rc = self.work / "muttrc"
        rc.write_text(
            f'set smtp_url="smtp://127.0.0.1:{self.smtp_port}/"\nset ssl_starttls=no\nset ssl_force_tls=no\n'
            "set use_from=yes\n"
            'set charset="utf-8"\nset send_charset="utf-8"\nset copy=no\nset use_envelope_from=yes\n'
            'set hostname="ukr.example"\nset rfc2047_parameters=yes\nset edit_headers=yes\n'
            "ignore *\nunignore from to cc subject date reply-to\n"
        )
        return rc

    def run_mutt(self, *arguments: str) -> None:
        self.command("mutt", "-F", str(self.muttrc()), *arguments)

    def command(self, *words: str) -> None:
        environment = os.environ | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        subprocess.run(
            words, check=True, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60
        )


def _pane(tmux: list[str]) -> str:
    return subprocess.run([*tmux, "capture-pane", "-p"], check=True, capture_output=True, text=True).stdout


def _terminal(shown: str) -> str:
    """mutt's screen: its two bars, quotes and what it says of parts in their colours."""
    lines = shown.rstrip().splitlines()
    bars = {0, len(lines) - 1}
    return "".join(
        f"<b>{escape(line.ljust(112))}</b>" if number in bars
        else f"<i>{escape(line)}</i>\n" if line.startswith((">", "[--"))
        else f"{escape(line)}\n"
        for number, line in enumerate(lines)
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=FOLDER, help="where the pictures go")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="helpdesk-mail-pictures-") as name:
        work = Path(name)
        post, smtp_port = Post(work), free_port()
        more = {"EMAIL_URL": f"smtp://127.0.0.1:{post.port}", "HELPDESK_SMTP_PORT": str(smtp_port)}
        with (
            demo_helpdesk(work / "var", **more) as url,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
            logins = json.loads((work / "var" / "demo.json").read_text())["logins"]
            login = next(one for one in logins if one["email"].startswith("agent@"))
            login["state"] = log_in(browser, url, login)
            page = signed_in(browser, url, login, Shot("mail", "/", size=DESK))
            Story(browser, page, post, smtp_port, work, arguments.to).run()
            browser.close()
        post.controller.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
