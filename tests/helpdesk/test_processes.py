"""Grandchildren that outlive their parent are adopted, reaped and in the end stopped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# In a process of its own, or the test run itself would adopt orphans for good.
ADOPTS = """
import subprocess, sys, time
import psutil
from helpdesk.runtime.processes import adopt_orphans, end_orphans, reap_orphans

def leave_orphan(seconds):
    code = f"import subprocess; print(subprocess.Popen(['sleep', '{seconds}'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid)"
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)

adopt_orphans()
me = psutil.Process()
ours = subprocess.Popen(["true"])
brief, lasting = leave_orphan(0), leave_orphan(600)
assert {child.pid for child in me.children()} >= {lasting}, "not adopted"
deadline = time.monotonic() + 10
while psutil.pid_exists(brief):
    assert time.monotonic() < deadline, "a dead orphan was not reaped"
    reap_orphans([ours.pid])
    ours.poll()
    time.sleep(0.01)
assert psutil.pid_exists(lasting)
ours = subprocess.Popen(["sh", "-c", "exit 3"])
while psutil.Process(ours.pid).status() != psutil.STATUS_ZOMBIE:
    time.sleep(0.01)
reap_orphans([ours.pid])
assert ours.wait(5) == 3, "the exit code of a child of ours was taken away"
end_orphans(patience=0.1)
assert me.children() == [], "an orphan outlived its adopter"
"""


def test_orphans_are_adopted_reaped_and_ended() -> None:
    result = subprocess.run([sys.executable, "-c", ADOPTS], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
