from django.urls import path

from .pages import follow_ups, report, satisfaction, settings, survey_page, surveys, why

urlpatterns = [
    path("service-levels/", settings.service_levels, name="service_levels"),
    path("service-levels/policies/new/", settings.edit_policy, name="policy_new"),
    path("service-levels/policies/<int:policy_id>/", settings.edit_policy, name="policy_edit"),
    path("service-levels/policies/<int:policy_id>/move/", settings.move_policy, name="policy_move"),
    path("service-levels/policies/<int:policy_id>/remove/", settings.remove_policy, name="policy_remove"),
    path("service-levels/calendars/new/", settings.edit_calendar, name="calendar_new"),
    path("service-levels/calendars/<int:calendar_id>/", settings.edit_calendar, name="calendar_edit"),
    path("service-levels/calendars/<int:calendar_id>/remove/", settings.remove_calendar, name="calendar_remove"),
    path("tickets/<int:ticket_id>/deadlines/", why.deadlines, name="ticket_deadlines"),
    path("reports/service-level/", report.service_level, name="sla_report"),
    path("reports/service-level/wall/", report.wall, name="sla_wall"),
    path("reports/service-level/missed/", report.missed, name="sla_missed"),
    path("reports/service-level.csv", report.as_csv, name="sla_csv"),
    path("surveys/", surveys.surveys, name="surveys"),
    path("surveys/new/", surveys.edit_survey, name="survey_new"),
    path("surveys/budget/", surveys.contact_budget, name="contact_budget"),
    path("surveys/<int:survey_id>/", surveys.edit_survey, name="survey_edit"),
    path("surveys/<int:survey_id>/move/", surveys.move_survey, name="survey_move"),
    path("surveys/<int:survey_id>/remove/", surveys.remove_survey, name="survey_remove"),
    path("survey/open/<uuid:public_id>/", survey_page.survey_public, name="survey_public"),
    path("survey/<str:token>/", survey_page.survey, name="survey"),
    path("reports/satisfaction/", satisfaction.satisfaction, name="satisfaction"),
    path("reports/satisfaction/answers/", satisfaction.answers, name="satisfaction_answers"),
    path("reports/satisfaction.csv", satisfaction.as_csv, name="satisfaction_csv"),
    path("reports/follow-ups/", follow_ups.follow_ups, name="follow_ups"),
    path("reports/follow-ups/<int:follow_up_id>/taking/", follow_ups.take, name="follow_up_take"),
    path("reports/follow-ups/<int:follow_up_id>/closing/", follow_ups.close, name="follow_up_close"),
]
