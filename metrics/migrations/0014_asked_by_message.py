from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("metrics", "0013_day_lengths")]
    operations = [
        migrations.AlterField(
            model_name="surveyanswer",
            name="via",
            field=models.CharField(
                choices=[
                    ("mail", "By mail"),
                    ("chat", "In the chat"),
                    ("dm", "By message"),
                    ("web", "By public link"),
                ],
                max_length=4,
            ),
        ),
    ]
