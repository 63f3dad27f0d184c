#!/bin/sh
# Everything that can be judged without running the helpdesk; all of it runs before the result is told.
set -u
cd "$(dirname "$0")/.."
failed=0
step() {
    echo "- $1"
    shift
    "$@" || failed=1
}
step "ruff" .venv/bin/ruff check --quiet .
step "ruff format" .venv/bin/ruff format --check --quiet .
step "mypy" .venv/bin/mypy
step "templates" .venv/bin/python scripts/check_templates.py
step "migrations" .venv/bin/python manage.py services --slot lint -- .venv/bin/python manage.py makemigrations --check --dry-run
step "sizes" .venv/bin/python scripts/sizes.py
exit $failed
