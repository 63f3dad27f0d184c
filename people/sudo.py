"""What needs a fresh sign-in: changes by which a session left open, or stolen, would become lasting access."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from people.viewing import is_viewing

View = Callable[..., HttpResponseBase]


def is_fresh(request: HttpRequest) -> bool:
    """Whether whoever is here proved within the last ten minutes who they are, at sign-in or again."""
    if not request.user.is_authenticated:
        return False
    records = get_authentication_records(request, request.user)
    return any(time.time() - record["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT for record in records)


def fresh_sign_in(view: View, *, back: str = "") -> View:
    """Asks "is it still you?" before the view. `back` names the page to come back to when the view has none.

    What was posted is not kept for later: it may hold passwords, and a session's row lies in clear.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Who looks with another's eyes proved who they are to begin it, and can change nothing.
        if not request.user.is_authenticated or is_viewing(request.session) or is_fresh(request):
            return view(request, *args, **kwargs)
        if request.method == "POST":
            messages.info(request, _("Do it once more, now that we know it is you."))
        further = reverse(back) if back else request.get_full_path()
        methods = get_adapter().get_reauthentication_methods(request.user)
        place = methods[0]["url"] if methods else reverse("account_reauthenticate")
        return HttpResponseRedirect(f"{place}?{urlencode({'next': further})}")

    return guarded
