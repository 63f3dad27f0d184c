"""The mailboxes that are fetched: how each is doing, and for admins adding, changing and testing them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels_inbound import consent
from channels_inbound.credentials import CredentialsError
from channels_inbound.imap import actions
from channels_inbound.imap.troubles import WORDS, Kind, Trouble
from channels_inbound.imap.visit import try_mailbox
from channels_inbound.models import Mailbox, MailboxState
from channels_inbound.pages.mailbox_form import MailboxForm
from channels_inbound.pages.sign_in_form import FETCHING, SECRETS, filled_in_for
from people.models import Agent
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, signed_in


@require_safe
@signed_in
def list_page(request: HttpRequest) -> HttpResponseBase:
    """Each mailbox of the channels the agent may see, with what is wrong."""
    agent, now = agent_of(request), timezone.now()
    rows = [row_of(mailbox, at=now) for mailbox in actions.mailboxes_visible_to(agent)]
    manages = agent.may(Permission.MANAGE_CHANNELS)
    return render(request, "channels_inbound/mailboxes.html", {"rows": rows, "manages": manages})


def row_of(mailbox: Mailbox, *, at: datetime) -> dict[str, Any]:
    """A mailbox with its health in words."""
    known = mailbox.trouble in list(Kind)
    return {
        "mailbox": mailbox,
        "silent": actions.silent(mailbox, at=at),
        "refused": mailbox.state == MailboxState.REFUSED,
        "words": WORDS[Kind(mailbox.trouble)] if known else "",
        "renumbered": mailbox.renumbered_at and mailbox.renumbered_at > at - actions.RENUMBERED_SHOWN,
    }


@sensitive_post_parameters(*SECRETS)
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: HttpRequest) -> HttpResponseBase:
    """Add one; "Test connection" says what would happen, and saves nothing."""
    admin = _admin(request)
    form = MailboxForm(request.POST or None, initial={
        "channel": request.GET.get("channel"), **filled_in_for(request.GET.get("provider"), FETCHING),
    })  # fmt: skip
    if request.method == "POST" and form.is_valid():
        if "test" in request.POST:
            return _tested(request, form, Mailbox(**_settings(form)), form.secret)
        try:
            added = actions.add_mailbox(form.cleaned_data["channel"], _settings(form), form.secret, by=admin)
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            if form.must_ask_owner:
                return redirect("mailbox_edit", added.pk)
            messages.success(request, _("The mailbox is added; its mail comes in from now on."))
            return redirect("mailboxes")
    return _form_page(request, form)


@sensitive_post_parameters(*SECRETS)
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: HttpRequest, mailbox_id: int) -> HttpResponseBase:
    """Change one."""
    admin = _admin(request)
    mailbox = _mailbox(mailbox_id)
    form = MailboxForm(request.POST or None, instance=mailbox)
    if request.method == "POST" and form.is_valid():
        if "test" in request.POST:
            return _test_changed(request, form, mailbox)
        try:
            actions.change_mailbox(mailbox.pk, _settings(form), form.secret, by=admin)
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("mailboxes")
    return _form_page(request, form, mailbox=mailbox)


@require_POST
@signed_in
def look(request: HttpRequest, mailbox_id: int) -> HttpResponseBase:
    """Have it looked at now."""
    try:
        actions.look_now(mailbox_id, by=_admin(request))
    except NotFound:
        raise Http404("no such mailbox") from None
    messages.success(request, _("The mailbox is being looked at."))
    return redirect("mailboxes")


@require_POST
@signed_in
def remove(request: HttpRequest, mailbox_id: int) -> HttpResponseBase:
    """Take it away."""
    try:
        actions.remove_mailbox(mailbox_id, by=_admin(request))
    except NotFound:
        raise Http404("no such mailbox") from None
    messages.success(request, _("The mailbox is removed. The mails it brought stay."))
    return redirect("mailboxes")


def _test_changed(request: HttpRequest, form: MailboxForm, mailbox: Mailbox) -> HttpResponse:
    """With the stored password only at the place it was stored for: a form must not send it anywhere else."""
    changed = Mailbox(**_settings(form))
    secret = form.secret
    if not secret:
        if any(getattr(changed, name) != getattr(mailbox, name) for name in actions.PLACE):
            form.add_error("password", _("For another server the password must be entered again."))
            return _form_page(request, form, mailbox=mailbox)
        try:
            secret = actions.stored_secret(mailbox)
        except CredentialsError as error:
            return _form_page(request, form, mailbox=mailbox, trouble=Trouble(Kind.SECRET, str(error)))
    return _tested(request, form, changed, secret, mailbox=mailbox)


def _tested(
    request: HttpRequest, form: MailboxForm, tried: Mailbox, secret: dict[str, str], mailbox: Mailbox | None = None
) -> HttpResponse:
    result = try_mailbox(tried, secret)
    if isinstance(result, Trouble):
        return _form_page(request, form, mailbox=mailbox, trouble=result)
    found = ngettext("%(n)d mail is in the folder.", "%(n)d mails are in the folder.", result) % {"n": result}
    return _form_page(request, form, mailbox=mailbox, good=found)


def _form_page(
    request: HttpRequest,
    form: MailboxForm,
    *,
    mailbox: Mailbox | None = None,
    trouble: Trouble | None = None,
    good: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "mailbox": mailbox, "trouble": trouble, "good": good}
    context |= {"consent": consent.offer("mailbox", mailbox), "presets": mailbox is None}
    return render(request, "channels_inbound/mailbox_form.html", context, status=422 if form.errors else 200)


def _settings(form: MailboxForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in actions.SETTINGS}


def _admin(request: HttpRequest) -> Agent:
    agent = agent_of(request)
    if not agent.may(Permission.MANAGE_CHANNELS):
        raise Http404("not for this role")
    return agent


def _mailbox(mailbox_id: int) -> Mailbox:
    mailbox = Mailbox.objects.select_related("channel").filter(pk=mailbox_id).first()
    if mailbox is None:
        raise Http404("no such mailbox")
    return mailbox
