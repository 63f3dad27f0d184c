from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """What one agent did, newest first: made beside the writers, who do not wait for it."""

    atomic = False
    dependencies = [("events", "0002_audit")]
    operations = [
        AddIndexConcurrently(
            "event",
            models.Index(fields=["actor_id", "id"], condition=models.Q(actor_kind="agent"), name="event_by_agent"),
        )
    ]
