"""Django's own mails (password resets) while no outgoing server is set: kept for the demo mailbox."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from channels_inbound.models import DemoMail


class DemoMailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep each mail; the number kept."""
        for mail in email_messages:
            DemoMail.objects.create(
                mail_from=mail.from_email[:320],
                rcpt_tos=mail.recipients(),
                subject=mail.subject[:500],
                content=mail.message().as_bytes(),
            )
        return len(email_messages)
