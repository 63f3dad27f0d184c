from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Built beside the running writers of a table that may be large."""

    atomic = False
    dependencies = [("tickets", "0034_named_index")]
    operations = [
        AddIndexConcurrently(model_name="ticket", index=models.Index(fields=["opened_at"], name="ticket_by_opening"))
    ]
