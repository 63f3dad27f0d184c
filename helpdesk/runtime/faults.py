"""What can stop a start, said in one line of cause and one of cure."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

MIN_FREE_SHARE = 0.05
MIN_FREE_BYTES = 200 * 1024 * 1024


class Fault(Exception):
    """Something outside the program is wrong; the person who started it can cure it."""

    def __init__(self, cause: str, cure: str) -> None:
        super().__init__(f"{cause}\n  Cure: {cure}")
        self.cause = cause
        self.cure = cure


def disk_is_full(path: Path) -> bool:
    """Whether less than 5 % is free there, and little in absolute terms too.

    A 4 TB disk with 4 % left is in no danger within the hour, so both must hold.
    """
    usage = shutil.disk_usage(path)
    return usage.free < MIN_FREE_BYTES or (
        usage.free / usage.total < MIN_FREE_SHARE and usage.free < 20 * MIN_FREE_BYTES
    )


def prepare_data_dir(path: Path) -> None:
    """Make the data directory, or raise the Fault that says why it cannot be used."""
    cure = "make it writable for this user, or set HELPDESK_DATA_DIR to another folder"
    try:
        # Others may pass through, as PostgreSQL's user must where all is started as root, and see nothing.
        path.mkdir(parents=True, exist_ok=True, mode=0o711)
        probe = path / f".write-probe-{os.getpid()}"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full_disk(path) from error
        raise Fault(f"Cannot write to the data folder {path} ({error.strerror}).", cure) from error
    if disk_is_full(path):
        raise full_disk(path)


def full_disk(path: Path) -> Fault:
    free = shutil.disk_usage(path).free // (1024 * 1024)
    return Fault(
        f"The disk that holds {path} is full ({free} MiB free).",
        "free some space there, or set HELPDESK_DATA_DIR to a folder on another disk",
    )
