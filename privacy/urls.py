"""Addresses of pages about customers' data."""

from __future__ import annotations

from django.urls import path

from people.sudo import fresh_sign_in
from privacy.pages import customer

urlpatterns = [
    path("customers/<int:customer_id>/privacy/", fresh_sign_in(customer.privacy), name="customer_privacy"),
    path(
        "customers/<int:customer_id>/privacy/erase/", fresh_sign_in(customer.erase, back="start"), name="customer_erase"
    ),
    path("customers/<int:customer_id>/privacy/hold/", customer.change_hold, name="customer_hold"),
]
