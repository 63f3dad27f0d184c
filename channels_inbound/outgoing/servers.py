"""A channel's servers as routes: secrets opened, tokens fresh, those that failed a moment ago passed over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from channels_inbound.credentials import CredentialsError, decrypt, encrypt
from channels_inbound.email.send import SmtpRoute, SmtpSender, Unreachable
from channels_inbound.imap.oauth import TokenClient, TokenRefused, TokenUnavailable, is_fresh, refresh
from channels_inbound.models import MailboxAuth, OutgoingSecurity, OutgoingServer, OutgoingState
from people.egress import EgressError

SECONDS = 30.0
_FIRST_QUIET = timedelta(minutes=1)
_LONGEST_QUIET = timedelta(minutes=15)


def servers_of(channel_id: int) -> list[OutgoingServer]:
    """In the order they are tried."""
    return list(OutgoingServer.objects.filter(channel=channel_id, is_active=True))


def route_to(server: OutgoingServer, secret: Mapping[str, str]) -> SmtpRoute:
    """How the server is reached, as whom."""
    oauth = server.auth == MailboxAuth.OAUTH
    return SmtpRoute(
        host=server.host, port=server.port, user=server.username,
        password="" if oauth else secret.get("password", ""), token=secret.get("access_token", "") if oauth else "",
        tls=server.security == OutgoingSecurity.TLS, starttls=server.security == OutgoingSecurity.STARTTLS,
        timeout=SECONDS, guarded=True,
    )  # fmt: skip


def open_secret(server: OutgoingServer, *, at: datetime) -> dict[str, str]:
    """The secret with a token that holds for a while. Raises Unreachable with words an admin can act on."""
    if not server.secret:
        return {}
    try:
        secret = decrypt(server.secret)
        if server.auth != MailboxAuth.OAUTH or is_fresh(secret, at=at):
            return secret
        return _refreshed(server, at)
    except CredentialsError as error:
        raise Unreachable(str(error)) from None
    except TokenRefused as error:
        raise Unreachable(f"the sign-in service refuses a new access token ({error})") from None
    except (TokenUnavailable, EgressError, OSError) as error:
        raise Unreachable(f"the sign-in service cannot be asked ({error})"[:300]) from None


def fresh_token(server: OutgoingServer, secret: dict[str, str], *, at: datetime) -> dict[str, str]:
    """The secret with an access token just asked for."""
    return refresh(TokenClient(server.token_url, server.client_id, server.scope), secret, at=at)


def _refreshed(server: OutgoingServer, at: datetime) -> dict[str, str]:
    """One process asks and keeps the answer, the others find it: services change the refresh token with each use.
    No other row is locked, and the service has 15 s to answer."""
    with transaction.atomic():
        row = OutgoingServer.objects.select_for_update(of=("self",)).get(pk=server.pk)
        secret = decrypt(row.secret)
        if not is_fresh(secret, at=at):
            secret = fresh_token(row, secret, at=at)
            row.secret = encrypt(secret)
            row.save(update_fields=["secret"])
    server.secret = row.secret
    return secret


def try_server(server: OutgoingServer, secret: dict[str, str], *, at: datetime) -> str:
    """Sign in and say goodbye, sending nothing; what is wrong, "" if nothing is. Secrets never stand in the words."""
    hide = list(secret.values())
    try:
        if server.auth == MailboxAuth.OAUTH:
            secret = fresh_token(server, secret, at=at)
            hide += secret.values()
        sender = SmtpSender(route_to(server, secret))
        sender.sign_in()
        sender.close()
    except (Unreachable, TokenRefused, TokenUnavailable, OSError) as error:
        words = str(error) or type(error).__name__
        for hidden in filter(None, hide):
            words = words.replace(hidden, "***")
        return words[:300]
    return ""


def note_failed(server: OutgoingServer, words: str, *, at: datetime) -> None:
    """It could not be used: pass it over for a while, longer each time."""
    quiet = min(_FIRST_QUIET * 2 ** min(server.failures, 4), _LONGEST_QUIET)
    server.failures += 1
    OutgoingServer.objects.filter(pk=server.pk).update(
        state=OutgoingState.FAILING, trouble=words[:300], failures=server.failures, quiet_until=at + quiet,
        failing_since=server.failing_since or at,
    )  # fmt: skip


def note_used(server: OutgoingServer, *, at: datetime) -> None:
    """It took a mail."""
    stale = Q(last_used_at=None) | Q(last_used_at__lt=at - timedelta(seconds=5)) | ~Q(state=OutgoingState.OK)
    OutgoingServer.objects.filter(stale, pk=server.pk).update(
        state=OutgoingState.OK, trouble="", failures=0, failing_since=None, quiet_until=None, last_used_at=at
    )
