"""What an admin does with mailboxes: add, change, switch off, take away, have looked at now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.credentials import CredentialsError, decrypt, encrypt, with_tokens
from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.imap.oauth import sign_in_place
from channels_inbound.models import AfterFetch, Mailbox, MailboxAuth, MailboxState
from channels_inbound.quarantine import channels_visible_to
from events.audit import note_setting
from events.ledger import record_event
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput, NotFound, TooLate
from tickets.models import Channel

SETTINGS = (
    "is_active", "host", "port", "security", "username", "auth", "authorize_url", "token_url", "client_id",
    "scope", "folder", "after_fetch", "move_to", "start_from", "start_days", "backlog_historic", "use_idle",
    "poll_seconds",
)  # fmt: skip
# Whoever points a mailbox at another server must say the password again: the old one is not for that server.
PLACE = ("host", "port", "security", "auth", "token_url")
# Another account or folder has other numbers: the cursor starts anew.
IDENTITY = ("host", "port", "username", "folder")
SILENT_AFTER = timedelta(minutes=10)
RENUMBERED_SHOWN = timedelta(days=7)


def mailboxes_visible_to(agent: Agent) -> QuerySet[Mailbox]:
    """The mailboxes of the channels an agent may see."""
    return Mailbox.objects.filter(channel__in=channels_visible_to(agent)).select_related("channel")


def silent(mailbox: Mailbox, *, at: datetime) -> bool:
    """Whether nobody has looked into it for too long, for whatever reason: the alarm."""
    if not (mailbox.is_active and mailbox.channel.is_active):
        return False
    return (mailbox.last_look_at or mailbox.created_at) < at - patience(mailbox)


def patience(mailbox: Mailbox) -> timedelta:
    return max(SILENT_AFTER, 3 * timedelta(seconds=mailbox.poll_seconds))


def in_trouble(*, at: datetime) -> QuerySet[Mailbox]:
    """The active mailboxes an admin must look after, as far as one query can tell."""
    long_ago = at - SILENT_AFTER
    quiet = Q(last_look_at__lt=long_ago) | Q(last_look_at=None, created_at__lt=long_ago)
    active = Mailbox.objects.filter(is_active=True, channel__is_active=True).select_related("channel")
    return active.filter(Q(state=MailboxState.REFUSED) | quiet)


def add_mailbox(
    channel: Channel, values: Mapping[str, Any], secret: dict[str, str], *, by: Agent, at: datetime | None = None
) -> Mailbox:
    """A new mailbox of a mail channel; the first visit comes within seconds. InvalidInput, PermissionDenied."""
    _check(by)
    mailbox = Mailbox(channel=channel, **{name: values[name] for name in SETTINGS if name in values})
    _check_settings(mailbox, secret)
    mailbox.secret = _encrypted(secret)
    try:
        with transaction.atomic():
            mailbox.save()
            _record(mailbox, ChannelEvent.MAILBOX_ADDED, by=by, at=at)
    except IntegrityError:
        raise InvalidInput("folder", _("This folder is fetched already.")) from None
    return mailbox


def change_mailbox(
    mailbox_id: int, values: Mapping[str, Any], secret: dict[str, str], *, by: Agent, at: datetime | None = None
) -> Mailbox:
    """New settings; an empty secret keeps the stored one. Whoever is fetching stops and starts anew with them."""
    _check(by)
    try:
        with transaction.atomic():
            mailbox = _locked(mailbox_id)
            before = {name: getattr(mailbox, name) for name in SETTINGS}
            for name in SETTINGS:
                if name in values:
                    setattr(mailbox, name, values[name])
            moved = any(before[name] != getattr(mailbox, name) for name in PLACE)
            if moved and not secret:
                raise InvalidInput("password", _("For another server the password must be entered again."))
            _check_settings(mailbox, secret or {"password": "kept"})
            if secret:
                mailbox.secret = _encrypted(secret)
            if any(before[name] != getattr(mailbox, name) for name in IDENTITY):
                _forget_place(mailbox, at=at or timezone.now())
            _look_soon(mailbox, at=at or timezone.now())
            mailbox.save()
            changed = sorted(name for name in SETTINGS if before[name] != getattr(mailbox, name))
            changed += ["password"] if secret else []
            after = {name: getattr(mailbox, name) for name in SETTINGS}
            note_setting(f"mailbox {mailbox.pk}", before, after, by=by.actor)
            _record(mailbox, ChannelEvent.MAILBOX_CHANGED, by=by, at=at, changed=changed)
    except IntegrityError:
        raise InvalidInput("folder", _("This folder is fetched already.")) from None
    return mailbox


def remove_mailbox(mailbox_id: int, *, by: Agent, at: datetime | None = None) -> None:
    """Fetch from it no more, and forget its password. The mails it brought stay."""
    _check(by)
    with transaction.atomic():
        mailbox = _locked(mailbox_id)
        before = {name: getattr(mailbox, name) for name in SETTINGS}
        note_setting(f"mailbox {mailbox.pk}", before, dict.fromkeys(before), by=by.actor)
        _record(mailbox, ChannelEvent.MAILBOX_REMOVED, by=by, at=at)
        mailbox.delete()


def look_now(mailbox_id: int, *, by: Agent, at: datetime | None = None) -> None:
    """Do not wait for the next try's time."""
    _check(by)
    with transaction.atomic():
        mailbox = _locked(mailbox_id)
        _look_soon(mailbox, at=at or timezone.now())
        mailbox.save(update_fields=["version", "next_look_at", "failures"])


def grant_access(
    mailbox_id: int, tokens: Mapping[str, str], place: Sequence[str], *, by: Agent, at: datetime | None = None
) -> Mailbox:
    """Keep the tokens that the sign-in service at `place` gave when its owner let us in. TooLate when the mailbox
    asks somewhere else meanwhile."""
    _check(by)
    at = at or timezone.now()
    with transaction.atomic():
        mailbox = _locked(mailbox_id)
        if tuple(place) != sign_in_place(mailbox):
            raise TooLate(_("The settings were changed meanwhile. Sign in once more."))
        mailbox.secret = _encrypted(with_tokens(mailbox.secret, tokens))
        _look_soon(mailbox, at=at)
        mailbox.save(update_fields=["secret", "version", "next_look_at", "failures"])
        _record(mailbox, ChannelEvent.MAILBOX_CHANGED, by=by, at=at, changed=["access"])
    return mailbox


def stored_secret(mailbox: Mailbox) -> dict[str, str]:
    """For a test of the connection only; it goes to no page."""
    return decrypt(mailbox.secret)


def _check(by: Agent) -> None:
    if not (by.is_active and by.may(Permission.MANAGE_CHANNELS)):
        raise PermissionDenied(_("Your role does not allow this."))


def _check_settings(mailbox: Mailbox, secret: Mapping[str, str]) -> None:
    asks = mailbox.auth == MailboxAuth.OAUTH and mailbox.authorize_url
    if not any(secret.values()) and not asks:
        raise InvalidInput("password", _("Without a password or a token nobody can sign in."))
    if mailbox.auth == MailboxAuth.OAUTH and not (mailbox.token_url and mailbox.client_id):
        raise InvalidInput("token_url", _("OAuth needs the token address and the client id."))
    if mailbox.after_fetch == AfterFetch.MOVE and mailbox.move_to in ("", mailbox.folder):
        raise InvalidInput("move_to", _("Name another folder to move fetched mail to."))


def _encrypted(secret: dict[str, str]) -> str:
    try:
        return encrypt(secret)
    except CredentialsError as error:
        raise InvalidInput("password", str(error)) from None


def _locked(mailbox_id: int) -> Mailbox:
    mailbox = Mailbox.objects.select_for_update(of=("self",)).select_related("channel").filter(pk=mailbox_id).first()
    if mailbox is None:
        raise NotFound(_("There is no such mailbox."))
    return mailbox


def _forget_place(mailbox: Mailbox, *, at: datetime) -> None:
    """As if just added, but under a new epoch: what was fetched from the old place is known by its bytes."""
    mailbox.epoch += 1
    mailbox.uidvalidity = mailbox.since = mailbox.caught_up_at = mailbox.renumbered_at = None
    mailbox.last_uid = mailbox.floor_uid = mailbox.stalls = 0
    mailbox.created_at = at


def _look_soon(mailbox: Mailbox, *, at: datetime) -> None:
    mailbox.version += 1
    mailbox.failures = 0
    mailbox.next_look_at = at


def _record(mailbox: Mailbox, kind: ChannelEvent, *, by: Agent, at: datetime | None, **data: Any) -> None:
    lock_channel(mailbox.channel_id)
    record_event(
        channel_stream(mailbox.channel_id), kind, by=by.actor, at=at or timezone.now(),
        data={"mailbox": mailbox.pk, "host": mailbox.host, "username": mailbox.username, "folder": mailbox.folder}
        | data,
    )  # fmt: skip
