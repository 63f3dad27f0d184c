"""Who refused us did so in one channel, which was not kept: it is carried to every channel of the kinds that can have
said so. By WhatsApp's own API nobody could: what was taken for it was about marketing alone."""

from __future__ import annotations

from django.db import migrations

CARRY = """
INSERT INTO tickets_channelrefusal (identity_id, channel_id, refuses, at)
SELECT i.id, c.id, i.refuses, now()
FROM people_identity i JOIN tickets_channel c ON
  (i.kind = 'phone' AND c.kind IN ('sms', 'twilio_whatsapp'))
  OR (i.kind = 'page_user' AND i.value LIKE 'whatsapp:%' AND c.kind = 'twilio_whatsapp')
  OR (i.kind = 'page_user' AND i.value LIKE 'telegram:%' AND c.kind = 'telegram')
WHERE i.refuses <> '' AND NOT i.suspect
ON CONFLICT (identity_id, channel_id) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("channels_inbound", "0014_upkeep"),
        ("people", "0020_refusals_per_channel"),
        ("tickets", "0042_channel_refusals"),
    ]

    operations = [migrations.RunSQL(CARRY, migrations.RunSQL.noop)]
