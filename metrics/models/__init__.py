from .promises import BusinessCalendar, Clock, Policy, Rules, Watch
from .surveys import FollowUp, FollowUpState, Survey, SurveyAnswer, SurveyInvitation, SurveyState, Via

__all__ = [
    "BusinessCalendar",
    "Clock",
    "FollowUp",
    "FollowUpState",
    "Policy",
    "Rules",
    "Survey",
    "SurveyAnswer",
    "SurveyInvitation",
    "SurveyState",
    "Via",
    "Watch",
]
