"""Addresses of the audit."""

from __future__ import annotations

from django.urls import path

from people.sudo import fresh_sign_in

from . import pages

urlpatterns = [
    path("audit/", pages.page, name="audit"),
    path("audit/budget/", pages.budget, name="audit_budget"),
    path("audit.csv", fresh_sign_in(pages.as_csv), name="audit_csv"),
]
