from __future__ import annotations

from django.urls import path

from commerce.api.views import OrdersView

urlpatterns = [path("orders/", OrdersView.as_view(), name="orders")]
