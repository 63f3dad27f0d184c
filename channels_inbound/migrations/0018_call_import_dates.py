from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels_inbound", "0017_greetings")]

    operations = [
        migrations.AddField(
            model_name="callimport",
            name="dates",
            field=models.CharField(blank=True, db_default="", default="", max_length=3),
        ),
        migrations.AddField(
            model_name="callimport",
            name="prefix",
            field=models.CharField(blank=True, db_default="Ext.", default="Ext.", max_length=8),
        ),
    ]
