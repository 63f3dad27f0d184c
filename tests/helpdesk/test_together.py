"""Work done together: nobody waits for a batch to fill, nobody is forgotten, and one fault costs one batch."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from helpdesk.together import Together, TooMany

Answered = Callable[[Sequence[tuple[str, str]]], None]


class Worker:
    """Answers each piece with itself, in batches that can be held up."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, pieces: Sequence[str], answered: Answered) -> None:
        self.batches.append(list(pieces))
        assert self.go.wait(10)
        if "fault" in pieces:
            answered([(piece, piece) for piece in pieces if piece == "first"])
            raise RuntimeError("broken off")
        answered([(piece, piece) for piece in pieces if piece != "forgotten"])


async def test_what_comes_meanwhile_is_done_together() -> None:
    worker = Worker()
    together = Together(worker, lost="lost")
    assert await together.done("alone") == "alone"
    worker.go.clear()
    tasks = [asyncio.create_task(together.done("0"))]
    await until(lambda: len(worker.batches) == 2)
    tasks += [asyncio.create_task(together.done(str(number))) for number in range(1, 100)]
    await asyncio.sleep(0.05)
    worker.go.set()
    assert await asyncio.gather(*tasks) == [str(number) for number in range(100)]
    assert [len(batch) for batch in worker.batches] == [1, 1, 64, 35]


async def test_who_is_forgotten_or_broken_off_hears_so_and_the_next_are_served() -> None:
    worker = Worker()
    together = Together(worker, lost="lost")
    worker.go.clear()
    first = asyncio.create_task(together.done("begin"))
    await until(lambda: len(worker.batches) == 1)
    tasks = [asyncio.create_task(together.done(piece)) for piece in ("first", "fault", "third")]
    await asyncio.sleep(0.05)
    worker.go.set()
    assert [await first, *await asyncio.gather(*tasks)] == ["begin", "first", "lost", "lost"]
    assert await together.done("forgotten") == "lost"
    assert await together.done("next") == "next"


async def test_whoever_has_gone_holds_up_nobody() -> None:
    worker = Worker()
    together = Together(worker, lost="lost")
    worker.go.clear()
    gone = asyncio.create_task(together.done("gone"))
    await until(lambda: len(worker.batches) == 1)
    gone.cancel()
    worker.go.set()
    assert await together.done("next") == "next"


async def test_more_than_can_be_done_is_refused_at_once() -> None:
    worker = Worker()
    together = Together(worker, lost="lost", waiting_limit=2)
    worker.go.clear()
    tasks = [asyncio.create_task(together.done("0"))]
    await until(lambda: len(worker.batches) == 1)
    tasks += [asyncio.create_task(together.done(str(number))) for number in (1, 2)]
    await asyncio.sleep(0.05)
    with pytest.raises(TooMany):
        await together.done("3")
    worker.go.set()
    assert await asyncio.gather(*tasks) == ["0", "1", "2"]


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")
