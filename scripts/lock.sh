#!/bin/sh
# Writes the locks from what is asked for; no download host may stand in them.
set -eu
cd "$(dirname "$0")/.."
export CUSTOM_COMPILE_COMMAND="make lock"
for name in base messages s3 dev node; do
    .venv/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
        --no-emit-trusted-host --no-emit-find-links --no-emit-options -o "requirements/$name.txt" "requirements/$name.in"
done
sh scripts/node.sh npm install --package-lock-only
# Where to donate is no business of a lock file; without it no address stands there at all.
.venv/bin/python - <<'PYTHON'
import json
import pathlib

path = pathlib.Path("package-lock.json")
lock = json.loads(path.read_text())
for package in lock["packages"].values():
    package.pop("funding", None)
path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")
PYTHON
