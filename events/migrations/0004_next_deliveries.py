from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """What is due, by id: a backlog is claimed without reading all of it for each of its pairs."""

    atomic = False
    dependencies = [("events", "0003_event_by_agent")]
    operations = [
        AddIndexConcurrently(
            "eventdelivery",
            models.Index(fields=["id"], condition=models.Q(state="due", event_id__gt=0), name="eventdelivery_next"),
        ),
        RemoveIndexConcurrently("eventdelivery", "eventdelivery_due"),
    ]
