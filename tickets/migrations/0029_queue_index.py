from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Built beside the running writers of a table that may be large."""

    atomic = False
    dependencies = [("tickets", "0028_assigning")]
    operations = [
        AddIndexConcurrently(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("assignee__isnull", True), ("snoozed_until__isnull", True), ("status", "open")),
                fields=["team", "next_due_at", "id"],
                name="ticket_queue",
            ),
        )
    ]
