"""Mails about an agent's own account, so that whoever did not do it hears of it."""

from __future__ import annotations

from functools import partial

from celery import current_app
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.models import Event

from .middleware import zone_of
from .models import Agent
from .token_watch import BUSY, ELSEWHERE

TOLD = {
    "agent.password_changed": gettext_lazy("Your password was changed."),
    "agent.second_factor_added": gettext_lazy("A second step was added to your sign-in."),
    "agent.second_factor_removed": gettext_lazy("A second step was taken away from your sign-in."),
    "agent.second_factor_reset": gettext_lazy(
        "An admin has taken away the second step of your sign-in. Sign in with your password and set up a new one."
    ),
    "agent.recovery_codes_made": gettext_lazy("New recovery codes were made. The old ones no longer work."),
    "agent.token_created": gettext_lazy("An API token was made that acts in your name."),
    ELSEWHERE: gettext_lazy(
        "An API token that acts in your name was used from a network it was never used from before. If that was not a"
        " program of yours, revoke it."
    ),
    BUSY: gettext_lazy(
        "An API token that acts in your name asks for unusually much. If that is no program of yours, revoke it."
    ),
    "agent.sign_in_linked": gettext_lazy("Your account was linked to a sign-in service."),
}


def tell_agent(event: Event) -> None:
    """A subscriber: have the agent mailed whom the event is about."""
    transaction.on_commit(partial(_ring, event.pk), robust=True)


def _ring(event_id: int) -> None:
    current_app.send_task("people.tasks.mail_about_account", args=[event_id], queue="default")


def mail_about(event_id: int) -> None:
    """Hand the mail over, in the agent's language. Raises OSError (smtplib's errors are such) when it cannot be."""
    event = Event.objects.get(pk=event_id)
    agent = Agent.objects.filter(pk=event.stream_id).first()
    if agent is None or not agent.is_active:
        return
    with translation.override(agent.locale):
        context = {
            "agent": agent, "what": TOLD[event.kind], "at": event.at.astimezone(zone_of(agent)),
            "shop": settings.SHOP_NAME, "link": f"{settings.BASE_URL}{reverse('security')}",
        }  # fmt: skip
        subject = _("Your account at %(shop)s") % {"shop": settings.SHOP_NAME}
        text = render_to_string("people/email/security.txt", context)
    send_mail(subject, text, None, [agent.email])
