"""One command starts everything, keeps it running and stops it; what prevents it is said with its cure."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from helpdesk.runtime import binaries, faults
from helpdesk.runtime.faults import Fault, prepare_data_dir
from helpdesk.runtime.services import Services, hold_lock
from tests.support.launcher import Launcher


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    launcher = Launcher(tmp_path_factory.mktemp("up") / "var").start()
    try:
        launcher.wait_until_ready(said=True)
        yield launcher
    finally:
        launcher.end(signal.SIGINT)


def test_everything_is_ready_and_told(running: Launcher) -> None:
    assert running.ready() == {
        "ready": True,
        "web": "ok",
        "database": "ok",
        "redis": "ok",
        "durability": "ok",
        "worker": "ok",
        "mail": "ok",
    }
    assert f"http://localhost:{running.environment['HELPDESK_HTTP_PORT']}/" in running.output
    assert f"127.0.0.1:{running.environment['HELPDESK_SMTP_PORT']}" in running.output


def test_a_second_terminal_reaches_the_same_database(running: Launcher) -> None:
    code = "from django.db import connection as c; k = c.cursor(); k.execute('SHOW fsync'); print(k.fetchone()[0])"
    result = running.manage("shell", "-v", "0", "-c", code)
    assert result.stdout.strip() == "on", result.stderr


def test_what_a_crash_must_not_cost_is_switched_on(running: Launcher) -> None:
    for setting in ("synchronous_commit", "full_page_writes", "data_checksums"):
        code = f"from django.db import connection as c; k = c.cursor(); k.execute('SHOW {setting}'); print(k.fetchone()[0])"
        assert running.manage("shell", "-v", "0", "-c", code).stdout.strip() == "on"


def test_passwords_are_private(running: Launcher) -> None:
    for name in ("services.json", "secrets.json"):
        assert (running.data_dir / name).stat().st_mode & 0o077 == 0
    assert (running.data_dir / "redis" / "redis.conf").stat().st_mode & 0o077 == 0
    passwords = json.loads((running.data_dir / "secrets.json").read_text()).values()
    for process in running.family():
        assert not any(password in " ".join(process.cmdline()) for password in passwords)


def test_a_second_up_says_that_one_runs(running: Launcher) -> None:
    assert running.process
    second = Launcher(running.data_dir, HELPDESK_HTTP_PORT="8", HELPDESK_SMTP_PORT="9")
    second.log = running.data_dir.with_name("second.terminal")
    assert second.start().process.wait(30) == 1  # type: ignore[union-attr]
    lines = second.output.splitlines()
    assert lines[0] == f"The helpdesk already runs on {running.data_dir} (process {running.process.pid})."
    assert lines[1].startswith("  Cure: ")
    assert running.ready()["ready"]
    assert (running.data_dir / "services.json").exists()


@pytest.mark.kill
@pytest.mark.parametrize(
    "words", [("celery", "worker"), ("manage.py", "mail"), ("helpdesk.web",)], ids=["worker", "mail", "web"]
)
def test_a_killed_process_is_started_again(running: Launcher, words: tuple[str, ...]) -> None:
    killed = running.child(*words)
    killed.kill()
    _wait_until(lambda: not killed.is_running())
    time.sleep(1.2)  # what /readyz remembers
    running.wait_until_ready(30)
    assert running.child(*words).pid != killed.pid


@pytest.mark.kill
def test_a_killed_database_is_started_again(running: Launcher) -> None:
    postgres = running.child("postgres", "-D")
    postgres.kill()
    running.wait_for_output("Postgres ended with")
    running.wait_until_ready(60)


@pytest.mark.kill
def test_a_killed_redis_is_started_again_on_its_port(running: Launcher) -> None:
    before = (running.data_dir / "services.json").read_text()
    running.child("redis-server").kill()
    running.wait_for_output("Redis ended with")
    time.sleep(1.2)
    running.wait_until_ready(90)
    assert (running.data_dir / "services.json").read_text() == before


@pytest.mark.kill
def test_killed_children_of_the_worker_are_started_again_beat_too(running: Launcher) -> None:
    def children() -> set[int]:
        return {child.pid for child in running.child("celery").children()}

    before = children()
    assert len(before) == 3  # two processes for jobs and beat
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    _wait_until(lambda: len(children()) == 3 and not before & children(), 30)


def test_stopping_ends_all_keeps_data_and_a_second_start_is_quick(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path / "var", HELPDESK_DEMO="0").start()
    launcher.wait_until_ready(said=True)
    family = launcher.family()
    assert len(family) > 5
    made = "from people.models import Agent; Agent.objects.create_user('kept@example.com', 'x', name='Kept')"
    assert launcher.manage("shell", "-v", "0", "-c", made).returncode == 0
    assert launcher.end(signal.SIGTERM) == 0
    assert launcher.output.rstrip().endswith("Stopped. The data is kept.")
    assert [process for process in family if process.is_running()] == []
    assert not (launcher.data_dir / "services.json").exists()

    began = time.monotonic()
    launcher.start().wait_until_ready()
    assert time.monotonic() - began < 40
    code = "from people.models import Agent; print(Agent.objects.get().email)"
    assert launcher.manage("shell", "-v", "0", "-c", code).stdout.strip() == "kept@example.com"
    launcher.end(signal.SIGINT)


@pytest.mark.kill
def test_after_kill_9_of_the_launcher_nothing_is_left_and_it_starts_again(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path / "var", HELPDESK_DEMO="0").start()
    launcher.wait_until_ready()
    family = launcher.family()
    launcher.end(signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=90)  # a worker is given 30 s
    assert [_told(process) for process in alive] == []
    # What a crash leaves: the pid files, here even of a pid that lives and is someone else's.
    (launcher.data_dir / "up.pid").write_text(str(os.getpid()))
    (launcher.data_dir / "postgres" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    launcher.start().wait_until_ready()
    launcher.end()


@pytest.mark.parametrize("name", ["HELPDESK_HTTP_PORT", "HELPDESK_SMTP_PORT"])
def test_a_taken_port_is_named_with_who_holds_it(tmp_path: Path, name: str) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        launcher = Launcher(tmp_path / "var", **{name: str(port)}).start()
        assert launcher.process
        assert launcher.process.wait(30) == 1
    cause, cure, *_ = launcher.output.splitlines()
    assert cause.startswith(f"Port {port} on 127.0.0.1")
    assert f"(process {os.getpid()})" in cause
    assert f"{name}=" in cure
    assert not (tmp_path / "var" / "postgres").exists()


@pytest.mark.parametrize(
    ("environment", "cause", "cure"),
    [
        ({"HELPDESK_HTTP_PORT": "web"}, "HELPDESK_HTTP_PORT is 'web'", "number from 1 to 65535"),
        ({"HELPDESK_SMTP_PORT": "70000"}, "HELPDESK_SMTP_PORT is '70000'", "number from 1 to 65535"),
        ({"HELPDESK_DATA_DIR": "/dev/null/var"}, "Cannot write to the data folder /dev/null/var", "HELPDESK_DATA_DIR"),
    ],
)
def test_a_setting_that_cannot_be(tmp_path: Path, environment: dict[str, str], cause: str, cure: str) -> None:
    launcher = Launcher(tmp_path / "var", **environment).start()
    assert launcher.process
    assert launcher.process.wait(30) == 1
    said = launcher.output.splitlines()
    assert cause in said[0]
    assert cure in said[1]
    assert "Traceback" not in launcher.output


def test_data_of_another_postgresql(tmp_path: Path) -> None:
    data = tmp_path / "var" / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")
    launcher = Launcher(tmp_path / "var").start()
    assert launcher.process
    assert launcher.process.wait(30) == 1
    assert f"{data} was made by PostgreSQL 16; this program brings 18." in launcher.output
    assert "Cure: move that folder away" in launcher.output
    assert (data / "PG_VERSION").read_text() == "16\n"


def test_no_redis_on_this_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binaries, "_wheel_folders", lambda: [tmp_path])
    with pytest.raises(Fault) as fault:
        Services(tmp_path / "var").start()
    assert fault.value.cause.startswith("No redis-server or valkey-server found")
    assert "REDIS_URL" in fault.value.cure
    # Nothing was left running and the folder is free again.
    hold_lock(tmp_path / "var").close()


def test_a_redis_of_the_machine_is_preferred_and_valkey_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    valkey = tmp_path / "valkey-server"
    valkey.write_text("#!/bin/sh\n")
    valkey.chmod(0o755)
    assert binaries.redis_server() == valkey


def test_no_postgresql_on_this_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda name: None)
    with pytest.raises(Fault, match="No PostgreSQL for this platform"):
        binaries.postgres_bin()


def test_given_services_are_used_and_not_started(tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgresql://elsewhere/x", "REDIS_URL": "redis://elsewhere"}
    with Services(tmp_path / "var", environment=given) as services:
        assert services.addresses == given
        assert (services.postgres, services.redis) == (None, None)


MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("total", "free", "full"),
    [
        (100_000 * MIB, 50_000 * MIB, False),
        (100_000 * MIB, 4_999 * MIB, False),  # under 5 %, but gigabytes are left
        (40_000 * MIB, 1_900 * MIB, True),
        (1_000 * MIB, 300 * MIB, False),
        (1_000 * MIB, 150 * MIB, True),
        (1_000 * MIB, 0, True),
    ],
)
def test_when_a_disk_is_full(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, total: int, free: int, full: bool
) -> None:
    usage = shutil._ntuple_diskusage(total, total - free, free)  # type: ignore[attr-defined]
    monkeypatch.setattr(faults.shutil, "disk_usage", lambda path: usage)
    assert faults.disk_is_full(tmp_path) is full
    if full:
        with pytest.raises(Fault, match="is full"):
            prepare_data_dir(tmp_path)
    else:
        prepare_data_dir(tmp_path)


def test_a_disk_that_fills_while_we_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(Fault, match=r"The disk that holds .* is full"):
        prepare_data_dir(tmp_path)


def _told(process: psutil.Process) -> str:
    """Enough to know it again in a report."""
    try:
        return f"{process.pid} {process.status()} {' '.join(process.cmdline())}"
    except psutil.Error:
        return "gone meanwhile"


def _wait_until(reached: Callable[[], bool], timeout: float = 15) -> None:
    deadline = time.monotonic() + timeout
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)
