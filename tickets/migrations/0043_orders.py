from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes of two more orders, built beside the running writers of a table that may be large."""

    atomic = False
    dependencies = [("tickets", "0042_channel_refusals")]
    operations = [
        migrations.AlterField(
            model_name="savedview",
            name="order",
            field=models.CharField(
                choices=[
                    ("newest", "Newest message first"),
                    ("oldest", "Oldest message first"),
                    ("waiting", "Waiting longest first"),
                    ("deadline", "Nearest deadline first"),
                    ("priority", "Most urgent first"),
                    ("eldest", "Opened longest ago first"),
                    ("youngest", "Opened last first"),
                ],
                default="newest",
                max_length=8,
                verbose_name="order",
            ),
        ),
        AddIndexConcurrently(
            model_name="ticket",
            index=models.Index(fields=["status", "opened_at", "id"], name="ticket_by_age"),
        ),
        AddIndexConcurrently(
            model_name="ticket",
            index=models.Index(fields=["status", "-priority", "id"], name="ticket_by_priority"),
        ),
    ]
