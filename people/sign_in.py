"""The pages of allauth that are ours to offer, guarded: without their rate limits nobody may try a password."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from allauth.account import views
from allauth.mfa.base import views as mfa
from allauth.mfa.webauthn import views as webauthn
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, re_path
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from people.credentials import CredentialsError
from people.pages import second_factor
from people.pages.security import security

View = Callable[..., HttpResponseBase]


def limited(view: View) -> View:
    """Says "not now" when the attempts cannot be counted: Redis being away must neither open the door nor hang it."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except RedisError:
            response = render(request, "503.html", status=503)
            response["Retry-After"] = "10"
            return response

    return guarded


def with_keys(view: View) -> View:
    """For what keeps secrets: without the operator's key it says so."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except CredentialsError:
            messages.error(request, _("The operator has to set HELPDESK_CREDENTIALS_KEYS first."))
            return redirect("security")

    return limited(guarded)


# No sign-up, no addresses people add themselves: an admin vouches for each address (save_agent).
urlpatterns: list[URLPattern] = [
    path("accounts/logout/", views.logout, name="account_logout"),
    path("accounts/inactive/", views.account_inactive, name="account_inactive"),
    path("accounts/signup/", views.signup, name="account_signup"),
    path("accounts/reauthenticate/", limited(views.reauthenticate), name="account_reauthenticate"),
    path("accounts/password/change/", limited(views.password_change), name="account_change_password"),
    path("accounts/password/set/", limited(views.password_set), name="account_set_password"),
    path("accounts/password/reset/", limited(views.password_reset), name="account_reset_password"),
    path("accounts/password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        limited(views.password_reset_from_key), name="account_reset_password_from_key",
    ),
    path(
        "accounts/password/reset/key/done/", views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("profile/security/", security, name="mfa_index"),  # where allauth leads back to, by two names
    path("profile/security/", security, name="mfa_list_webauthn"),
    path("accounts/2fa/authenticate/", with_keys(mfa.authenticate), name="mfa_authenticate"),
    path("accounts/2fa/reauthenticate/", with_keys(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("accounts/2fa/app/add/", with_keys(second_factor.ActivateApp.as_view()), name="mfa_activate_totp"),
    path("accounts/2fa/app/remove/", limited(second_factor.DeactivateApp.as_view()), name="mfa_deactivate_totp"),
    path("accounts/2fa/codes/", with_keys(second_factor.Codes.as_view()), name="mfa_view_recovery_codes"),
    path("accounts/2fa/codes/new/", with_keys(second_factor.NewCodes.as_view()), name="mfa_generate_recovery_codes"),
    path("accounts/passkeys/add/", with_keys(second_factor.AddPasskey.as_view()), name="mfa_add_webauthn"),
    path("accounts/passkeys/again/", limited(webauthn.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("accounts/passkeys/sign-in/", limited(webauthn.login_webauthn), name="mfa_login_webauthn"),
    path("accounts/passkeys/<int:pk>/", limited(second_factor.RenamePasskey.as_view()), name="mfa_edit_webauthn"),
    path(
        "accounts/passkeys/<int:pk>/remove/", limited(second_factor.RemovePasskey.as_view()),
        name="mfa_remove_webauthn",
    ),
]  # fmt: skip
