"""Addresses of pages about people, with those of allauth that we offer."""

from __future__ import annotations

from django.urls import path, re_path

from people import sign_in
from people.pages import (
    colours,
    invitation,
    logos,
    presence,
    roles,
    second_factor,
    security,
    sso,
    tokens,
    unsubscribing,
    viewing,
    views,
)  # fmt: skip
from people.sign_in import limited
from people.sudo import fresh_sign_in

urlpatterns = [
    path("accounts/login/", limited(views.SignIn.as_view()), name="account_login"),
    path("profile/security/", security.security, name="security"),
    path("profile/sessions/end/", security.sign_out_elsewhere, name="sessions_end"),
    path("profile/sessions/<str:handle>/end/", security.sign_out_there, name="session_end"),
    path("profile/tokens/", fresh_sign_in(tokens.tokens), name="tokens"),
    path("profile/tokens/<int:token_id>/revoke/", tokens.revoke, name="token_revoke"),
    path("team/tokens/", tokens.everybodys, name="all_tokens"),
    path("team/tokens/revoke/", tokens.revoke_all, name="all_tokens_end"),
    path("team/tokens/<int:token_id>/revoke/", tokens.revoke_anyones, name="all_tokens_revoke"),
    path("accounts/sso/<int:service_id>/", limited(sso.start), name="sso_start"),
    path("accounts/sso/<int:service_id>/done/", limited(sso.done), name="sso_done"),
    path("profile/sso/<int:service_id>/unlink/", fresh_sign_in(sso.unlink_mine, back="security"), name="sso_unlink"),
    path("team/sign-in/", sso.services, name="services"),
    path("team/sign-in/new/", fresh_sign_in(sso.edit_service), name="service_new"),
    path("team/sign-in/<int:service_id>/", fresh_sign_in(sso.edit_service), name="service_edit"),
    path("team/sign-in/<int:service_id>/remove/", fresh_sign_in(sso.remove, back="services"), name="service_remove"),
    *sign_in.urlpatterns,
    path("invitation/<str:token>/", limited(invitation.page), name="invitation"),
    re_path(r"^looks/(?P<color>[0-9a-f]{6})\.css$", colours.colour_sheet, name="colour_sheet"),
    path("looks/logos/<uuid:key>/", logos.brand_logo, name="brand_logo"),
    path("unsubscribe/<str:token>/", unsubscribing.page, name="unsubscribe"),
    path("setup/", views.setup, name="setup"),
    path("profile/", views.profile, name="profile"),
    path("profile/looks/", views.looks, name="looks"),
    path("presence/", presence.presence, name="presence"),
    path("team/", views.team, name="team"),
    path("team/agents/new/", fresh_sign_in(views.edit_agent), name="agent_new"),
    path("team/agents/<int:agent_id>/", fresh_sign_in(views.edit_agent), name="agent_edit"),
    path("team/agents/<int:agent_id>/invite/", fresh_sign_in(views.invite_again, back="team"), name="agent_invite"),
    path(
        "team/agents/<int:agent_id>/second-factor/reset/",
        fresh_sign_in(second_factor.reset, back="team"),
        name="agent_reset_factor",
    ),
    path("team/roles/", roles.roles, name="roles"),
    path("team/roles/new/", fresh_sign_in(roles.edit_role), name="role_new"),
    path("team/roles/<int:role_id>/", fresh_sign_in(roles.edit_role), name="role_edit"),
    path("team/roles/<int:role_id>/remove/", fresh_sign_in(roles.remove, back="roles"), name="role_remove"),
    path("team/agents/<int:agent_id>/view-as/", fresh_sign_in(viewing.begin, back="team"), name="view_as"),
    path("view-as/end/", viewing.end, name="view_as_end"),
    path("team/teams/new/", views.edit_team, name="team_new"),
    path("team/teams/<int:team_id>/", views.edit_team, name="team_edit"),
]
