from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

TONES = [("", "Grey"), ("acc", "Blue"), ("ok", "Green"), ("warn", "Amber"), ("bad", "Red")]
CASCADE = django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    dependencies = [("people", "0013_availability"), ("tickets", "0032_fields")]
    operations = [
        migrations.CreateModel(
            name="CustomStatus",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, unique=True)),
                ("names", models.JSONField(default=dict)),
                ("category", models.CharField(max_length=8, verbose_name="category")),
                (
                    "tone",
                    models.CharField(blank=True, choices=TONES, default="", max_length=4, verbose_name="colour"),
                ),
                ("is_default", models.BooleanField(default=False)),
                ("position", models.SmallIntegerField(default=0)),
                ("archived_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "team",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=CASCADE, related_name="statuses", to="people.team"
                    ),
                ),
            ],
            options={"ordering": ["position", "pk"]},
        ),
        migrations.AddConstraint(
            "customstatus",
            models.UniqueConstraint(
                condition=models.Q(("archived_at", None), ("is_default", True)),
                fields=("category", "team"),
                name="customstatus_one_default",
                nulls_distinct=False,
            ),
        ),
        migrations.AddField(
            model_name="ticket",
            name="custom_status",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="tickets",
                to="tickets.customstatus",
            ),
        ),
    ]
