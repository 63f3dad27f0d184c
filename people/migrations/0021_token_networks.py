from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0020_refusals_per_channel")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="last_address",
            field=models.CharField(blank=True, db_default="", default="", max_length=45),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="networks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=49), blank=True, db_default=[], default=list, size=None
            ),
        ),
    ]
