"""The checklist itself, in its order, and the one look at all of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import Error as DatabaseError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from redis import RedisError

from helpdesk.doctor import given, running
from helpdesk.doctor.lines import Look, Problem, Result, fail

CHECKLIST: dict[int, tuple[Any, Look]] = {
    1: (_("Secrets and mode"), given.look_at_secrets),
    2: (_("Names, proxies and cookies"), given.look_at_names),
    3: (_("Content policy"), given.look_at_policy),
    4: (_("Uploads"), given.look_at_uploads),
    5: (_("Accounts"), given.look_at_accounts),
    6: (_("Rate limits"), given.look_at_rate_limits),
    7: (_("Sender checks and signatures"), given.look_at_mail),
    8: (_("Limits of reading"), given.look_at_readers),
    9: (_("Requests to the outside"), given.look_at_egress),
    10: (_("PostgreSQL"), running.look_at_postgresql),
    11: (_("Redis"), running.look_at_redis),
    12: (_("Queue and workers"), running.look_at_queue),
    13: (_("Web processes and sockets"), running.look_at_web),
    14: (_("Backups"), running.look_at_backups),
    15: (_("Logs"), given.look_at_logs),
    16: (_("Machine and containers"), running.look_at_machine),
    17: (_("Dependencies"), running.look_at_dependencies),
    18: (_("Alarms"), running.look_at_alarms),
    19: (_("Drills"), running.look_at_drills),
}


def examine() -> list[Result]:
    """Every line looked at. One that cannot be looked at fails with what came in between."""
    return [Result(number, title, tuple(_problems(look))) for number, (title, look) in CHECKLIST.items()]


def _problems(look: Look) -> Iterator[Problem]:
    try:
        yield from look()
    except (DatabaseError, RedisError, OSError) as error:
        yield fail(gettext("Could not be looked at: `%(error)s`.") % {"error": type(error).__name__},
                   gettext("Are PostgreSQL and Redis there? See `/readyz`."))  # fmt: skip
