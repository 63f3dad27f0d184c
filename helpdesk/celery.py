"""The queue: a doorbell, not a memory. What must happen is a row in PostgreSQL; a lost job is rung again."""

from __future__ import annotations

import gc
import os
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from celery import Celery, signals
from django.conf import settings

from events.tracing import current_trace, tracing
from helpdesk.ack_watch import AckWatch
from helpdesk.beat_watch import BeatWatch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
TRACE_HEADER = "trace"


class Queue(Celery):
    """Celery, with workers that end as soon as their jobs have."""

    @cached_property
    def Worker(self) -> Any:
        return self.subclass_with_self("helpdesk.soft_stop:Worker")  # type: ignore[arg-type]  # a name will do


app = Queue("helpdesk")
app.config_from_object("helpdesk.queueing")
app.autodiscover_tasks()
app.steps["worker"].add(BeatWatch)
app.steps["worker"].add(AckWatch)
# Page threads are not the thread that imported this; without it they would get an app without settings.
app.set_default()


def compose_schedule(apps: list[str]) -> dict[str, dict[str, Any]]:
    """Every app's BEAT_SCHEDULE in one; a tick nobody fetched in time is dropped, the next one does its work.

    Without that an hour without workers would leave thousands of ticks to run one after another.
    """
    schedule: dict[str, dict[str, Any]] = {}
    for app_name in apps:
        if not find_spec(f"{app_name}.tasks"):
            continue
        for name, entry in getattr(import_module(f"{app_name}.tasks"), "BEAT_SCHEDULE", {}).items():
            options = {"expires": max(5.0, 2 * float(entry["schedule"])), **entry.get("options", {})}
            schedule[f"{app_name}: {name}"] = {**entry, "options": options}
    return schedule


@app.on_after_finalize.connect
def _set_schedule(sender: Celery, **_: Any) -> None:
    own_apps = [name for name in settings.INSTALLED_APPS if "." not in name]
    sender.conf.beat_schedule = compose_schedule([name for name in own_apps if find_spec(f"{name}.tasks")])


@signals.worker_init.connect
@signals.worker_before_create_process.connect
def _share_memory(**_: Any) -> None:
    """What is loaded before the children are forked stays shared: the collector never writes into it again."""
    gc.collect()
    gc.freeze()


@signals.setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Being connected is enough: Celery then leaves Django's logging settings alone."""


@signals.before_task_publish.connect
def _send_trace_along(headers: dict[str, Any], **_: Any) -> None:
    if trace := current_trace():
        headers[TRACE_HEADER] = trace


@signals.task_prerun.connect
def _take_up_trace(task: Any, **_: Any) -> None:
    trace = (task.request.headers or {}).get(TRACE_HEADER) or getattr(task.request, TRACE_HEADER, "") or ""
    context = tracing(trace)
    context.__enter__()
    task.request.tracing = context


@signals.task_postrun.connect
def _put_down_trace(task: Any, **_: Any) -> None:
    if context := getattr(task.request, "tracing", None):
        context.__exit__(None, None, None)
