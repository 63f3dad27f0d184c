from .hooks import CallState, Webhook, WebhookCall
from .promises import BusinessCalendar, Clock, Policy, Rules, Watch
from .readers import Annotation, LetterState, ReportLetter, ReportMailing, ReportReader, TopicAlert
from .stored import StoredAnswer
from .surveys import FollowUp, FollowUpState, Survey, SurveyAnswer, SurveyInvitation, SurveyState, Via
from .tallies import ChangedHour, CountedDay, DayTally, MonthTally
from .vouchers import Voucher, VoucherPool

__all__ = [
    "Annotation",
    "BusinessCalendar",
    "CallState",
    "ChangedHour",
    "Clock",
    "CountedDay",
    "DayTally",
    "FollowUp",
    "FollowUpState",
    "LetterState",
    "MonthTally",
    "Policy",
    "ReportLetter",
    "ReportMailing",
    "ReportReader",
    "Rules",
    "StoredAnswer",
    "Survey",
    "SurveyAnswer",
    "SurveyInvitation",
    "SurveyState",
    "TopicAlert",
    "Via",
    "Voucher",
    "VoucherPool",
    "Watch",
    "Webhook",
    "WebhookCall",
]
