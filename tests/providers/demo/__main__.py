"""`make demo`: the helpdesk with the demo shop, and beside it simulators of the providers.

For a look only: it connects demo channels with credentials that everybody can read, and refuses in production mode.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 180.0
# The simulators stand on the helpdesk's code, which wants its settings first.
LIVE = "import django; django.setup(); from tests.providers.demo.live import main; main()"


def main() -> int:
    if os.environ.get("HELPDESK_MODE") == "production":
        print("This is a demonstration with credentials that everybody can read; it does not run in production mode.")
        return 1
    if os.environ.get("DATABASE_URL"):
        print("DATABASE_URL is set: the demonstration only runs with a helpdesk that it starts itself.")
        return 1
    port = os.environ.get("HELPDESK_SIMULATOR_PORT", "8002")
    names = {"graph": "graph", "instagram": "graph", "telegram": "telegram", "x": "x", "twilio": "twilio"}
    places = ",".join(f"{name}=http://127.0.0.1:{port}/{place}" for name, place in names.items())
    environment = {**os.environ, "HELPDESK_PROVIDER_ENDPOINTS": places, "HELPDESK_SIMULATOR_PORT": port,
                   "DJANGO_SETTINGS_MODULE": "helpdesk.settings"}  # fmt: skip
    helpdesk = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "up"], env=environment, start_new_session=True
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: helpdesk.send_signal(signal.SIGTERM))
    if not wait_until_ready(helpdesk):
        return helpdesk.wait()
    live = subprocess.Popen([sys.executable, "-c", LIVE], env=environment, cwd=ROOT, start_new_session=True)
    try:
        return helpdesk.wait()
    finally:
        live.terminate()
        live.wait(10)


def wait_until_ready(helpdesk: subprocess.Popen[bytes]) -> bool:
    """Until the helpdesk answers; False when it has ended before."""
    url = f"http://127.0.0.1:{os.environ.get('HELPDESK_HTTP_PORT', '8000')}/readyz"
    deadline = time.monotonic() + PATIENCE
    while helpdesk.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if json.load(answer).get("ready"):
                    return True
        except (OSError, ValueError):
            pass
        time.sleep(0.5)
    return False


if __name__ == "__main__":
    sys.exit(main())
