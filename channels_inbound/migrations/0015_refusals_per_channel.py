"""Who refused us did so in one channel, which was not kept: it is carried to every channel of the kinds that can have
said so. By WhatsApp's own API nobody could: what was taken for it was about marketing alone."""

from __future__ import annotations

from django.db import migrations

BATCH = 10_000
CARRY = """
INSERT INTO tickets_channelrefusal (identity_id, channel_id, refuses, at)
SELECT i.id, c.id, i.refuses, now()
FROM people_identity i JOIN tickets_channel c ON
  (i.kind = 'phone' AND c.kind IN ('sms', 'twilio_whatsapp'))
  OR (i.kind = 'page_user' AND starts_with(i.value, 'whatsapp:') AND c.kind = 'twilio_whatsapp')
  OR (i.kind = 'page_user' AND starts_with(i.value, 'telegram:') AND c.kind = 'telegram')
WHERE i.id > %s AND i.id <= %s AND i.refuses <> '' AND NOT i.suspect
ON CONFLICT (identity_id, channel_id) DO NOTHING
"""


def carry(apps, editor):
    """Batch by batch, each a transaction of its own; done twice it is the same."""
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(max(id), 0) FROM people_identity")
        last = cursor.fetchone()[0]
        for first in range(0, last, BATCH):
            cursor.execute(CARRY, [first, first + BATCH])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("channels_inbound", "0014_upkeep"),
        ("people", "0020_refusals_per_channel"),
        ("tickets", "0042_channel_refusals"),
    ]

    operations = [migrations.RunPython(carry, migrations.RunPython.noop)]
