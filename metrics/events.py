"""What happens to promises and to customers' answers, noun.past. Recorded in the ticket's own stream, where it
happened."""

from __future__ import annotations

from enum import StrEnum


class SlaEvent(StrEnum):
    WARNED = "sla.warned"
    BREACHED = "sla.breached"
    REPLANNED = "sla.replanned"
    CUSTOMER_NOTED = "sla.customer_noted"
    POLICY_SAVED = "policy.saved"
    POLICY_MOVED = "policy.moved"
    POLICY_REMOVED = "policy.removed"
    BRAND_FOLLOWED = "policy.brand_followed"
    CALENDAR_SAVED = "calendar.saved"
    CALENDAR_REMOVED = "calendar.removed"
    WEBHOOK_SAVED = "webhook.saved"
    WEBHOOK_REMOVED = "webhook.removed"


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
    VOUCHER_GIVEN = "followup.voucher_given"
    VOUCHERS_SAVED = "vouchers.saved"
    VOUCHERS_IMPORTED = "vouchers.imported"
    SAVED = "survey.saved"
    MOVED = "survey.moved"
    REMOVED = "survey.removed"
    CONTACT_RULES_SAVED = "contact_rules.saved"


class ReportEvent(StrEnum):
    ANNOTATION_WRITTEN = "annotation.written"
    ANNOTATION_CHANGED = "annotation.changed"
    ANNOTATION_REMOVED = "annotation.removed"
    MAILING_SAVED = "report_mailing.saved"
    MAILING_REMOVED = "report_mailing.removed"
    MAILING_LEFT = "report_mailing.left"
    MAILING_DUE = "report_mailing.due"
    LETTER_SENT = "report_letter.sent"
    LETTER_NOT_SENT = "report_letter.not_sent"
    TOPIC_ROSE = "topic.rose"


# What happens to policies and calendars stands in one stream, under the lock of the rules.
RULES_STREAM = ("sla_rules", 0)
# What happens to the surveys themselves, and what visitors of their public links say.
SURVEYS_STREAM = "survey"
# What happens to one note on a day of the reports.
ANNOTATION_STREAM = "annotation"
# What happens to one report by mail, its letters among it.
MAILING_STREAM = "report_mailing"
# That a topic rose on a day.
TOPIC_STREAM = "topic"
