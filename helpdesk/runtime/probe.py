"""`python -m helpdesk.runtime.probe PROCESS`: 0 when that process does its work. For container health checks.

Asked every few seconds, so it loads no Django.
"""

from __future__ import annotations

import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from helpdesk.runtime.up import heartbeat_age

PATIENCE = 5.0
# As helpdesk.tasks.HEARTBEAT_STALE.
STALE = 45.0
STALE_BULK = 720.0


def web() -> str:
    """Asks as a balancer would: by our own name, or the host check refuses the question."""
    host = urlsplit(os.environ.get("HELPDESK_BASE_URL", "")).hostname or "localhost"
    address = f"http://127.0.0.1:{os.environ.get('HELPDESK_HTTP_PORT', '8000')}/readyz?role=web"
    question = urllib.request.Request(address, headers={"Host": host})
    try:
        with urllib.request.urlopen(question, timeout=PATIENCE) as answer:  # noqa: S310  our own http address
            return "" if answer.status == 200 else f"answered {answer.status}"
    except urllib.error.HTTPError as error:
        return error.read().decode(errors="replace").strip() or f"answered {error.code}"
    except OSError as error:
        return f"does not answer ({error})"


def mail() -> str:
    try:
        port = int(os.environ.get("HELPDESK_SMTP_PORT", "8025"))
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as listener:
            greeting = listener.recv(512)
            listener.sendall(b"QUIT\r\n")
    except OSError as error:
        return f"does not answer ({error})"
    return "" if greeting.startswith(b"220") else f"refuses: {greeting.decode(errors='replace').strip()}"


def worker() -> str:
    """Whether a tick of beat went through the queue and was done lately."""
    return _heart("", STALE)


def bulk() -> str:
    """The same of the queue of long jobs, each of which may take ten minutes."""
    return _heart(":bulk", STALE_BULK)


def _heart(queue: str, stale: float) -> str:
    file = os.environ.get("REDIS_URL_FILE")
    age = heartbeat_age(Path(file).read_text().strip() if file else os.environ.get("REDIS_URL", ""), queue)
    if age is None:
        return "no heartbeat, or Redis does not answer"
    return "" if age < stale else f"last heartbeat {age:.0f} s ago"


PROBES: dict[str, Callable[[], str]] = {
    "web": web, "live": web, "mail": mail, "worker": worker, "bulk": bulk, "beat": worker,
}  # fmt: skip


def main(arguments: list[str]) -> int:
    probe = PROBES.get(arguments[0]) if len(arguments) == 1 else None
    if probe is None:
        print(f"usage: python -m helpdesk.runtime.probe {{{','.join(PROBES)}}}", file=sys.stderr)
        return 2
    if wrong := probe():
        print(f"{arguments[0]} {wrong}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
