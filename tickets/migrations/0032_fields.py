from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

KINDS = [("text", "Text"), ("number", "Number"), ("choice", "Choice"), ("date", "Date"), ("checkbox", "Checkbox")]
CASCADE = django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    dependencies = [("people", "0013_availability"), ("tickets", "0031_macro_html")]
    operations = [
        migrations.AddField("macro", "fields", models.JSONField(db_default={}, default=dict)),
        migrations.AlterField("bulkjob", "value", models.CharField(max_length=600)),
        migrations.CreateModel(
            name="TicketField",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, unique=True, verbose_name="name")),
                ("key", models.CharField(max_length=60, unique=True)),
                ("kind", models.CharField(choices=KINDS, max_length=8, verbose_name="kind")),
                ("choices", models.JSONField(default=list)),
                (
                    "required",
                    models.BooleanField(default=False, verbose_name="asked for before a ticket is closed"),
                ),
                ("position", models.SmallIntegerField(default=0)),
                ("archived_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "team",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=CASCADE, related_name="fields", to="people.team"
                    ),
                ),
            ],
            options={"ordering": ["position", "pk"]},
        ),
        migrations.CreateModel(
            name="FieldValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("value", models.CharField(max_length=500)),
                ("folded", models.CharField(max_length=200)),
                ("number", models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                (
                    "ticket",
                    models.ForeignKey(
                        db_index=False, on_delete=CASCADE, related_name="field_values", to="tickets.ticket"
                    ),
                ),
                (
                    "field",
                    models.ForeignKey(
                        db_index=False, on_delete=CASCADE, related_name="values", to="tickets.ticketfield"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["field", "folded", "ticket"], name="fieldvalue_said"),
                    models.Index(
                        condition=models.Q(("number__isnull", False)),
                        fields=["field", "number"],
                        name="fieldvalue_number",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("ticket", "field"), name="fieldvalue_once")],
            },
        ),
    ]
