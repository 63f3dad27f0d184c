"""The first mail a colleague gets: a link to choose a password. Nobody else ever knows it.

The link is signed and names the account and what its password was then: it works for three days, and no longer once
a password was chosen, by it or otherwise.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from events.ledger import record_event

from .models import Agent
from .permissions import Permission, PermissionDenied
from .sessions import end_sessions

VALID = timedelta(hours=72)
_SALT = "people.invitation"


def invite(agent: Agent, *, by: Agent, at: datetime | None = None) -> None:
    """Mail the agent a link that works once and for three days. Raises OSError when no mail could be handed over.

    The event is recorded first: a mail that went out is never without one.
    """
    if not by.may(Permission.MANAGE_AGENTS):
        raise PermissionDenied(_("Your role does not allow this."))
    if not agent.is_active:
        raise PermissionDenied(_("Somebody who may not sign in gets no invitation."))
    with transaction.atomic():
        record_event(("agent", agent.pk), "agent.invited", by=by.actor, at=at or timezone.now(), data={})
    with translation.override(agent.locale):
        context = {"agent": agent, "by": by, "shop": settings.SHOP_NAME, "link": password_link(agent)}
        subject = _("Your account at %(shop)s") % {"shop": settings.SHOP_NAME}
        text = render_to_string("people/email/invitation.txt", context)
    send_mail(subject, text, None, [agent.email])


def password_link(agent: Agent) -> str:
    """Where the agent chooses a password, on the configured address."""
    token = signing.dumps([agent.pk, _mark(agent)], salt=_SALT)
    return f"{settings.BASE_URL}{reverse('invitation', args=[token])}"


def invited(token: str) -> Agent | None:
    """Whose link it is; None when it is forged, older than three days or used up, or its agent may not sign in."""
    try:
        pk, mark = signing.loads(token, salt=_SALT, max_age=VALID)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    agent = Agent.objects.filter(pk=pk, is_active=True).first()
    return agent if agent and _mark(agent) == mark else None


def accept_invitation(token: str, password: str, *, at: datetime | None = None) -> Agent | None:
    """Give the account its password. Of two who hold the link at once one gets in; the other hears None."""
    found = invited(token)
    if found is None:
        return None
    with transaction.atomic():
        Agent.objects.select_for_update(of=("self",)).get(pk=found.pk)
        agent = invited(token)  # again, now that nobody else can use it up
        if agent is None:
            return None
        agent.set_password(password)
        agent.save(update_fields=["password"])
        end_sessions(agent, at=at)
        record_event(("agent", agent.pk), "agent.joined", by=agent.actor, at=at or timezone.now(), data={})
    return agent


def _mark(agent: Agent) -> str:
    """Changes with the password, tells nothing of it."""
    return agent.get_session_auth_hash()[:32]
