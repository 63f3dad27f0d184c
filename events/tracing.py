"""The id that follows one request or one mail through every process.

A web request, a mail or a Celery job sets it; logs print it; whoever stores a row or queues a job takes it along.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_trace_id: ContextVar[str] = ContextVar("trace_id", default="")
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,32}")


def current_trace() -> str:
    """The id in force, or an empty string outside of any request, mail or job."""
    return _trace_id.get()


def new_trace() -> str:
    return secrets.token_hex(8)


@contextmanager
def tracing(trace_id: str = "") -> Iterator[str]:
    """Everything inside is logged under this id; without a usable one a new id is made.

    Ids come from outside (a header, a job), so anything that could forge log lines is replaced.
    """
    chosen = trace_id if _ACCEPTED.fullmatch(trace_id) else new_trace()
    token = _trace_id.set(chosen)
    try:
        yield chosen
    finally:
        _trace_id.reset(token)
