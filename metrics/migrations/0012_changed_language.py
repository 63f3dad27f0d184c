"""Days are counted by language too, so a ticket whose language is found out late has its hours counted anew."""

from django.db import migrations

TRIGGER = """
CREATE OR REPLACE TRIGGER metrics_ticket_changed AFTER UPDATE ON tickets_ticket FOR EACH ROW
    WHEN ((OLD.team_id, OLD.assignee_id, OLD.channel_id, OLD.status = 'spam', OLD.opened_at{old})
          IS DISTINCT FROM (NEW.team_id, NEW.assignee_id, NEW.channel_id, NEW.status = 'spam', NEW.opened_at{new}))
    EXECUTE FUNCTION metrics_ticket_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("metrics", "0011_month_tallies")]
    operations = [
        migrations.RunSQL(TRIGGER.format(old=", OLD.language", new=", NEW.language"), TRIGGER.format(old="", new=""))
    ]
