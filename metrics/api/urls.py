from __future__ import annotations

from django.urls import path

from metrics.api.views import SatisfactionView, ServiceLevelView, WallView

urlpatterns = [
    path("reports/satisfaction/", SatisfactionView.as_view(), name="report_satisfaction"),
    path("reports/service-level/", ServiceLevelView.as_view(), name="report_service_level"),
    path("reports/wall/", WallView.as_view(), name="report_wall"),
]
