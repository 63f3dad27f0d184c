"""Tokens for articles alone: two more scopes to choose from; the column stays as it is."""

import django.contrib.postgres.fields
from django.db import migrations, models

SCOPES = [
    ("read", "Read everything"),
    ("write", "Change everything"),
    ("tickets:read", "Read tickets"),
    ("tickets:write", "Answer and change tickets"),
    ("customers:read", "Read customers"),
    ("orders:read", "Read orders"),
    ("orders:write", "Bring in orders"),
    ("people:read", "Read people and teams"),
    ("reports:read", "Read reports"),
    ("articles:read", "Read articles"),
    ("articles:write", "Write articles"),
]


class Migration(migrations.Migration):
    dependencies = [("people", "0016_access_rules")]

    operations = [
        migrations.AlterField(
            model_name="apitoken",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=SCOPES, max_length=16), size=None
            ),
        ),
    ]
