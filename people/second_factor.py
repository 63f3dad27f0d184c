"""What agents prove beside their password: a code of their phone, a passkey, or one of the codes kept for bad days.

The ceremonies are allauth's. Ours: secrets lie encrypted with a key outside the database, a code counts once by a row
and not by a cache, names and hosts come from the settings and never from a header, and every change is an event.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.ledger import record_event

from .credentials import decrypt, encrypt
from .models import Agent
from .permissions import Permission, PermissionDenied
from .roles import require_own
from .sessions import end_sessions

SETTLED = "second_factor"
PROOFS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class SecondFactors(DefaultMFAAdapter):
    """allauth's hooks: how secrets are kept and what authenticators show."""

    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": gettext_lazy("This code is not right.")}

    def encrypt(self, text: str) -> str:
        return encrypt({"text": text})

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)["text"]

    def get_totp_issuer(self) -> str:
        return str(settings.SHOP_NAME)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The configured host: a passkey is bound to it, so Host, the sender's word, must not choose (threat 47)."""
        return {"id": urlsplit(settings.BASE_URL).hostname or "", "name": str(settings.SHOP_NAME)}

    def send_notification_mail(self, *args: object, **kwargs: object) -> None:
        """Nothing: the events have their own mails (people.security_mail), which are tried again."""

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        return _("Passkey %(number)d") % {
            "number": Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        }


def has_second_factor(agent: Agent) -> bool:
    """Whether signing in as them takes more than a password."""
    return Authenticator.objects.filter(user_id=agent.pk, type__in=PROOFS).exists()


def is_missing(request: HttpRequest) -> bool:
    """Whether whoever is signed in has to set up a second factor before anything else.

    Remembered in the session once it is there; whatever takes it away ends or unmarks the sessions.
    """
    if settings.SECOND_FACTOR != "require" or request.session.get(SETTLED):
        return False
    if isinstance(request.user, Agent) and has_second_factor(request.user):
        request.session[SETTLED] = True
        return False
    return True


def spend_code(authenticator: Authenticator, code: str) -> bool:
    """Count a right code of the phone as used; False when this one, or a later one, was used before.

    In the row, under its lock: the cache that allauth asks may be emptied at any moment.
    """
    secret = SecondFactors().decrypt(authenticator.data["secret"])
    said = "".join(code.split())
    matching = [n for n in yield_hotp_counters_from_time() if format_hotp_value(hotp_value(secret, n)) == said]
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
        fresh = [number for number in matching if number > row.data.get("last_counter", -1)]
        if not fresh:
            return False
        row.data["last_counter"] = min(fresh)
        row.save(update_fields=["data"])
        authenticator.data = row.data
    return True


def note_change(agent: Agent, what: str, *, by: Agent, at: datetime | None = None, **data: object) -> None:
    """Record what happened to somebody's sign-in, within the transaction that did it and under the agent's lock."""
    Agent.objects.select_for_update(of=("self",)).get(pk=agent.pk)
    record_event(("agent", agent.pk), f"agent.{what}", by=by.actor, at=at or timezone.now(), data=dict(data))


def reset_second_factor(agent: Agent, *, by: Agent, at: datetime | None = None) -> bool:
    """Take all of somebody's factors away, for who lost phone and codes; their sessions end and a mail tells them.
    False when there was none. Nobody resets their own: that way leads through their own page, with proof."""
    if not by.may(Permission.MANAGE_AGENTS) or agent.pk == by.pk:
        raise PermissionDenied(_("Your role does not allow this."))
    with transaction.atomic():
        require_own(by, Agent.objects.select_for_update(of=("self",)).get(pk=agent.pk).permissions)
        gone, _rows = Authenticator.objects.filter(user_id=agent.pk).delete()
        if not gone:
            return False
        note_change(agent, "second_factor_reset", by=by, at=at)
        end_sessions(agent, by=by, at=at)
    return True
