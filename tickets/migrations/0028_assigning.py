from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0013_availability"), ("tickets", "0027_templates_and_channel_notices")]
    operations = [
        migrations.CreateModel(
            name="Assigning",
            fields=[
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="assigning",
                        serialize=False,
                        to="people.team",
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("off", "Nobody is chosen"),
                            ("turns", "In turn"),
                            ("fewest", "Whoever has the fewest open"),
                        ],
                        default="off",
                        max_length=8,
                        verbose_name="who gets the next ticket",
                    ),
                ),
                ("most", models.PositiveSmallIntegerField(default=8, verbose_name="most at once")),
                ("weights", models.JSONField(blank=True, default=dict)),
                ("calendar", models.BigIntegerField(blank=True, null=True)),
                ("away_minutes", models.PositiveSmallIntegerField(blank=True, default=15, null=True)),
                ("sticky", models.BooleanField(default=True)),
                ("last_given", models.BigIntegerField(null=True)),
                ("asked", models.BigIntegerField(default=0)),
                ("answered", models.BigIntegerField(default=0)),
                ("look_again_at", models.DateTimeField(null=True)),
            ],
        ),
    ]
