"""Counts kept by the database itself, so that no code path (COPY, SQL by hand, a forgotten action) can miss one.

Inserting and deleting many tickets costs one grouped insert a statement. An update that changes nothing countable
(a new message: the hot path) must cost nothing, and only a row trigger can have a WHEN condition, so updates have one.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION tickets_tally_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tickets_tally (team_id, assignee_id, channel_id, status, snoozed, attention, n)
    SELECT team_id, assignee_id, channel_id, status, snoozed_until IS NOT NULL, needs_attention, count(*)
    FROM arrived GROUP BY 1, 2, 3, 4, 5, 6;
    RETURN NULL;
END $$;

CREATE FUNCTION tickets_tally_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tickets_tally (team_id, assignee_id, channel_id, status, snoozed, attention, n)
    SELECT team_id, assignee_id, channel_id, status, snoozed_until IS NOT NULL, needs_attention, -count(*)
    FROM gone GROUP BY 1, 2, 3, 4, 5, 6;
    RETURN NULL;
END $$;

CREATE FUNCTION tickets_tally_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tickets_tally (team_id, assignee_id, channel_id, status, snoozed, attention, n) VALUES
        (OLD.team_id, OLD.assignee_id, OLD.channel_id, OLD.status, OLD.snoozed_until IS NOT NULL, OLD.needs_attention,
         -1),
        (NEW.team_id, NEW.assignee_id, NEW.channel_id, NEW.status, NEW.snoozed_until IS NOT NULL, NEW.needs_attention,
         1);
    RETURN NULL;
END $$;

CREATE FUNCTION tickets_tally_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tickets_tally;
    RETURN NULL;
END $$;

CREATE TRIGGER tickets_tally_inserted AFTER INSERT ON tickets_ticket
    REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION tickets_tally_inserted();
CREATE TRIGGER tickets_tally_deleted AFTER DELETE ON tickets_ticket
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION tickets_tally_deleted();
CREATE TRIGGER tickets_tally_updated AFTER UPDATE ON tickets_ticket FOR EACH ROW
    WHEN ((OLD.team_id, OLD.assignee_id, OLD.channel_id, OLD.status, OLD.snoozed_until IS NULL, OLD.needs_attention)
          IS DISTINCT FROM
          (NEW.team_id, NEW.assignee_id, NEW.channel_id, NEW.status, NEW.snoozed_until IS NULL, NEW.needs_attention))
    EXECUTE FUNCTION tickets_tally_updated();
CREATE TRIGGER tickets_tally_truncated AFTER TRUNCATE ON tickets_ticket
    FOR EACH STATEMENT EXECUTE FUNCTION tickets_tally_truncated();

-- Tickets that were here before the triggers; the lock taken above by CREATE TRIGGER keeps writers out until commit.
DELETE FROM tickets_tally;
INSERT INTO tickets_tally (team_id, assignee_id, channel_id, status, snoozed, attention, n)
    SELECT team_id, assignee_id, channel_id, status, snoozed_until IS NOT NULL, needs_attention, count(*)
    FROM tickets_ticket GROUP BY 1, 2, 3, 4, 5, 6;
-- A small table that turns over quickly: vacuum it by number of rows, not by share.
ALTER TABLE tickets_tally SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
                               autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000);
"""
BACKWARD = """
DROP TRIGGER tickets_tally_inserted ON tickets_ticket;
DROP TRIGGER tickets_tally_deleted ON tickets_ticket;
DROP TRIGGER tickets_tally_updated ON tickets_ticket;
DROP TRIGGER tickets_tally_truncated ON tickets_ticket;
DROP FUNCTION tickets_tally_inserted();
DROP FUNCTION tickets_tally_deleted();
DROP FUNCTION tickets_tally_updated();
DROP FUNCTION tickets_tally_truncated();
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0002_first_number")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
