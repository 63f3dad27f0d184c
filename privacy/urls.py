"""Addresses of pages about customers' data."""

from __future__ import annotations

from django.urls import path

from people.sudo import fresh_sign_in
from privacy.pages import customer, rules

urlpatterns = [
    path("privacy/", rules.rules, name="privacy_rules"),
    path("privacy/secrets/", rules.secrets, name="privacy_secrets"),
    path("privacy/retention/", fresh_sign_in(rules.retention_rule), name="retention_rule"),
    path("privacy/retention/<int:rule_id>/remove/", rules.retention_remove, name="retention_remove"),
    path("customers/<int:customer_id>/privacy/", fresh_sign_in(customer.privacy), name="customer_privacy"),
    path(
        "customers/<int:customer_id>/privacy/erase/", fresh_sign_in(customer.erase, back="start"), name="customer_erase"
    ),
    path(
        "customers/<int:customer_id>/privacy/export/", fresh_sign_in(customer.export, back="start"),
        name="customer_export",
    ),
    path("exports/<uuid:public_id>/", fresh_sign_in(customer.download, back="start"), name="export_download"),
    path("customers/<int:customer_id>/privacy/consents/", customer.note, name="customer_consent"),
    path("customers/<int:customer_id>/privacy/hold/", customer.change_hold, name="customer_hold"),
]  # fmt: skip
