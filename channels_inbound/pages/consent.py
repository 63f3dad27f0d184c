"""To the provider's sign-in page, and back with what it says."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels_inbound import consent
from channels_inbound.credentials import CredentialsError
from channels_inbound.imap.oauth import TokenRefused, TokenUnavailable
from channels_inbound.models import Mailbox
from people.models import Agent
from people.permissions import Permission
from tickets.errors import DomainError, InvalidInput, NotFound
from tickets.inbox.access import agent_of, signed_in

KEPT = "consents"


@require_POST
@signed_in
def start(request: HttpRequest, kind: str, row_id: int) -> HttpResponseBase:
    """A page with the way there. Not a redirect: our content policy lets forms lead nowhere else."""
    _admin(request)
    try:
        row = consent.find(kind, row_id)
        url, kept = consent.begin(kind, row, request.session.get(KEPT, {}), at=timezone.now())
    except NotFound:
        raise Http404("no such mailbox") from None
    except InvalidInput as error:
        messages.error(request, error.message)
        return redirect(_page_of(row))
    request.session[KEPT] = kept
    shown = consent.offer(kind, row)
    context = {"url": url, "host": shown.host if shown else "", "username": row.username, "back": _page_of(row)}
    return render(request, "channels_inbound/consent.html", context)


@never_cache
@require_safe
@signed_in
def done(request: HttpRequest) -> HttpResponseBase:
    """What the provider sends the browser back with. It counts once, and only in the session that asked."""
    admin, kept = _admin(request), dict(request.session.get(KEPT, {}))
    entry = kept.pop(request.GET.get("state", ""), None)
    if entry is None or request.method == "HEAD":
        raise Http404("nobody here asked for this")
    request.session[KEPT] = kept
    try:
        row = consent.find(entry["kind"], entry["row"])
    except NotFound:
        raise Http404("no such mailbox") from None
    if trouble := _trouble(request, entry, admin):
        messages.error(request, trouble)
    else:
        messages.success(request, _("Access is granted."))
    return redirect(_page_of(row))


def _trouble(request: HttpRequest, entry: dict[str, object], admin: Agent) -> str:
    """Why there is no access, "" when there is."""
    code = request.GET.get("code", "")
    if not code:
        said = request.GET.get("error", "")[:60]
        return _("The sign-in page did not allow it (%(said)s).") % {"said": said or "–"}
    try:
        consent.finish(entry, code[:4000], by=admin, at=timezone.now())
    except TokenRefused as error:
        if str(error) == "no_refresh_token":
            return _("The sign-in service gave no lasting token. Take the access back there, then sign in once more.")
        return _("The sign-in service refuses (%(said)s).") % {"said": error}
    except (TokenUnavailable, OSError) as error:
        return _("The sign-in service cannot be asked (%(said)s).") % {"said": str(error)[:200]}
    except CredentialsError as error:
        return str(error)
    except DomainError as error:
        return error.message
    return ""


def _page_of(row: consent.Row) -> str:
    if isinstance(row, Mailbox):
        return reverse("mailbox_edit", args=[row.pk])
    return reverse("outgoing_edit", args=[row.channel_id, row.pk])


def _admin(request: HttpRequest) -> Agent:
    agent = agent_of(request)
    if not agent.may(Permission.MANAGE_CHANNELS):
        raise Http404("not for this role")
    return agent
