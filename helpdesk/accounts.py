"""How people get in: agents are made by an admin, nobody signs up, and no header decides where a link leads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from people.models import Agent
from people.second_factor import note_change
from people.sessions import end_sessions
from people.sudo import is_fresh


class ClosedSignup(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """On the configured address: Host is the sender's word, and a mailed link must not lead to them (threat 47)."""
        base = urlsplit(settings.BASE_URL)
        link = urlsplit(super().get_reset_password_from_key_url(key))
        return link._replace(scheme=base.scheme, netloc=base.netloc).geturl()

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address the outermost of our proxies saw. Fewer addresses than proxies (a health check from inside, a
        proxy taken away): the address the connection came from, where allauth would answer with an error."""
        try:
            return super().get_client_ip(request)
        except ImproperlyConfigured:
            return str(request.META["REMOTE_ADDR"])

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """A sign-in of just now is proof too: nobody types the password twice in a row."""
        return not is_fresh(self.request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """allauth's ways, in our words."""
        words = {
            "reauthenticate": _("Use your password"),
            "mfa_reauthenticate": _("Use the app or a recovery code"),
            "mfa_reauthenticate:webauthn": _("Use a passkey"),
        }
        ways = [{**way, "description": words[way["id"]]} for way in super().get_reauthentication_methods(user)]
        if not isinstance(user, Agent):
            return ways
        links = user.sign_in_links.filter(service__is_active=True).select_related("service")
        return ways + [
            {
                "id": "sso",
                "description": _("Continue with %(name)s") % {"name": link.service.name},
                "url": reverse("sso_start", args=[link.service_id]),
            }
            for link in links
        ]

    def set_password(self, user: Any, password: str) -> None:
        """A new password ends every other session, and the agent is told."""
        with transaction.atomic():
            super().set_password(user, password)
            here = self.request.session.session_key if self.request.user == user else None
            end_sessions(user, keep=here)
            note_change(user, "password_changed", by=user)

    def format_email_subject(self, subject: str) -> str:
        """Without the host in front, which allauth would take from the request."""
        return str(subject)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One count an account. With the host in the key, as allauth has it, each port in Host would be a new one."""
        return str(credentials.get("email", "")).strip().lower()
