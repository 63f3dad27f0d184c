"""The exact command of each process: used by `manage.py up`, by docker-compose.yml and by the tests."""

from __future__ import annotations

import sys
from pathlib import Path

from helpdesk.runtime.supervisor import Child

ROOT = Path(__file__).resolve().parents[2]
QUEUES = "critical,default,bulk"


def web() -> Child:
    """Pages and sockets on one port."""
    return Child("web", [sys.executable, "-m", "helpdesk.web"], {"HELPDESK_PROCESS": "web"})


def worker(*, processes: int = 2, with_beat: bool = True) -> Child:
    """Jobs of all queues. On one machine beat is embedded: one process less, and exactly one beat."""
    command = [sys.executable, "-m", "celery", "-A", "helpdesk", "worker", "-Q", QUEUES, "-c", str(processes),
               "--without-gossip", "--without-mingle", "-l", "warning"]  # fmt: skip
    environment = {
        "HELPDESK_PROCESS": "worker",
        "HELPDESK_STATEMENT_TIMEOUT": "120s",
        # SIGTERM then waits for running jobs, but not for ever.
        "REMAP_SIGTERM": "SIGQUIT",
    }
    return Child("worker", [*command, "-B"] if with_beat else command, environment)


def mail() -> Child:
    """The SMTP listener."""
    return Child("mail", [sys.executable, str(ROOT / "manage.py"), "smtp_listener"], {"HELPDESK_PROCESS": "mail"})
