"""A job on many tickets may be stopped; a choice of words only, so no statement."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0039_channel_brand")]

    operations = [
        migrations.AlterField(
            model_name="bulkjob",
            name="phase",
            field=models.CharField(
                choices=[
                    ("doing", "Doing"),
                    ("done", "Done"),
                    ("stopped", "Stopped"),
                    ("undoing", "Undoing"),
                    ("undone", "Undone"),
                ],
                default="doing",
                max_length=8,
            ),
        ),
    ]
