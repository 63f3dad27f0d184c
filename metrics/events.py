"""What happens to promises and to customers' answers, noun.past. Recorded in the ticket's own stream, where it
happened."""

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


class SurveyEvent(StrEnum):
    PLANNED = "survey.planned"
    WITHHELD = "survey.withheld"
    ASKED = "survey.asked"
    ANSWERED = "survey.answered"
    CHANGED = "survey.changed"
    FOLLOW_UP_OPENED = "followup.opened"
    FOLLOW_UP_TAKEN = "followup.taken"
    FOLLOW_UP_CLOSED = "followup.closed"
    FOLLOW_UP_RECOVERED = "followup.recovered"
    SAVED = "survey.saved"
    MOVED = "survey.moved"
    REMOVED = "survey.removed"
    CONTACT_RULES_SAVED = "contact_rules.saved"


# What happens to policies and calendars stands in one stream, under the lock of the rules.
RULES_STREAM = ("sla_rules", 0)
# What happens to the surveys themselves, and what visitors of their public links say.
SURVEYS_STREAM = "survey"
