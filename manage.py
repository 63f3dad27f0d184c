#!/usr/bin/env python3
"""Runs one management command."""

import os
import sys


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    try:
        from django.core.management import execute_from_command_line
        from django.db.utils import OperationalError
    except ImportError:
        print(
            "The Python packages are not installed.\n  Cure: run `make setup`, then .venv/bin/python manage.py ...",
            file=sys.stderr,
        )
        return 1
    from helpdesk.runtime.faults import Fault

    if sys.argv[1:] == ["up"]:
        from helpdesk.runtime.up import run

        return run(dict(os.environ))
    try:
        execute_from_command_line(sys.argv)
    except Fault as fault:
        print(fault, file=sys.stderr)
        return 1
    except OperationalError as error:
        return _explain(error)
    return 0


def _explain(error: Exception) -> int:
    """One line instead of a trace when there is no database to talk to; other database errors stay as they are."""
    from helpdesk.environment import running_services

    if os.environ.get("DATABASE_URL"):
        where = "the database that DATABASE_URL names"
        cure = "start it, or correct DATABASE_URL"
    elif running_services():
        raise error
    else:
        where = "a database: nothing runs"
        cure = "start `make run` in another terminal, or use `manage.py services -- COMMAND`, or set DATABASE_URL"
    if "connection" not in str(error).lower():
        raise error
    print(f"This command needs {where}.\n  Cure: {cure}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
