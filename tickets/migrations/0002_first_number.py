from django.db import migrations


class Migration(migrations.Migration):
    """Ticket numbers start at 1001: customers see them, and #1 looks like nobody ever wrote."""

    dependencies = [("tickets", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER SEQUENCE tickets_ticket_id_seq RESTART WITH 1001",
            "ALTER SEQUENCE tickets_ticket_id_seq RESTART WITH 1",
        ),
    ]
