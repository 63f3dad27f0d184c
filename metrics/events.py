"""What happens to promises, noun.past. Recorded in the ticket's own stream, where it happened."""

from __future__ import annotations

from enum import StrEnum


class SlaEvent(StrEnum):
    WARNED = "sla.warned"
    BREACHED = "sla.breached"
    REPLANNED = "sla.replanned"
