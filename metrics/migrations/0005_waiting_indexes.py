from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Built beside the running writers of a table that may be large."""

    atomic = False
    dependencies = [("metrics", "0004_changed_hours")]
    operations = [
        AddIndexConcurrently(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("state", "fulfilled"), ("target", "first")),
                fields=[column],
                include=("stopped_at", "channel_id", "team_id", "answered_by"),
                name=name,
            ),
        )
        for column, name in (("wall_seconds", "clock_by_wall"), ("used_seconds", "clock_by_used"))
    ]
