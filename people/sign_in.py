"""The pages of allauth that are ours to offer, guarded: without their rate limits nobody may try a password."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from allauth.account import views
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, re_path
from redis.exceptions import RedisError

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
]  # fmt: skip
