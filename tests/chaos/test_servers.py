"""PostgreSQL killed in the middle of its work comes back, whatever it left behind."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from helpdesk.runtime import up
from helpdesk.runtime.faults import Fault
from helpdesk.runtime.postgres import Postgres

pytestmark = pytest.mark.kill


@pytest.fixture
def server(place: Path) -> Postgres:
    return Postgres(place / "postgres", password="chaos", durable=True)


def test_it_starts_again_beside_a_backend_that_does_not_notice(server: Postgres) -> None:
    """A backend deep in a calculation outlives a killed main process and holds its memory: the new one would refuse."""
    server.start()
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept VALUES (7)")
            busy = threading.Thread(target=_calculate, args=(connection,))
            busy.start()
            backend = psutil.Process(connection.info.backend_pid)
            time.sleep(0.5)
            assert server.process
            server.process.kill()
            server.process.wait()
            assert backend.is_running()

            server.start()

            busy.join(10)
            assert not backend.is_running() or backend.status() == psutil.STATUS_ZOMBIE
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]
    finally:
        server.stop()


def test_one_that_falls_right_after_its_first_answer_says_so(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Fault, which the launcher tries again after; anything else would end the helpdesk."""
    made = server._ensure_role_and_database

    def killed_now() -> None:
        assert server.process
        server.process.kill()
        server.process.wait()
        made()

    monkeypatch.setattr(server, "_ensure_role_and_database", killed_now)
    with pytest.raises(Fault, match="fell while it started"):
        server.start()
    monkeypatch.undo()
    server.start()
    server.stop()


def _calculate(connection: psycopg.Connection) -> None:
    with contextlib.suppress(psycopg.Error):
        connection.execute("SELECT count(*) FROM generate_series(1, 1000000000) a")


class Stubborn:
    """A server that was killed and fails to start so many times."""

    process = None
    running = False

    def __init__(self, failures: int) -> None:
        self.failures, self.starts = failures, 0

    def start(self) -> None:
        self.starts += 1
        if self.starts <= self.failures:
            raise Fault("PostgreSQL did not start: killed while recovering.", "wait")
        self.running = True


def test_a_server_killed_while_it_recovers_does_not_end_the_helpdesk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(up.time, "monotonic", lambda: now)
    launcher = up.Up({"HELPDESK_DATA_DIR": str(tmp_path)})
    server = Stubborn(failures=3)
    launcher.services.postgres = server  # type: ignore[assignment]
    while not server.running:
        launcher._revive_services()
        now += 0.25
        assert now < 10
    assert server.starts == 4
    assert now == pytest.approx(3 * up.REVIVE_AGAIN_AFTER, abs=1)
    assert capsys.readouterr().out.count("tried again in") == 3
