from __future__ import annotations

from django.urls import path

from metrics.api.ahead import OutlookView
from metrics.api.annotations import AnnotationsView, AnnotationView
from metrics.api.more import AtRiskView, RetentionView, TopicsView, WorkView
from metrics.api.overview import OverviewView
from metrics.api.promises import PoliciesView
from metrics.api.views import SatisfactionView, ServiceLevelView, WallView

urlpatterns = [
    path("reports/notes/", AnnotationsView.as_view(), name="report_notes"),
    path("reports/notes/<int:annotation_id>/", AnnotationView.as_view(), name="report_note"),
    path("policies/", PoliciesView.as_view(), name="report_policies"),
    path("reports/at-risk/", AtRiskView.as_view(), name="report_at_risk"),
    path("reports/outlook/", OutlookView.as_view(), name="report_outlook"),
    path("reports/overview/", OverviewView.as_view(), name="report_overview"),
    path("reports/retention/", RetentionView.as_view(), name="report_retention"),
    path("reports/satisfaction/", SatisfactionView.as_view(), name="report_satisfaction"),
    path("reports/service-level/", ServiceLevelView.as_view(), name="report_service_level"),
    path("reports/topics/", TopicsView.as_view(), name="report_topics"),
    path("reports/work/", WorkView.as_view(), name="report_work"),
    path("reports/wall/", WallView.as_view(), name="report_wall"),
]
