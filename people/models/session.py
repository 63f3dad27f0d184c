"""Sessions in PostgreSQL, each with whose it is and from where: a row deleted is a browser signed out."""

from __future__ import annotations

import hashlib

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from .agent import Agent

DEVICE_LENGTH = 200


class AgentSession(AbstractBaseSession):
    """A browser's session. `agent` is empty until somebody has signed in; `seen_at` is right to ten minutes."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, null=True, related_name="sessions")
    began_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    address = models.GenericIPAddressField(null=True)
    # The browser's own words (User-Agent).
    device = models.CharField(max_length=DEVICE_LENGTH, blank=True, default="")

    @property
    def handle(self) -> str:
        """A name for pages: who holds it can end the session, not use it."""
        return hashlib.sha256(self.session_key.encode()).hexdigest()[:32]
