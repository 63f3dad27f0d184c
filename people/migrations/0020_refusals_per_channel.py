from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0019_brand_logos"),
    ]

    operations = [
        migrations.AlterField(
            model_name="identity",
            name="refuses",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=8),
        ),
    ]
