"""How much one person may open in a day before somebody is told, or before it stops."""

from __future__ import annotations

from django.db import models

# Far more than a day's work, and far less than all there is.
TICKETS_A_DAY, FILES_A_DAY = 400, 200


class AccessRules(models.Model):
    """One row for the whole house: different tickets and files a person may open in a day (0: no limit), and whether
    what goes beyond is refused or only told to whoever reads the audit."""

    tickets = models.PositiveIntegerField(default=TICKETS_A_DAY)
    files = models.PositiveIntegerField(default=FILES_A_DAY)
    stops = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.tickets} tickets and {self.files} files a day"
