"""A job on many tickets may be stopped, a team is told of tickets handed to it, and two tickets may be said to be no
one; choices only, so no statement."""

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
        migrations.AlterField(
            model_name="ticketlink",
            name="reason",
            field=models.CharField(
                choices=[
                    ("follow_up", "Follow-up of a closed ticket"),
                    ("unproven_reference", "Quotes this ticket without proof"),
                    ("failed_authentication", "Sender's authentication failed"),
                    ("same_message_id", "Differing mail under the same Message-ID"),
                    ("split", "Split off from this ticket"),
                    ("child", "Part of this ticket"),
                    ("related", "Related"),
                    ("duplicate", "About the same"),
                    ("distinct", "Not the same"),
                ],
                max_length=24,
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="cause",
            field=models.CharField(
                blank=True,
                choices=[
                    ("mention", "Somebody mentions me in a note"),
                    ("team", "Somebody mentions a team of mine, or hands it a ticket"),
                    ("assigned", "A ticket is given to me"),
                    ("answer", "A customer writes on a ticket of mine"),
                    ("following", "Something happens on a ticket I follow"),
                    ("", "A reply of mine did not arrive, or something else needs me"),
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
    ]
