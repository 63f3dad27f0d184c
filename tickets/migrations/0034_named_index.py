from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Built beside the running writers of a table that may be large."""

    atomic = False
    dependencies = [("tickets", "0033_custom_statuses")]
    operations = [
        AddIndexConcurrently(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("custom_status__isnull", False)), fields=["custom_status"], name="ticket_named"
            ),
        )
    ]
