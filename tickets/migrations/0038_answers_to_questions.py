from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0037_bot"),
    ]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="auto_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "-"),
                    ("auto_reply", "Automatic reply"),
                    ("list", "Mailing list"),
                    ("bounce", "Delivery report"),
                    ("own", "Our own mail coming back"),
                    ("receipt", "Automatic acknowledgement"),
                    ("call", "Telephone call"),
                    ("survey", "Question to the customer"),
                    ("bot", "Automatic answer"),
                    ("answer", "Answer to our question"),
                ],
                default="",
                max_length=12,
            ),
        ),
    ]
