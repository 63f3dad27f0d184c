"""CPU time and memory of processes, read from /proc: unlike wall time it means something on a shared machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Spent:
    """Seconds of CPU, by who spent them, and of the clock on the wall."""

    wall: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return sum(self.cpu.values())


def cpu_of(pid: int) -> float:
    """CPU seconds of a process, of its living descendants and of all that it has already buried."""
    return sum(_cpu_with_buried(member) for member in family(pid))


def _cpu_with_buried(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) / TICK


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    found, queue = [], [pid]
    while queue:
        member = queue.pop()
        found.append(member)
        try:
            for task in Path(f"/proc/{member}/task").iterdir():
                queue += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def memory_of(pid: int) -> int:
    """Proportional set size in bytes: shared pages are counted once over all who share them."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))


def own_cpu(without: Collection[int] = ()) -> float:
    """CPU seconds of this process and of its children, those `without` and below them excepted."""
    times = os.times()
    apart = {os.getpid(), *(pid for root in without for pid in family(root))}
    living = sum(_cpu_with_buried(pid) for pid in family(os.getpid()) if pid not in apart)
    return times.user + times.system + times.children_user + times.children_system + living


@contextmanager
def measured(**sources: Callable[[], float]) -> Iterator[Spent]:
    """CPU by source (functions that read a running total) and wall time of the block."""
    spent = Spent()
    before = {name: read() for name, read in sources.items()}
    began = time.perf_counter()
    yield spent
    spent.wall = time.perf_counter() - began
    spent.cpu = {name: read() - before[name] for name, read in sources.items()}


def median(values: Iterable[float]) -> float:
    return quantile(values, 0.5)


def quantile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
