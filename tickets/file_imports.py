"""Files that are brought in by a job: looked at and named first, begun by a person, gone on with after a cut."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import OperationalError, models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from people.models import Agent

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
MOST_PROBLEMS = 50
WAITING, RUNNING, FAILED = "waiting", "running", "failed"


class FileImport(models.Model):
    """A file on its way in. `problems` holds the first rows that could not be read: [line, why]. Whoever runs it has a
    lease. Each kind says its own words for `state`, at least those above, and what it counts."""

    state = models.CharField(max_length=8)
    by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    filename = models.CharField(max_length=255)
    stored_as = models.CharField(max_length=100)
    mapping = models.JSONField(default=dict)
    refused = models.IntegerField(default=0)
    problems = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.filename


def run_due(model: type[FileImport], run: Callable[[int], object], *, at: datetime | None = None) -> int:
    """Files that wait or were left in the middle, oldest first; how many. Safe in several processes at once. One that
    breaks has failed, and the next are read all the same, unless the database was what broke."""
    done = 0
    while (found := _claim(model, at or timezone.now())) is not None:
        try:
            run(found)
        except OperationalError:
            raise
        except Exception:  # whatever it is, the next run would meet it again, and the files behind it would wait
            logger.exception("a file that was brought in broke", extra={"import": found, "of": model.__name__})
            model._default_manager.filter(pk=found).update(state=FAILED, finished_at=timezone.now(), lease_until=None)
        done += 1
    return done


def _claim(model: type[FileImport], at: datetime) -> int | None:
    with transaction.atomic():
        waiting = model._default_manager.filter(
            Q(lease_until=None) | Q(lease_until__lte=at), state__in=(WAITING, RUNNING)
        )
        row = waiting.select_for_update(skip_locked=True).order_by("id").first()
        if row is None:
            return None
        model._default_manager.filter(pk=row.pk).update(state=RUNNING, lease_until=at + LEASE)
    return row.pk
