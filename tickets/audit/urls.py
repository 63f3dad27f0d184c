"""Addresses of the audit."""

from __future__ import annotations

from django.urls import path

from . import pages

urlpatterns = [
    path("audit/", pages.page, name="audit"),
    path("audit/budget/", pages.budget, name="audit_budget"),
    path("audit.csv", pages.as_csv, name="audit_csv"),
]
