from .promises import BusinessCalendar, Clock, Policy, Rules, Watch
from .stored import StoredAnswer
from .surveys import FollowUp, FollowUpState, Survey, SurveyAnswer, SurveyInvitation, SurveyState, Via
from .tallies import ChangedHour, CountedDay, DayTally

__all__ = [
    "BusinessCalendar",
    "ChangedHour",
    "Clock",
    "CountedDay",
    "DayTally",
    "FollowUp",
    "FollowUpState",
    "Policy",
    "Rules",
    "StoredAnswer",
    "Survey",
    "SurveyAnswer",
    "SurveyInvitation",
    "SurveyState",
    "Via",
    "Watch",
]
