"""The first mail a colleague gets: a link to choose a password. Nobody else ever knows it."""

from __future__ import annotations

from datetime import datetime

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from events.ledger import record_event

from .models import Agent
from .permissions import Permission, PermissionDenied


def invite(agent: Agent, *, by: Agent, at: datetime | None = None) -> None:
    """Mail the agent a link that works once and for an hour. Raises OSError when no mail could be handed over.

    The event is recorded first: a mail that went out is never without one.
    """
    if not by.may(Permission.MANAGE_AGENTS):
        raise PermissionDenied(_("Your role does not allow this."))
    if not agent.is_active:
        raise PermissionDenied(_("Somebody who may not sign in gets no invitation."))
    record_event(("agent", agent.pk), "agent.invited", by=by.actor, at=at or timezone.now(), data={})
    with translation.override(agent.locale):
        context = {"agent": agent, "by": by, "shop": settings.SHOP_NAME, "link": password_link(agent)}
        subject = _("Your account at %(shop)s") % {"shop": settings.SHOP_NAME}
        text = render_to_string("people/email/invitation.txt", context)
    send_mail(subject, text, None, [agent.email])


def password_link(agent: Agent) -> str:
    """Where the agent chooses a password, on the configured address."""
    uid, key = user_pk_to_url_str(agent), default_token_generator.make_token(agent)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": key})
    return f"{settings.BASE_URL}{path}"
