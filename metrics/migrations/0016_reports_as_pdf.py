from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("metrics", "0015_satisfaction_of_ten")]
    operations = [
        migrations.AddField(
            model_name="reportmailing",
            name="as_pdf",
            field=models.BooleanField(default=False, db_default=False),
        ),
    ]
