"""Which hours are to be counted anew is noted by the database itself, in the transaction of the change, so that no code
path (COPY, SQL by hand, a late event, a replay) can miss one.

What happens now costs nothing: only what changes an hour that is over two hours ago is noted. An update of a ticket
that changes nothing countable (a new message: the hot path) must cost nothing either, and only a row trigger can have
a WHEN condition, so tickets have one.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION metrics_clock_arrived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (at)
    SELECT DISTINCT date_trunc('hour', stopped_at) FROM arrived
    WHERE stopped_at < statement_timestamp() - interval '2 hours';
    RETURN NULL;
END $$;
CREATE FUNCTION metrics_clock_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (at)
    SELECT DISTINCT date_trunc('hour', stopped_at) FROM gone
    WHERE stopped_at < statement_timestamp() - interval '2 hours';
    RETURN NULL;
END $$;
CREATE FUNCTION metrics_clock_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (at)
    SELECT DISTINCT date_trunc('hour', stopped_at)
    FROM (SELECT stopped_at FROM gone UNION SELECT stopped_at FROM arrived) AS c
    WHERE stopped_at < statement_timestamp() - interval '2 hours';
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_clock_arrived AFTER INSERT ON metrics_clock
    REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION metrics_clock_arrived();
CREATE TRIGGER metrics_clock_gone AFTER DELETE ON metrics_clock
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION metrics_clock_gone();
CREATE TRIGGER metrics_clock_changed AFTER UPDATE ON metrics_clock
    REFERENCING OLD TABLE AS gone NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION metrics_clock_changed();

CREATE FUNCTION metrics_answer_arrived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (at)
    SELECT DISTINCT date_trunc('hour', answered_at) FROM arrived
    WHERE answered_at < statement_timestamp() - interval '2 hours';
    RETURN NULL;
END $$;
CREATE FUNCTION metrics_answer_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (at)
    SELECT DISTINCT date_trunc('hour', answered_at) FROM gone
    WHERE answered_at < statement_timestamp() - interval '2 hours';
    RETURN NULL;
END $$;
CREATE FUNCTION metrics_answer_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (at)
    SELECT DISTINCT date_trunc('hour', answered_at)
    FROM (SELECT answered_at FROM gone UNION SELECT answered_at FROM arrived) AS c
    WHERE answered_at < statement_timestamp() - interval '2 hours';
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_answer_arrived AFTER INSERT ON metrics_surveyanswer
    REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION metrics_answer_arrived();
CREATE TRIGGER metrics_answer_gone AFTER DELETE ON metrics_surveyanswer
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION metrics_answer_gone();
CREATE TRIGGER metrics_answer_changed AFTER UPDATE ON metrics_surveyanswer
    REFERENCING OLD TABLE AS gone NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION metrics_answer_changed();

CREATE FUNCTION metrics_ticket_arrived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (at)
    SELECT DISTINCT date_trunc('hour', opened_at) FROM arrived
    WHERE opened_at < statement_timestamp() - interval '2 hours';
    RETURN NULL;
END $$;
CREATE FUNCTION metrics_ticket_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (at)
    SELECT DISTINCT date_trunc('hour', opened_at) FROM gone
    WHERE opened_at < statement_timestamp() - interval '2 hours';
    RETURN NULL;
END $$;
-- Where a ticket stands is told apart for its clocks and answers as well.
CREATE FUNCTION metrics_ticket_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (at)
    SELECT DISTINCT date_trunc('hour', at) FROM (
        SELECT OLD.opened_at AS at UNION SELECT NEW.opened_at
        UNION SELECT stopped_at FROM metrics_clock WHERE ticket_id = NEW.id
        UNION SELECT answered_at FROM metrics_surveyanswer WHERE ticket_id = NEW.id
    ) AS c WHERE at < statement_timestamp() - interval '2 hours';
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_ticket_arrived AFTER INSERT ON tickets_ticket
    REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION metrics_ticket_arrived();
CREATE TRIGGER metrics_ticket_gone AFTER DELETE ON tickets_ticket
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION metrics_ticket_gone();
CREATE TRIGGER metrics_ticket_changed AFTER UPDATE ON tickets_ticket FOR EACH ROW
    WHEN ((OLD.team_id, OLD.assignee_id, OLD.channel_id, OLD.status = 'spam', OLD.opened_at)
          IS DISTINCT FROM (NEW.team_id, NEW.assignee_id, NEW.channel_id, NEW.status = 'spam', NEW.opened_at))
    EXECUTE FUNCTION metrics_ticket_changed();
"""
NAMES = {
    "metrics_clock": "metrics_clock", "metrics_answer": "metrics_surveyanswer", "metrics_ticket": "tickets_ticket",
}  # fmt: skip
BACKWARD = "".join(
    f"DROP TRIGGER {name}_{what} ON {table}; DROP FUNCTION {name}_{what}();"
    for name, table in NAMES.items()
    for what in ("arrived", "gone", "changed")
)


class Migration(migrations.Migration):
    dependencies = [("metrics", "0003_day_tallies"), ("tickets", "0027_templates_and_channel_notices")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
