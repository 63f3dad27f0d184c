"""Addresses of pages about people, with those of allauth that we offer."""

from __future__ import annotations

from django.urls import path

from people import sign_in
from people.pages import presence, roles, unsubscribing, views
from people.sign_in import limited

urlpatterns = [
    path("accounts/login/", limited(views.SignIn.as_view()), name="account_login"),
    *sign_in.urlpatterns,
    path("unsubscribe/<str:token>/", unsubscribing.page, name="unsubscribe"),
    path("setup/", views.setup, name="setup"),
    path("profile/", views.profile, name="profile"),
    path("profile/looks/", views.looks, name="looks"),
    path("presence/", presence.presence, name="presence"),
    path("team/", views.team, name="team"),
    path("team/agents/new/", views.edit_agent, name="agent_new"),
    path("team/agents/<int:agent_id>/", views.edit_agent, name="agent_edit"),
    path("team/agents/<int:agent_id>/invite/", views.invite_again, name="agent_invite"),
    path("team/roles/", roles.roles, name="roles"),
    path("team/roles/new/", roles.edit_role, name="role_new"),
    path("team/roles/<int:role_id>/", roles.edit_role, name="role_edit"),
    path("team/roles/<int:role_id>/remove/", roles.remove, name="role_remove"),
    path("team/teams/new/", views.edit_team, name="team_new"),
    path("team/teams/<int:team_id>/", views.edit_team, name="team_edit"),
]
