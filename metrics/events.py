"""What happens to promises, noun.past. Recorded in the ticket's own stream, where it happened."""

from __future__ import annotations

from enum import StrEnum


class SlaEvent(StrEnum):
    WARNED = "sla.warned"
    BREACHED = "sla.breached"
    REPLANNED = "sla.replanned"
    POLICY_SAVED = "policy.saved"
    POLICY_MOVED = "policy.moved"
    POLICY_REMOVED = "policy.removed"
    CALENDAR_SAVED = "calendar.saved"
    CALENDAR_REMOVED = "calendar.removed"


# What happens to policies and calendars stands in one stream, under the lock of the rules.
RULES_STREAM = ("sla_rules", 0)
