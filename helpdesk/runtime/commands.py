"""The exact command of each process: used by `manage.py up`, by docker-compose.yml and by the tests."""

from __future__ import annotations

import sys
from pathlib import Path

from helpdesk.runtime.supervisor import Child

ROOT = Path(__file__).resolve().parents[2]
MANAGE = ROOT / "manage.py"
QUEUES = "critical,default,bulk"
# Where workers are several: what many at once bring must not stand before what one person waits for.
PROMPT, BULK = "critical,default", "bulk"


def web() -> Child:
    """Pages and sockets on one port."""
    return Child("web", [sys.executable, "-m", "helpdesk.web"], {"HELPDESK_PROCESS": "web"})


def live() -> Child:
    """The same program for those who cannot wait: providers' webhooks, the widget's visitors and every socket.

    Not needed, the web process serves all of it; with its own process no page of an agent stands before them.
    """
    return Child("live", [sys.executable, "-m", "helpdesk.web"], {"HELPDESK_PROCESS": "live"})


def worker(*, processes: int = 2, with_beat: bool = True, queues: str = QUEUES, name: str = "worker") -> Child:
    """Jobs of these queues. On one machine beat is embedded: one process less."""
    command = [sys.executable, "-m", "celery", "-A", "helpdesk", "worker", "-Q", queues, "-c", str(processes),
               "--without-gossip", "--without-mingle", "-l", "warning"]  # fmt: skip
    environment = {
        "HELPDESK_PROCESS": name,
        "HELPDESK_STATEMENT_TIMEOUT": "120s",
        # SIGTERM then waits for running jobs, but not for ever.
        "REMAP_SIGTERM": "SIGQUIT",
    }
    return Child(name, [*command, "-B"] if with_beat else command, environment)


def beat() -> Child:
    """The ticks, in a process of their own where workers are several. Of several one gives them."""
    return Child("beat", [sys.executable, "-m", "celery", "-A", "helpdesk", "beat", "-l", "warning", "--pidfile="],
                 {"HELPDESK_PROCESS": "beat"})  # fmt: skip


def mail() -> Child:
    """The SMTP listener, and whoever fetches from mailboxes."""
    return Child("mail", [sys.executable, str(MANAGE), "mail"], {"HELPDESK_PROCESS": "mail"})


def shop() -> Child:
    """The demo's storefront, on a port of its own."""
    return Child("shop", [sys.executable, str(MANAGE), "demo_shop"], {"HELPDESK_PROCESS": "shop"})


def migrate() -> Child:
    """Brings the database up to date and ends; the others start after it. Insecure settings stop it first."""
    return Child("migrate", [sys.executable, str(MANAGE), "deploy"], {"HELPDESK_PROCESS": "migrate"})


def apart() -> dict[str, Child]:
    """The processes of a production where each has a container or unit of its own, by name."""
    prompt = worker(with_beat=False, queues=PROMPT)
    bulk = worker(with_beat=False, processes=1, queues=BULK, name="bulk")
    return {child.name: child for child in (migrate(), web(), live(), prompt, bulk, beat(), mail())}
