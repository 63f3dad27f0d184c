"""Whose account a sign-in service's word opens, and the setting up of such services.

Nobody joins by it: an account is opened by its link (service, subject), and a link is made once, for an address an
admin has entered here and the service vouches for.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.audit import note_setting
from events.ledger import record_event

from .credentials import CredentialsError, decrypt, encrypt
from .models import Agent, ServiceKind, SignInLink, SignInService
from .open_id import Identity, NotBelieved, is_safe_address
from .permissions import Permission, PermissionDenied
from .roles import Refused, require, require_own
from .second_factor import note_change

GOOGLE = "https://accounts.google.com"
MICROSOFT_HOST = "login.microsoftonline.com"
# Tenants that stand for everybody's: their tokens have another issuer each, and anybody can make such an account.
SHARED_TENANTS = frozenset({"common", "organizations", "consumers"})


def agent_of(service: SignInService, who: Identity, *, at: datetime | None = None) -> Agent:
    """The active agent whose account this opens; linked now if it is the first time. NotBelieved."""
    link = SignInLink.objects.select_related("agent").filter(service=service, subject=who.subject).first()
    if link is not None:
        if not link.agent.is_active:
            raise NotBelieved("the account is switched off")
        return link.agent
    if not who.email:
        raise NotBelieved("the service does not vouch for the address")
    return _link(service, who, at=at or timezone.now())


def _link(service: SignInService, who: Identity, *, at: datetime) -> Agent:
    with transaction.atomic():
        agent = Agent.objects.select_for_update(of=("self",)).filter(email=who.email, is_active=True).first()
        if agent is None:
            raise NotBelieved("nobody here has this address")
        # Another subject with the same address is another person: the address has changed hands at the service.
        if SignInLink.objects.filter(service=service, agent=agent).exists():
            raise NotBelieved("this agent is linked to another account of the service")
        try:
            with transaction.atomic():
                SignInLink.objects.create(service=service, agent=agent, subject=who.subject)
        except IntegrityError:
            raise NotBelieved("linked to somebody else meanwhile") from None
        note_change(agent, "sign_in_linked", by=agent, at=at, service=service.pk)
    return agent


def unlink(agent: Agent, service_id: int, *, by: Agent, at: datetime | None = None) -> bool:
    """Forget which account of the service is the agent's; by themselves or an admin. False when there is none."""
    if by.pk != agent.pk and not by.may(Permission.MANAGE_AGENTS):
        raise PermissionDenied(_("Your role does not allow this."))
    with transaction.atomic():
        gone, _rows = SignInLink.objects.filter(agent=agent, service=service_id).delete()
        if gone:
            note_change(agent, "sign_in_unlinked", by=by, at=at, service=service_id)
    return bool(gone)


# Of a changed one the audit keeps these, and of the secret that it is another.
TOLD = ("kind", "name", "issuer", "client_id", "is_active", "has_second_step", "secret")


def save_service(
    service: SignInService | None, *, by: Agent, kind: str, name: str, issuer: str, client_id: str, secret: str,
    is_active: bool, has_second_step: bool, at: datetime | None = None,
) -> SignInService:  # fmt: skip
    """Set a service up or change it. An empty secret keeps the one there is, unless the issuer changes: a stored
    secret is never sent elsewhere. Links of another issuer's accounts end with it."""
    require(by, Permission.MANAGE_AGENTS)
    # Whoever says whose word counts opens every account, so nobody may with fewer rights than all.
    require_own(by, frozenset(Permission))
    issuer = _checked_issuer(kind, issuer.strip())
    with transaction.atomic():
        before = SignInService.objects.select_for_update().get(pk=service.pk) if service else None
        moved = before is not None and before.issuer != issuer
        if moved and not secret:
            raise Refused("secret", _("Enter the secret again: it belongs to the service of before."))
        row = before or SignInService()
        known = {name: getattr(row, name) for name in TOLD}
        row.kind, row.name, row.issuer, row.client_id = kind, " ".join(name.split()), issuer, client_id.strip()
        row.is_active, row.has_second_step = is_active, has_second_step
        if secret:
            try:
                row.secret = encrypt({"client_secret": secret})
            except CredentialsError as error:
                raise Refused("secret", str(error)) from None
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            raise Refused("name", _("There is a service of this name already.")) from None
        if moved:
            row.links.all().delete()
        if before:
            told = {name: getattr(row, name) for name in TOLD}
            note_setting(f"sign_in_service {row.pk}", known, told, by=by.actor)
        data = {"name": row.name, "issuer": issuer, "is_active": is_active, "has_second_step": has_second_step}
        record_event(
            ("sign_in_service", row.pk), "sign_in_service.saved", by=by.actor, at=at or timezone.now(), data=data
        )
    return row


def remove_service(service_id: int, *, by: Agent, at: datetime | None = None) -> bool:
    """Take a service away with all its links; False when it is gone already. Whoever may not set one up may not lock
    everybody out who comes by it either."""
    require(by, Permission.MANAGE_AGENTS)
    require_own(by, frozenset(Permission))
    with transaction.atomic():
        row = SignInService.objects.select_for_update().filter(pk=service_id).first()
        if row is None:
            return False
        data = {"name": row.name, "issuer": row.issuer}
        row.delete()
        record_event(
            ("sign_in_service", service_id), "sign_in_service.removed", by=by.actor, at=at or timezone.now(), data=data
        )
    return True


def _record(service_id: int, kind: str, *, by: Agent, at: datetime | None, data: dict[str, Any]) -> None:
    record_event(("sign_in_service", service_id), kind, by=by.actor, at=at or timezone.now(), data=data)


def has_secret(service: SignInService) -> bool:
    """Whether a secret is kept that can be read."""
    try:
        return bool(service.secret and decrypt(service.secret).get("client_secret"))
    except CredentialsError:
        return False


def _checked_issuer(kind: str, issuer: str) -> str:
    if kind not in ServiceKind.values:
        raise Refused("kind", _("There is no such kind of service."))
    if kind == ServiceKind.GOOGLE:
        return GOOGLE
    if not is_safe_address(issuer) or urlsplit(issuer).query or urlsplit(issuer).fragment:
        raise Refused("issuer", _("The issuer is an address that starts with https://."))
    if kind == ServiceKind.MICROSOFT:
        parts = urlsplit(issuer)
        tenant = parts.path.strip("/").split("/")[0]
        if parts.hostname != MICROSOFT_HOST or not tenant or tenant in SHARED_TENANTS:
            raise Refused(
                "issuer", _("It must be your own directory: https://login.microsoftonline.com/DIRECTORY-ID/v2.0")
            )
    return issuer
