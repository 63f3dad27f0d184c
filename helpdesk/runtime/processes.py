"""Starting and ending one child process so that it never outlives its parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def spawn(
    command: Sequence[str | Path],
    *,
    log: IO[bytes] | int | None = None,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    cwd: Path | None = None,
    parent_death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a program in its own session; on Linux it is told to end when we are killed.

    The session keeps a Ctrl-C in the terminal to the supervisor, which then ends the children in order.
    """
    identity = pwd.getpwnam(user) if user else None
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT if log is not None else None,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,
        user=identity.pw_uid if identity else None,
        group=identity.pw_gid if identity else None,
        extra_groups=[] if identity else None,
        preexec_fn=_die_with_parent(parent_death_signal),
    )


def _die_with_parent(signal_number: int) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal_number)
        # The parent may have died between fork and this call; then nobody would tell us.
        if os.getppid() != parent:
            os.kill(os.getpid(), signal_number)

    return ask_kernel


def end(process: subprocess.Popen[bytes], *, stop_signal: int = signal.SIGTERM, patience: float = 30) -> None:
    """Ask it to end, wait, and kill the whole group when it does not."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    if process.poll() is None:
        kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL the process and everything in its session's group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def adopt_orphans() -> None:
    """On Linux: grandchildren whose parent died become ours and not pid 1's, which in a container reaps nobody."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1)


def reap_orphans(ours: Collection[int]) -> None:
    """Let the dead among our adopted children go; `ours` are the pids of those that have a Popen of their own."""
    while True:
        try:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        # One of ours is left to its Popen, which is asked as often as we are; then the next one's turn comes.
        if dead is None or dead.si_pid in ours:
            return
        os.waitpid(dead.si_pid, os.WNOHANG)


def end_orphans(patience: float = 5) -> None:
    """Once all that was started has ended: wait for adopted children, and kill what stays."""
    _, alive = psutil.wait_procs(psutil.Process().children(recursive=True), timeout=patience)
    for child in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(alive, timeout=patience)


def end_leftover(pid: int, program: str, *, stop_signal: int, argument: str) -> bool:
    """End a process an earlier, killed run left behind. False when the pid now belongs to something else."""
    try:
        leftover = psutil.Process(pid)
        command = leftover.cmdline()
    except psutil.Error:
        return False
    if not command or program not in Path(command[0]).name or not any(argument in part for part in command):
        return False
    leftover.send_signal(stop_signal)
    try:
        leftover.wait(30)
    except psutil.TimeoutExpired:
        leftover.kill()
        leftover.wait(10)
    return True


def end_processes_in(folder: Path, program: str, *, patience: float = 10) -> None:
    """Kill every process of that name that works in this folder, and wait until they are gone."""
    found = [process for process in psutil.process_iter(["name"]) if _works_in(process, folder, program)]
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(found, timeout=patience)


def _works_in(process: psutil.Process, folder: Path, program: str) -> bool:
    try:
        return process.info["name"] == program and Path(process.cwd()) == folder
    except psutil.Error:
        return False  # gone, or somebody else's
