from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("channels_inbound", "0015_refusals_per_channel"),
    ]

    operations = [
        migrations.AddField(
            model_name="remotemedia",
            name="external_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        AddIndexConcurrently(
            model_name="remotemedia",
            index=models.Index(
                condition=models.Q(("external_id", ""), _negated=True),
                fields=["external_id"],
                name="remotemedia_piece",
            ),
        ),
    ]
