"""Work that comes one by one, done many at once by one lasting thread: whoever waits hears what became of their own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from django.db import close_old_connections

logger = logging.getLogger(__name__)
W = TypeVar("W")
R = TypeVar("R")
Answered = Callable[[Sequence[tuple[W, R]]], None]


class TooMany(Exception):
    """More waits than can be done before those who wait give up."""


class Together(Generic[W, R]):
    """`work` is given what waits, at most `most` of it at once, and answers each piece through its second argument.

    The next batch is whatever came while the last was worked on: alone one waits for nobody, and the more come, the
    more share one commit. What `work` forgets, or breaks off, is answered with `lost`.
    """

    def __init__(
        self, work: Callable[[Sequence[W], Answered[W, R]], None], *, lost: R, most: int = 64, waiting_limit: int = 4000
    ) -> None:
        self.work = work
        self.lost = lost
        self.most = most
        self.waiting_limit = waiting_limit
        self._waiting: SimpleQueue[tuple[W, asyncio.Future[R]]] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    async def done(self, piece: W) -> R:
        """What became of it. TooMany at once, before anything is done."""
        if self._waiting.qsize() >= self.waiting_limit:
            raise TooMany
        self._start()
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.put((piece, future))
        return await future

    def _start(self) -> None:
        """Begin at the first need, so that a process that forks has it where it is needed."""
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                # Nothing is answered that is not committed, so the thread may end with its process.
                self._thread = threading.Thread(target=self._run, name="together", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            batch = [self._waiting.get()]
            try:
                while len(batch) < self.most:
                    batch.append(self._waiting.get_nowait())
            except Empty:
                pass
            self._work_on(batch)

    def _work_on(self, batch: Sequence[tuple[W, asyncio.Future[R]]]) -> None:
        futures = {id(piece): future for piece, future in batch}

        def answered(replies: Sequence[tuple[W, R]]) -> None:
            _tell([(futures.pop(id(piece)), reply) for piece, reply in replies if id(piece) in futures])

        try:
            close_old_connections()  # broken or old ones
            self.work([piece for piece, _ in batch], answered)
        except Exception:
            logger.exception("a batch broke off", extra={"pieces": len(batch), "unanswered": len(futures)})
        finally:
            _tell([(future, self.lost) for future in futures.values()])


def _tell(answers: Sequence[tuple[asyncio.Future[R], R]]) -> None:
    """Hand answers to the loop that waits for them, all of a batch in one go."""
    if answers:
        answers[0][0].get_loop().call_soon_threadsafe(_settle, answers)


def _settle(answers: Sequence[tuple[asyncio.Future[R], R]]) -> None:
    for future, answer in answers:
        if not future.done():  # whoever waited may be gone
            future.set_result(answer)
