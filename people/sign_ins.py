"""Signing in and out, and trying to, as Django tells of it: one entry of the audit each."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from events.actors import SYSTEM
from events.audit import AuditKind, note

from .models import Agent


def listen() -> None:
    """Hear of them from now on; once, when the app is ready."""
    user_logged_in.connect(_signed_in, dispatch_uid="audit.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="audit.signed_out")
    user_login_failed.connect(_failed, dispatch_uid="audit.sign_in_failed")


def _signed_in(*, request: HttpRequest | None = None, user: Any, **_: Any) -> None:
    if isinstance(user, Agent):
        note(AuditKind.SIGNED_IN, by=user.actor, data=_where(request))


def _signed_out(*, request: HttpRequest | None = None, user: Any, **_: Any) -> None:
    if isinstance(user, Agent):
        note(AuditKind.SIGNED_OUT, by=user.actor, data=_where(request))


def _failed(*, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """What was typed is kept only where it is somebody's address: others type their password there."""
    typed = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
    agent = Agent.objects.filter(email=typed).first() if typed else None
    note(AuditKind.SIGN_IN_FAILED, by=agent.actor if agent else SYSTEM, what="" if agent else "unknown address",
         data=_where(request))  # fmt: skip


def _where(request: HttpRequest | None) -> dict[str, str]:
    """From where, as far as our own proxies say."""
    request = request or context.request
    if request is None or "REMOTE_ADDR" not in request.META:
        return {}
    return {"from": get_adapter(request).get_client_ip(request)}
