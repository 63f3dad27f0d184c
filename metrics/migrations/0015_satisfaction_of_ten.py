from django.db import migrations, models

KINDS = [
    ("csat", "Satisfaction (1 to 5)"),
    ("csat10", "Satisfaction (1 to 10)"),
    ("nps", "Recommendation (0 to 10)"),
    ("ces", "Effort (1 to 7)"),
]


class Migration(migrations.Migration):
    dependencies = [("metrics", "0014_asked_by_message")]
    operations = [
        migrations.AlterField(
            model_name="survey",
            name="kind",
            field=models.CharField(choices=KINDS, default="csat", max_length=8, verbose_name="question"),
        ),
        migrations.AlterField(
            model_name="surveyinvitation",
            name="kind",
            field=models.CharField(default="", max_length=8),
        ),
        migrations.AlterField(
            model_name="surveyanswer",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=8),
        ),
    ]
