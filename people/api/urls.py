from __future__ import annotations

from django.urls import path

from people.api.views import AgentsView, MeView, TeamsView

urlpatterns = [
    path("me/", MeView.as_view(), name="me"),
    path("agents/", AgentsView.as_view(), name="agents"),
    path("teams/", TeamsView.as_view(), name="teams"),
]
