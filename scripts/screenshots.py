#!/usr/bin/env python3
"""Takes the pictures of docs/screenshots/: starts a helpdesk with the demo shop, looks at it, and stops it.

    python scripts/screenshots.py [--all] [--to FOLDER]

Without --all only the pictures that the documentation shows; with it every page in light and dark, desk and phone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import django  # noqa: E402

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from helpdesk.runtime.redis import free_port  # noqa: E402
from tests.support.browser import ARGUMENTS, chromium_path  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"
PATIENCE = 400.0
DESK = (1440, 900)
PHONE = (390, 844)


@dataclass(frozen=True)
class Shot:
    """One picture: which page as whom, how wide, in which theme; `act` is done before it is taken."""

    name: str
    path: str
    role: str = "agent"
    size: tuple[int, int] = DESK
    theme: str = "light"
    act: str = ""
    documented: bool = False


def shots() -> Iterator[Shot]:
    for theme in ("light", "dark"):
        yield Shot(f"inbox-{theme}", "ticket", theme=theme, documented=True)
        yield Shot(f"palette-{theme}", "ticket", theme=theme, act="palette")
        yield Shot(f"note-{theme}", "ticket", theme=theme, act="note")
        yield Shot(f"phone-list-{theme}", "/inbox/open/", size=PHONE, theme=theme, documented=theme == "light")
        yield Shot(f"phone-ticket-{theme}", "ticket", size=PHONE, theme=theme, documented=theme == "dark")
        for name, path, role in PAGES:
            shown = name in DOCUMENTED and theme == "light"
            yield Shot(f"{name}-{theme}", path, role=role, theme=theme, documented=shown)
            yield Shot(f"phone-{name}-{theme}", path, role=role, theme=theme, size=PHONE)


DOCUMENTED = ("service-level", "satisfaction", "coming-back", "help-centre")
PAGES = (
    ("sign-in", "/accounts/login/", ""),
    ("reset", "/accounts/password/reset/", ""),
    ("attention", "/inbox/attention/", "agent"),
    ("search", "/search/?q=order", "agent"),
    ("views", "/views/", "agent"),
    ("notifications", "/notifications/", "agent"),
    ("deadlines", "/inbox/deadlines/", "agent"),
    ("service-level", "/reports/service-level/", "manager"),
    ("satisfaction", "/reports/satisfaction/", "manager"),
    ("coming-back", "/reports/retention/", "manager"),
    ("work", "/reports/work/", "manager"),
    ("topics", "/reports/topics/", "manager"),
    ("follow-ups", "/reports/follow-ups/", "manager"),
    ("surveys", "/surveys/", "manager"),
    ("shops", "/shops/", "manager"),
    ("canned", "/macros/manage/", "agent"),
    ("saved-views", "/views/saved/", "agent"),
    ("spam", "/inbox/spam/", "agent"),
    ("policies", "/service-levels/", "manager"),
    ("calls", "/calls/", "manager"),
    ("profile", "/profile/", "agent"),
    ("team", "/team/", "admin"),
    ("channels", "/channels/", "admin"),
    ("connect", "/channels/connect/", "admin"),
    ("chat-channel", "/channels/chat/new/", "admin"),
    ("quarantine", "/quarantine/", "admin"),
    ("demo-mailbox", "/demo/mailbox/", "agent"),
    ("new-conversation", "/inbox/new/?q=an", "agent"),
    ("articles", "/knowledge/", "manager"),
    ("help-centre", "/help/en/", ""),
    ("bots", "/settings/bot/", "admin"),
    ("not-found", "/nothing-here/", "agent"),
)


@contextmanager
def demo_helpdesk(data_dir: Path, **more: str) -> Iterator[str]:
    """`manage.py up` on an empty data folder, which fills it with the demo shop; its address."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HELPDESK_")}
    for name in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL"):
        kept.pop(name, None)
    environment = (
        kept
        | {
            "HELPDESK_DATA_DIR": str(data_dir),
            "HELPDESK_HTTP_PORT": str(port),
            "HELPDESK_SMTP_PORT": str(free_port()),
            "HELPDESK_SHOP_PORT": str(free_port()),
            "HELPDESK_NAME": "Nordvik Outdoor",
        }
        | more
    )
    process = subprocess.Popen([sys.executable, "manage.py", "up"], cwd=ROOT, env=environment, start_new_session=True)
    try:
        wait_until_ready(f"http://localhost:{port}", process)
        yield f"http://localhost:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):  # noqa: S310  our own http address
                return
        except OSError:
            time.sleep(0.3)
    raise SystemExit("The helpdesk did not start.")


def signed_in(browser: Browser, url: str, login: dict[str, str] | None, shot: Shot) -> Page:
    width, height = shot.size
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if shot.theme == "dark" else "light",
        device_scale_factor=1,
        has_touch=shot.size == PHONE,
        reduced_motion="reduce",
        storage_state=login and login.get("state"),  # type: ignore[arg-type]
    )
    return context.new_page()


def log_in(browser: Browser, url: str, login: dict[str, str]) -> str:
    """A browser's cookies after signing in as that person, to be used for every picture."""
    context = browser.new_context(base_url=url)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.fill("input[name=login]", login["email"])
    page.fill("input[name=password]", login["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/inbox/**")
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        context.storage_state(path=file.name)
    context.close()
    return file.name


def take(browser: Browser, url: str, login: dict[str, str] | None, shot: Shot, folder: Path) -> None:
    page = signed_in(browser, url, login, shot)
    open_page(page, shot)
    if shot.act == "palette":
        page.keyboard.press("Control+k")
        page.wait_for_selector("#palette[open]")
    if shot.act == "note":
        page.keyboard.press("n")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(250)
    page.screenshot(path=folder / f"{shot.name}.png")
    page.context.close()


def open_page(page: Page, shot: Shot) -> None:
    """The page; `ticket` is the first one of the agent's inbox, opened as a person would."""
    if shot.path != "ticket":
        page.goto(shot.path)
        return
    page.goto("/inbox/mine/")
    number = page.get_attribute(".row", "data-ticket")
    page.goto(f"/inbox/mine/{number}/")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every page, not only those the documentation shows")
    parser.add_argument("--only", default="", help="only pictures whose name has this in it")
    parser.add_argument("--to", type=Path, default=FOLDER, help="where the pictures go")
    arguments = parser.parse_args()
    if chromium_path() is None:
        print("No Chromium was found.\n  Cure: install chromium, or set HELPDESK_CHROMIUM.", file=sys.stderr)
        return 1
    arguments.to.mkdir(parents=True, exist_ok=True)
    data_dir = Path(tempfile.mkdtemp(prefix="helpdesk-screenshots-"))
    try:
        with demo_helpdesk(data_dir / "var") as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
            facts = json.loads((data_dir / "var" / "demo.json").read_text())
            logins: dict[str, dict[str, str]] = {}
            for login in facts["logins"]:
                logins.setdefault(login["role"], login)
            for login in logins.values():
                login["state"] = log_in(browser, url, login)
            wanted = [shot for shot in shots() if (shot.documented or arguments.all) and arguments.only in shot.name]
            for shot in wanted:
                take(browser, url, logins.get(shot.role), shot, arguments.to)
                print(f"{shot.name}.png", flush=True)
            browser.close()
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
