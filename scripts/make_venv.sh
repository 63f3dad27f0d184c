#!/bin/sh
# Makes .venv from the hash-pinned lock. PYTHON names the interpreter.
set -eu
cd "$(dirname "$0")/.."
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed; $PYTHON is $("$PYTHON" -V)." >&2
    echo "  Cure: make PYTHON=/path/to/python3.11" >&2
    exit 1
}
if [ ! -x .venv/bin/pip ]; then
    "$PYTHON" -m venv .venv || {
        echo "The Python at $PYTHON cannot make virtual environments." >&2
        echo "  Cure: install its venv module (Debian, Ubuntu: apt install python3-venv)" >&2
        exit 1
    }
fi
echo "Installing Python packages (one to three minutes the first time)..."
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt -r requirements/dev.txt
touch .venv/.installed
