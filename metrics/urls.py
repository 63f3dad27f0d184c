from django.urls import path

from .pages import report, settings, why

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
]
