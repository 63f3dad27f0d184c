"""The queue: a doorbell, not a memory. What must happen is a row in PostgreSQL; a lost job is rung again."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
app = Celery("helpdesk")
app.config_from_object("helpdesk.queueing", namespace="")
app.autodiscover_tasks()
