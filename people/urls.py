"""Addresses of pages about people. They stand before allauth's, so that ours is the sign-in page."""

from __future__ import annotations

from django.urls import path

from people.pages import views

urlpatterns = [
    path("accounts/login/", views.SignIn.as_view(), name="account_login"),
    path("setup/", views.setup, name="setup"),
    path("profile/", views.profile, name="profile"),
    path("profile/looks/", views.looks, name="looks"),
    path("team/", views.team, name="team"),
    path("team/agents/new/", views.edit_agent, name="agent_new"),
    path("team/agents/<int:agent_id>/", views.edit_agent, name="agent_edit"),
    path("team/teams/new/", views.edit_team, name="team_new"),
    path("team/teams/<int:team_id>/", views.edit_team, name="team_edit"),
]
