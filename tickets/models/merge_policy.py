"""Whether the house itself merges what is plainly about the same."""

from __future__ import annotations

from django.db import models


class MergePolicy(models.Model):
    """One row, or none while nothing was ever said. `hours` is how long before a new ticket another may have been
    opened to be merged with."""

    is_on = models.BooleanField(default=False)
    hours = models.PositiveSmallIntegerField(default=24)

    class Meta:
        verbose_name_plural = "merge policies"

    def __str__(self) -> str:
        return f"merging within {self.hours} hours" if self.is_on else "no merging"
