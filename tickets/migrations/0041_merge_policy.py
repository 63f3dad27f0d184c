"""Whether the house merges tickets by itself; no row is: it does not."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0040_bulk_stopped")]

    operations = [
        migrations.CreateModel(
            name="MergePolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_on", models.BooleanField(default=False)),
                ("hours", models.PositiveSmallIntegerField(default=24)),
            ],
            options={"verbose_name_plural": "merge policies"},
        ),
    ]
