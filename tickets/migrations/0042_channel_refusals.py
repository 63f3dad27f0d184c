from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0019_brand_logos"),
        ("tickets", "0041_merge_policy"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChannelRefusal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "refuses",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "-"),
                            ("stopped", "Asked us to stop"),
                            ("blocked", "Has blocked us"),
                            ("unreachable", "Could not be reached"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tickets.channel",
                    ),
                ),
                (
                    "identity",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="refusals",
                        to="people.identity",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("identity", "channel"), name="channelrefusal_once")],
            },
        ),
    ]
