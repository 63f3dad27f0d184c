"""Parsing in limited child processes that live on: a poison mail costs itself, never the worker or its neighbours.

One child takes about 20 MB. Each mail has its own wall time, CPU time and memory limit; a child that breaks one is
replaced and only the mail it was reading fails. Safe to use from threads and after a fork (each process has its own).
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from channels_inbound.email.parse import with_contents
from channels_inbound.email.parsed import ParsedEmail
from channels_inbound.email.pool_child import ANSWER, FRAME, LENGTH, PARSED
from channels_inbound.email.wire import from_wire

_ROOT = str(Path(__file__).resolve().parents[2])
_PROGRAM = (
    "import sys, json; sys.path[:0] = [sys.argv[1]]; "
    "from channels_inbound.email.pool_child import main; main(json.loads(sys.argv[2]))"
)
# Small children give memory of a big mail back to the system at once.
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "262144",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
}
_FRAME_MAILS = 32
_FRAME_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """Why a mail could not be read: timeout, memory, crash, unparseable or error, with a line for people."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """What one mail may take, and after how many mails a child is replaced."""

    wall_seconds: float = 10.0
    cpu_seconds: int = 10
    memory_bytes: int = 300 << 20
    mails_per_child: int = 2000


class ParserPool:
    """Up to `size` children, started when first needed."""

    def __init__(self, size: int = 1, limits: PoolLimits | None = None) -> None:
        self.limits = limits or PoolLimits()
        self._slots = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()

    def parse(self, raw: bytes, *, trusted_authserv_ids: Collection[str] = ()) -> ParsedEmail | ParseFailure:
        return self.parse_many([raw], trusted_authserv_ids=trusted_authserv_ids)[0]

    def parse_many(
        self, raws: Sequence[bytes], *, trusted_authserv_ids: Collection[str] = (), with_content: bool = True
    ) -> list[ParsedEmail | ParseFailure]:
        """One result for each mail in the order given; attachments carry their bytes unless told otherwise."""
        results: list[ParsedEmail | ParseFailure] = []
        options = json.dumps({"trusted_authserv_ids": sorted(trusted_authserv_ids)}).encode()
        with self._slots:
            for frame in _frames(raws):
                while frame:
                    answered = self._run(frame, options)
                    results += [
                        with_contents(result, raw)
                        if with_content and isinstance(result, ParsedEmail) and result.attachments
                        else result
                        for result, raw in zip(answered, frame, strict=False)
                    ]
                    frame = frame[len(answered) :]
        return results

    def _run(self, frame: list[bytes], options: bytes) -> list[ParsedEmail | ParseFailure]:
        """Results up to and including the first mail that broke the child."""
        child = self._take()
        alive = False
        try:
            results, alive = child.run(frame, options)
            return results
        finally:
            self._give_back(child, alive)

    def _take(self) -> _Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.process.poll() is None:
                    self._busy.add(child)
                    return child
                child.close()
        child = _Child(self.limits)
        with self._lock:
            self._busy.add(child)
        return child

    def _give_back(self, child: _Child, alive: bool) -> None:
        keep = alive and child.mails < self.limits.mails_per_child
        with self._lock:
            self._busy.discard(child)
            if keep:
                self._idle.append(child)
        if not keep:
            child.close()

    def close(self) -> None:
        """End every child and reap it."""
        with self._lock:
            children, self._idle = [*self._idle, *self._busy], []
            self._busy.clear()
        for child in children:
            child.close()

    def forget(self) -> None:
        """After a fork: the children are the parent's; let go of their sockets so that they still end with it."""
        for child in [*self._idle, *self._busy]:
            child.link.close()
        self._idle, self._busy, self._lock = [], set(), threading.Lock()


# So many times its wall time a mail is waited for while its child gets no processor: that is no fault of the mail.
_PATIENCE = 6


class _Wait:
    """How long the child may still take for one mail. Its wall time is over when it had the processor for half of it;
    on a machine that gives it none, or has it stopped, it is waited for some times as long."""

    def __init__(self, pid: int, seconds: float) -> None:
        self.pid, self.seconds = pid, seconds
        self.cpu = _cpu_of(pid)
        self.end = time.monotonic() + seconds
        self.last = self.end + (_PATIENCE - 1) * seconds

    def left(self) -> float:
        """Seconds; TimeoutError when there are none."""
        now = time.monotonic()
        if self.end <= now:
            if now >= self.last or not self._starved():
                raise TimeoutError
            self.end = min(now + self.seconds / 4, self.last)
        return max(self.end - now, 0.001)

    def _starved(self) -> bool:
        had = _cpu_of(self.pid)
        return self.cpu is not None and had is not None and had - self.cpu < self.seconds / 2


def _cpu_of(pid: int) -> float | None:
    """Seconds of processor a process has had; None where that cannot be read."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


class _Child:
    """One child process and the socket to it."""

    def __init__(self, limits: PoolLimits) -> None:
        self.limits = limits
        self.mails = 0
        self.link, theirs = socket.socketpair()
        settings = json.dumps({"memory_bytes": limits.memory_bytes, "cpu_seconds": limits.cpu_seconds})
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-E", "-s", "-X", "utf8", "-c", _PROGRAM, _ROOT, settings],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )

    def run(self, frame: list[bytes], options: bytes) -> tuple[list[ParsedEmail | ParseFailure], bool]:
        results: list[ParsedEmail | ParseFailure] = []
        try:
            self._send(frame, options)
            for _ in frame:
                results.append(self._receive_answer())
                self.mails += 1
        except TimeoutError:
            self.process.kill()
            return [
                *results,
                ParseFailure("timeout", f"reading took longer than {self.limits.wall_seconds:g} s"),
            ], False
        except OSError:
            return [*results, self._explain_death()], False
        memory = any(isinstance(result, ParseFailure) and result.reason == "memory" for result in results)
        return results, not memory

    def _send(self, frame: list[bytes], options: bytes) -> None:
        self.link.settimeout(self.limits.wall_seconds + 5)
        sizes = b"".join(LENGTH.pack(len(raw)) for raw in frame)
        head = FRAME.pack(len(frame), len(options)) + options + sizes
        if sum(map(len, frame)) <= _FRAME_BYTES:
            self.link.sendall(head + b"".join(frame))
        else:
            self.link.sendall(head)
            for raw in frame:
                self.link.sendall(raw)

    def _receive_answer(self) -> ParsedEmail | ParseFailure:
        wait = _Wait(self.process.pid, self.limits.wall_seconds)
        status, size = ANSWER.unpack(self._receive(ANSWER.size, wait))
        data = self._receive(size, wait)
        return from_wire(data) if status == PARSED else ParseFailure(*json.loads(data))

    def _receive(self, size: int, wait: _Wait) -> bytes:
        pieces, missing = [], size
        while missing:
            self.link.settimeout(wait.left())
            try:
                piece = self.link.recv(min(missing, 1 << 20))
            except TimeoutError:
                continue  # whether that was the end, `left` says
            if not piece:
                raise ConnectionError("the child is gone")
            pieces.append(piece)
            missing -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _explain_death(self) -> ParseFailure:
        code = self.process.wait(5) if self._ended() else None
        if code == -signal.SIGXCPU:
            return ParseFailure("timeout", f"reading took more than {self.limits.cpu_seconds} s of CPU")
        return ParseFailure("crash", f"the parsing process ended ({code})")

    def _ended(self) -> bool:
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.process.kill()
        return True

    def close(self) -> None:
        """Closing the socket ends an idle child; one that does not listen is killed. Either way it is reaped."""
        self.link.close()
        try:
            self.process.wait(0.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _frames(raws: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Small mails travel together: a wake-up of the child costs as much as reading a small mail."""
    frame: list[bytes] = []
    size = 0
    for raw in raws:
        if frame and (len(frame) >= _FRAME_MAILS or size + len(raw) > _FRAME_BYTES):
            yield frame
            frame, size = [], 0
        frame.append(raw)
        size += len(raw)
    if frame:
        yield frame


_default: ParserPool | None = None
_default_lock = threading.Lock()


def default_pool() -> ParserPool:
    """This process's pool with one child, made on first use."""
    global _default
    with _default_lock:
        if _default is None:
            _default = ParserPool()
        return _default


def _close_default() -> None:
    if _default is not None:
        _default.close()


def _after_fork() -> None:
    global _default, _default_lock
    _default_lock = threading.Lock()
    if _default is not None:
        _default.forget()
        _default = None


def parse_many(
    raws: Sequence[bytes], *, trusted_authserv_ids: Collection[str] = (), with_content: bool = True
) -> list[ParsedEmail | ParseFailure]:
    """`ParserPool.parse_many` of this process's own pool."""
    return default_pool().parse_many(raws, trusted_authserv_ids=trusted_authserv_ids, with_content=with_content)


atexit.register(_close_default)
os.register_at_fork(after_in_child=_after_fork)
