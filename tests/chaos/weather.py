"""What goes wrong, in an order given by the seed: processes killed, servers frozen and emptied, a mail server that
dies at every step of the conversation."""

from __future__ import annotations

import contextlib
import random
import resource
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

import psutil
import psycopg
import redis

from tests.chaos.house import ChaosHouse
from tests.providers.telegram import BROKEN, TOO_MANY
from tests.support.smtp_sink import STEPS

KINDS = (
    "worker", "worker's child", "beat", "web", "mail", "postgres", "postgres stopped", "one backend", "redis",
    "redis frozen", "redis emptied", "clock", "disk",
)  # fmt: skip
FROZEN_SECONDS = 3.0
FULL_SECONDS, WRONG_SECONDS = 4.0, 8.0
# As far as a virtual machine's clock is off when its host gives it back, or a network corrects it.
CLOCK_STEPS = (-40, -5, 5, 40)


class Weather(threading.Thread):
    """Does each kind of harm `rounds` times, in random order, `pause` seconds apart on average."""

    def __init__(self, house: ChaosHouse, seed: int, *, rounds: int, pause: float) -> None:
        super().__init__(name="weather", daemon=True)
        self.house = house
        self.chance = random.Random(seed)
        self.pause = pause
        self.plan = list(KINDS) * rounds
        self.chance.shuffle(self.plan)
        self.done: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for kind in self.plan:
                time.sleep(self.chance.uniform(0.5, 1.5) * self.pause)
                # Mostly into a house at work; now and then into one that has not recovered from the last blow.
                if self.chance.random() < 0.7:
                    self.house.rows("SELECT 1")
                self._harm(kind)
        except BaseException as error:  # noqa: BLE001 - shown by the test, which joins this thread
            self.error = error

    def _harm(self, kind: str) -> None:
        """Find the victim and strike; one that is down already (its supervisor waits) is counted as missed."""
        strike: dict[str, Callable[[], None]] = {
            "worker": lambda: self._kill("celery"),
            "worker's child": self._kill_worker_child,
            "beat": self._kill_beat,
            "web": lambda: self._kill("helpdesk.web"),
            "mail": lambda: self._kill("manage.py mail"),
            "postgres": lambda: self._kill("postgres", "-D"),
            "postgres stopped": lambda: self.house.launcher.child("postgres", "-D").send_signal(signal.SIGINT),
            "one backend": self._kill_backend,
            "redis": lambda: self._kill("redis-server"),
            "redis frozen": self._freeze_redis,
            "redis emptied": self._empty_redis,
            "clock": self._move_clock,
            "disk": self._fill_disk,
        }
        try:
            strike[kind]()
            self.done[kind] += 1
        except (StopIteration, IndexError, psutil.Error, psycopg.Error, redis.RedisError):
            self.missed[kind] += 1

    def _kill(self, *words: str) -> None:
        self.house.launcher.child(*words).kill()

    def _kill_worker_child(self) -> None:
        # Only a process with children of its own: those are parsers, and their parent does the work.
        deadline = time.monotonic() + 10
        while not (children := [one for one in self.house.launcher.child("celery").children() if one.children()]):
            if time.monotonic() > deadline:
                raise IndexError("no worker has read anything yet")
            time.sleep(0.1)
        self.chance.choice(children).kill()

    def _kill_beat(self) -> None:
        """The child of the worker that reads no mail: those who do have children of their own, which parse."""
        children = self.house.launcher.child("celery").children()
        self.chance.choice([one for one in children if not one.children()]).kill()

    def _move_clock(self) -> None:
        """Every process of ours, while PostgreSQL's clock goes on; and back again after a while."""
        self.house.clock.write_text(str(self.chance.choice(CLOCK_STEPS)))
        threading.Timer(WRONG_SECONDS, self.house.clock.write_text, ["0"]).start()

    def _fill_disk(self) -> None:
        """No process of ours can write to any file: the kernel refuses, as a full disk does."""
        full = [self.house.launcher.child(words) for words in ("helpdesk.web", "celery", "manage.py mail")]
        full += [child for one in full for child in one.children(recursive=True)]
        _limit_files(full, 0)
        time.sleep(FULL_SECONDS)
        # Those they started meanwhile have it from them.
        full += [child for one in full if one.is_running() for child in one.children(recursive=True)]
        _limit_files(full, resource.RLIM_INFINITY)

    def _kill_backend(self) -> None:
        """The one kill after which PostgreSQL itself throws everybody out and recovers."""
        backends = [
            one for one in self.house.launcher.child("postgres", "-D").children()
            if " helpdesk helpdesk " in " ".join(one.cmdline())
        ]  # fmt: skip
        self.chance.choice(backends).kill()

    def _freeze_redis(self) -> None:
        server = self.house.launcher.child("redis-server")
        server.send_signal(signal.SIGSTOP)
        time.sleep(FROZEN_SECONDS)
        with contextlib.suppress(psutil.NoSuchProcess):
            server.send_signal(signal.SIGCONT)

    def _empty_redis(self) -> None:
        with redis.Redis.from_url(self.house.addresses()["REDIS_URL"], socket_timeout=2) as client:
            client.flushall()


def _limit_files(processes: Iterable[psutil.Process], size: int) -> None:
    for one in processes:
        with contextlib.suppress(psutil.Error):
            one.rlimit(psutil.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class BadProvider(threading.Thread):
    """Makes the messenger's servers hang up, hang, fail and refuse, now and then."""

    FAULTS = ("hang up", "silent", BROKEN, TOO_MANY)

    def __init__(self, house: ChaosHouse, seed: int) -> None:
        super().__init__(name="bad provider", daemon=True)
        self.messenger = house.messenger
        self.chance = random.Random(seed)
        self.over = threading.Event()
        self.failures: Counter[str] = Counter()

    def run(self) -> None:
        while not self.over.wait(self.chance.uniform(1.0, 3.0)):
            fault = self.chance.choice(self.FAULTS)
            with self.messenger.lock:
                if not self.messenger.faults:
                    self.messenger.faults.append(fault)
                    self.failures[fault if isinstance(fault, str) else str(fault.status)] += 1


class BadServer(threading.Thread):
    """Makes the customer's mail server fail at a random step of the conversation, now and then."""

    # Final refusals are few: each is a reply that no customer gets, and the agent must be told.
    REPLIES = (None, None, None, "451 4.3.0 not now", "421 4.3.2 closing", "550 5.7.1 no", "250 yes\r\n250 yes again")

    def __init__(self, house: ChaosHouse, seed: int) -> None:
        super().__init__(name="bad server", daemon=True)
        self.sink = house.sink
        self.chance = random.Random(seed)
        self.over = threading.Event()
        self.failures: Counter[str] = Counter()

    def run(self) -> None:
        while not self.over.wait(self.chance.uniform(0.2, 0.8)):
            step, reply = self.chance.choice(STEPS), self.chance.choice(self.REPLIES)
            if reply and reply.startswith("250"):
                step = "answer"
            elif step in ("content", "quit"):
                reply = None
            with self.sink.lock:
                waiting = any(failure.times for failure in self.sink.failures)
            if not waiting:
                self.sink.fail(step, reply)
                self.failures[f"{step}: {(reply or 'cut')[:3]}"] += 1


class FastClock(threading.Thread):
    """Lets the waits of rows (leases, retries) pass twenty times faster, so that two minutes are six seconds."""

    _TURN = (
        "UPDATE tickets_message SET lease_until = lease_until - interval '20 s' WHERE id IN (SELECT id FROM "
        "tickets_message WHERE outbox = 'sending' AND lease_until > now() FOR UPDATE SKIP LOCKED)",
        "UPDATE tickets_message SET not_before = not_before - interval '20 s' WHERE id IN (SELECT id FROM "
        "tickets_message WHERE outbox = 'queued' AND attempts > 0 AND not_before > now() FOR UPDATE SKIP LOCKED)",
        "UPDATE events_eventdelivery SET next_try_at = next_try_at - interval '20 s' WHERE id IN (SELECT id FROM "
        "events_eventdelivery WHERE state = 'due' AND next_try_at > now() FOR UPDATE SKIP LOCKED)",
    )

    def __init__(self, house: ChaosHouse) -> None:
        super().__init__(name="fast clock", daemon=True)
        self.house = house
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(1.0):
            with contextlib.suppress(psycopg.Error, OSError, ValueError):
                self._turn()

    def _turn(self) -> None:
        with psycopg.connect(self.house.addresses()["DATABASE_URL"], connect_timeout=2) as connection:
            for turn in self._TURN:
                connection.execute(turn)
