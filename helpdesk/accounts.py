"""How people get in: agents are made by an admin, nobody signs up, and no header decides where a link leads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest


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

    def format_email_subject(self, subject: str) -> str:
        """Without the host in front, which allauth would take from the request."""
        return str(subject)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One count an account. With the host in the key, as allauth has it, each port in Host would be a new one."""
        return str(credentials.get("email", "")).strip().lower()
