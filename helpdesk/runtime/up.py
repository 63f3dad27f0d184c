"""`manage.py up`: the whole helpdesk on one machine under one supervisor.

Loads no Django itself: it is the one process whose memory serves nobody.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

import psutil
import redis

from events.redis_servers import client
from helpdesk.runtime import commands
from helpdesk.runtime.faults import Fault, disk_is_full, full_disk
from helpdesk.runtime.processes import adopt_orphans, end_orphans, reap_orphans
from helpdesk.runtime.redis import port_is_free
from helpdesk.runtime.services import Services, kept_secrets
from helpdesk.runtime.supervisor import Child, Supervisor

READY_PATIENCE = 90.0
HEARTBEAT_LIMIT = 120.0
LOOK_AFTER_SECONDS = 15.0
REVIVE_AGAIN_AFTER = 2.0


class Up:
    """One run of the launcher, from the first check to the last child's end."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.given = environment
        self.data_dir = Path(environment.get("HELPDESK_DATA_DIR") or commands.ROOT / "var").resolve()
        self.http = (environment.get("HELPDESK_HTTP_HOST", "127.0.0.1"), _port(environment, "HELPDESK_HTTP_PORT", 8000))
        self.smtp = (environment.get("HELPDESK_SMTP_HOST", "127.0.0.1"), _port(environment, "HELPDESK_SMTP_PORT", 8025))
        self.shop_port = _port(environment, "HELPDESK_SHOP_PORT", 8001)
        self.with_shop = False
        self.services = Services(self.data_dir, environment=environment)
        self.supervisor: Supervisor | None = None
        self.worker: Child | None = None
        self.stopping = False
        self.next_look = 0.0
        self.next_revival = 0.0

    def run(self) -> int:
        """Until a signal; 0 when everything that was started has stopped."""
        began = time.monotonic()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        adopt_orphans()
        try:
            self._start()
            self._wait_until_ready()
            if not self.stopping:
                self._greet(time.monotonic() - began)
            while not self.stopping:
                self._tick()
                time.sleep(0.2)
        finally:
            self._stop()
        return 0

    def _start(self) -> None:
        self.services.claim()
        refuse_taken_port("HELPDESK_HTTP_PORT", *self.http, what="the web pages")
        refuse_taken_port("HELPDESK_SMTP_PORT", *self.smtp, what="the mail listener")
        say("Starting PostgreSQL and Redis...")
        self.services.start()
        os.environ.update(self._child_environment())
        say("Bringing the database up to date...")
        self._prepare()
        self.supervisor = Supervisor(self.data_dir / "log", say)
        for child in self._children():
            self.supervisor.add(child)

    def _child_environment(self) -> dict[str, str]:
        keys = kept_secrets(self.data_dir)
        return self.services.addresses | {
            "HELPDESK_DATA_DIR": str(self.data_dir),
            "HELPDESK_SECRET_KEY": self.given.get("HELPDESK_SECRET_KEY") or keys["secret_key"],
            "HELPDESK_METRICS_TOKEN": self.given.get("HELPDESK_METRICS_TOKEN") or keys["metrics_token"],
            "HELPDESK_HTTP_PORT": str(self.http[1]),
            "HELPDESK_SMTP_PORT": str(self.smtp[1]),
            "HELPDESK_SHOP_PORT": str(self.shop_port),
            # Each thread with an arena of its own would keep memory that is free but never returned.
            "MALLOC_ARENA_MAX": "2",
            "PYTHONUNBUFFERED": "1",
        }

    def _prepare(self) -> None:
        result = subprocess.run([sys.executable, str(commands.ROOT / "manage.py"), "prepare"], start_new_session=True)
        if result.returncode and not self.stopping:
            raise Fault("The database could not be brought up to date (see above).", "correct that and start again")

    def _children(self) -> list[Child]:
        self.worker = commands.worker()
        # The shop comes with the demo; a taken port costs only the shop.
        self.with_shop = (self.data_dir / "demo.json").exists() and port_is_free(self.http[0], self.shop_port)
        shop = [commands.shop()] if self.with_shop else []
        return [commands.web(), self.worker, commands.mail(), *shop]

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_PATIENCE
        said: dict[str, str] = {}
        while not self.stopping and time.monotonic() < deadline:
            self._tick()
            said = self._ask_readyz()
            if said.get("ready"):
                return
            time.sleep(0.2)
        if not self.stopping:
            missing = ", ".join(f"{part}: {state}" for part, state in said.items() if state not in (True, False, "ok"))
            raise Fault(f"Not ready after {READY_PATIENCE:.0f} s ({missing or 'the web process does not answer'}).",
                        f"look into the logs in {self.data_dir / 'log'}")  # fmt: skip

    def _ask_readyz(self) -> dict[str, str]:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:  # noqa: S310  our own http address
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error)) if error.code == 503 else {}
        except (OSError, ValueError):
            return {}

    @property
    def url(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.http[0], self.http[0])  # noqa: S104
        return f"http://{host}:{self.http[1]}"

    def _greet(self, seconds: float) -> None:
        say(f"Ready after {seconds:.0f} s.\n")
        say(f"  Helpdesk        http://localhost:{self.http[1]}/")
        for line in demo_lines(self.data_dir / "demo.json"):
            say(f"  {line}")
        if self.with_shop:
            say(f"  Chat from       http://localhost:{self.shop_port}/demo/shop/ (a shop on an address of its own)")
        say(f"  Mail goes to    {self.smtp[0]}:{self.smtp[1]} (SMTP); try `make demo-mail` in another terminal")
        say(f"  Data and logs   {self.data_dir}")
        say("  Stop            Ctrl-C\n")

    def _tick(self) -> None:
        """Restart what fell. A server goes first: the others cannot work without it."""
        self._revive_services()
        if self.supervisor:
            self.supervisor.tick()
            reap_orphans(self._pids())
            if time.monotonic() >= self.next_look:
                self.next_look = time.monotonic() + LOOK_AFTER_SECONDS
                self.supervisor.trim_logs()
                self._look_after_worker()
                if disk_is_full(self.data_dir):
                    say(f"Warning: {full_disk(self.data_dir).cause} New mail is refused for now.")

    def _revive_services(self) -> None:
        """Start a fallen server again, for as long as it takes: whoever writes meanwhile is told to come later."""
        if time.monotonic() < self.next_revival:
            return
        for server in (self.services.postgres, self.services.redis):
            if server and not server.running and not self.stopping:
                how = f"ended with {server.process.returncode}" if server.process else "is not there"
                say(f"{type(server).__name__} {how}; starting it again.")
                try:
                    server.start()
                except Fault as fault:
                    self.next_revival = time.monotonic() + REVIVE_AGAIN_AFTER
                    say(f"{fault}\n  It is tried again in {REVIVE_AGAIN_AFTER:g} s.")

    def _look_after_worker(self) -> None:
        """A worker that is up but deaf to the queue (its connection hangs) is replaced."""
        worker = self.worker
        if not worker or not worker.running or not self.supervisor:
            return
        running_for = time.monotonic() - worker.started_at
        age = heartbeat_age(self.services.addresses["REDIS_URL"])
        if running_for > HEARTBEAT_LIMIT and age is not None and age > HEARTBEAT_LIMIT:
            self.supervisor.restart(worker, f"it has done nothing from the queue for {age:.0f} s")

    def _pids(self) -> set[int]:
        processes = [child.process for child in self.supervisor.children] if self.supervisor else []
        processes += [server.process for server in (self.services.postgres, self.services.redis) if server]
        return {process.pid for process in processes if process}

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.stopping:
            if self.supervisor:
                for child in self.supervisor.children:
                    if child.running and child.process:
                        child.process.kill()
            return
        self.stopping = True
        say("\nStopping (once more to stop at once)...")

    def _stop(self) -> None:
        if self.supervisor:
            self.supervisor.stop()
        started = self.services.postgres or self.services.redis or self.supervisor
        self.services.stop()
        if started:
            end_orphans()
            say("Stopped. The data is kept.")


def run(environment: dict[str, str]) -> int:
    try:
        return Up(environment).run()
    except Fault as fault:
        print(fault, file=sys.stderr, flush=True)
        return 1


def say(text: str) -> None:
    print(text, flush=True)


def refuse_taken_port(name: str, host: str, port: int, *, what: str) -> None:
    """Raise the Fault that names who holds the port."""
    if not port_is_free(host, port):
        raise Fault(f"Port {port} on {host}, for {what}, is taken{_taken_by(port)}.",
                    f"stop that program, or choose another port: {name}={_next_free(host, port)} make run")  # fmt: skip


def _taken_by(port: int) -> str:
    """` by NAME (process N)` where this user may know it."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr
            if listens and listens.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return ""


def _next_free(host: str, port: int) -> int:
    return next((candidate for candidate in range(port + 1, port + 100) if port_is_free(host, candidate)), port + 1)


def _port(environment: dict[str, str], name: str, default: int) -> int:
    said = environment.get(name) or str(default)
    if not said.isdigit() or not 0 < int(said) < 65536:
        raise Fault(
            f"{name} is {said!r}, which is no port.", f"set it to a number from 1 to 65535, for example {default}"
        )
    return int(said)


def heartbeat_age(redis_url: str, queue: str = "") -> float | None:
    """As helpdesk.tasks.heartbeat_age, without Django: seconds, or None when Redis or the key is not there."""
    try:
        with client(redis_url, socket_timeout=1) as asked:
            last = asked.get(f"helpdesk:worker-heartbeat:at{queue}")
            return None if last is None else max(0.0, time.time() - float(last))
    except (redis.RedisError, OSError, ValueError):
        return None


def demo_lines(path: Path) -> list[str]:
    """What `load_demo` left to be told: logins and the support address."""
    try:
        facts = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return []
    lines = [
        f"Log in as       {login['email']} / {login['password']} ({login['role']})" for login in facts.get("logins", [])
    ]
    if address := facts.get("support_address"):
        lines.append(f"Send a mail to  {address}")
    return lines
