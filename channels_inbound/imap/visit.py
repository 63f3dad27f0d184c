"""One visit to one mailbox: sign in, take what is new, mark or move it, and stay to hear of more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from channels_inbound.credentials import decrypt, encrypt
from channels_inbound.imap import again, cursor, leases, oauth
from channels_inbound.imap.connection import Client, Server, Wake
from channels_inbound.imap.cursor import Lease, LeaseLost, Position
from channels_inbound.imap.folder import Access, Fetched, Folder, Listed, open_folder
from channels_inbound.imap.troubles import Trouble, trouble_of
from channels_inbound.models import AfterFetch, Mailbox, MailboxAuth

logger = logging.getLogger(__name__)

# Routers forget silent connections after some minutes; servers end an IDLE after 30 (RFC 2177).
IDLE_SECONDS = 240.0
LISTED_AT_ONCE = 200
BATCH = 50
BATCH_BYTES = 8 << 20
# A connection that broke so often at the same place is broken by a mail: first each is fetched alone, then the one
# that is next is set aside.
ALONE_AFTER = 2
STEP_OVER_AFTER = 5

# Big mails one after the other, over all mailboxes: memory is for many small ones.
_big = BoundedSemaphore(1)

InDatabase = Callable[..., Any]


def access_to(mailbox: Mailbox, password_or_token: str) -> Access:
    """How to open this mailbox. Nothing is written in a folder whose mails are left as they are."""
    server = Server(mailbox.host, mailbox.port, mailbox.security, settings.MAX_MAIL_SIZE + (1 << 20))
    read_only = mailbox.after_fetch == AfterFetch.LEAVE
    return Access(server, mailbox.username, mailbox.auth, password_or_token, mailbox.folder, read_only)


class Visit:
    """Runs on a thread of its own; every look into the database goes through `in_database`."""

    def __init__(self, lease: Lease, mailbox: Mailbox, in_database: InDatabase) -> None:
        self.lease = lease
        self.mailbox = mailbox
        self.in_database = in_database
        self.wake = Wake()
        self.stored = 0
        self._fetching = False
        self._connected: list[Client] = []
        self._hide: tuple[str, ...] = ()

    def stop(self) -> None:
        """Come to an end after the batch under way."""
        self.wake.call()

    def cut(self) -> None:
        """Come to an end now."""
        self.wake.call()
        for client in self._connected:
            client.cut()

    def run(self) -> None:
        """To the end of the visit, which is never an exception."""
        try:
            self._sign_in_and_look()
        except LeaseLost:
            logger.info("mailbox left to another", extra={"mailbox": self.mailbox.pk})
        except DatabaseError as error:
            logger.warning("mailbox left: database", exc_info=error, extra={"mailbox": self.mailbox.pk})
        except Exception as error:  # noqa: BLE001 - whatever a server makes of us, the others must not feel it
            if not self.wake.called():
                self._note(error)
        finally:
            self.wake.close()

    def _note(self, error: Exception) -> None:
        trouble = trouble_of(error, hide=self._hide)
        facts = {"mailbox": self.mailbox.pk, "trouble": trouble.kind.value, "detail": trouble.detail}
        logger.warning("mailbox visit failed", extra=facts)
        if not isinstance(error, (OSError, IMAPClientError)) and trouble.kind == "protocol":
            logger.error("unexpected while fetching", exc_info=error, extra={"mailbox": self.mailbox.pk})
        with suppress(DatabaseError, LeaseLost):
            if self._fetching and not isinstance(error, LoginError):
                self.in_database(cursor.note_stall, self.lease)
            self.in_database(leases.note_trouble, self.lease, trouble, at=timezone.now())

    def _sign_in_and_look(self) -> None:
        password_or_token, renewed = self._password_or_token()
        try:
            self._look_and_wait(password_or_token)
        except LoginError:
            if self.mailbox.auth != MailboxAuth.OAUTH or renewed:
                raise
            # A token may be taken back before its time; the next one tells whether the access was.
            self._connected.clear()
            self._look_and_wait(self._password_or_token(force=True)[0])

    def _password_or_token(self, *, force: bool = False) -> tuple[str, bool]:
        secret = decrypt(self.mailbox.secret)
        self._hide = tuple(secret.values())
        if self.mailbox.auth != MailboxAuth.OAUTH:
            return secret.get("password", ""), False
        now = timezone.now()
        if oauth.is_fresh(secret, at=now) and not force:
            return secret["access_token"], False
        client = oauth.TokenClient(self.mailbox.token_url, self.mailbox.client_id, self.mailbox.scope)
        secret = oauth.refresh(client, secret, at=now)
        self._hide += tuple(secret.values())
        self.in_database(cursor.save_secret, self.lease, encrypt(secret))
        return secret["access_token"], True

    def _look_and_wait(self, password_or_token: str) -> None:
        access = access_to(self.mailbox, password_or_token)
        with open_folder(access, max_size=settings.MAX_MAIL_SIZE, connected=self._connected) as folder:
            while not self.wake.called():
                folder.select()
                self.look(folder)
                if self.wake.called():
                    return
                waits = self.mailbox.use_idle and folder.can_idle
                self.in_database(
                    leases.note_good, self.lease, at=timezone.now(), next_look_in=self.mailbox.poll_seconds
                )
                if not waits:
                    return
                if not folder.client.heard_of_new_mail():
                    folder.wait_for_mail(IDLE_SECONDS, self.wake)

    def look(self, folder: Folder) -> None:
        """Everything that is new in the folder, until there is nothing."""
        position: Position = self.in_database(
            cursor.align, self.lease, uidvalidity=folder.uidvalidity, uidnext=folder.uidnext, at=timezone.now()
        )
        self._settle(folder, position.epoch)
        self._fetch_again(folder, position.epoch)
        taken = True
        while taken and not self.wake.called():
            folder.client.heard_of_new_mail()  # what was told before this search, the search tells
            uids = folder.search(position.start, since=position.since)
            fresh = self.in_database(cursor.unknown, self.lease, position.epoch, uids)
            position, taken = self._take(folder, position, fresh)
        if not self.wake.called():
            floor = self._floor(folder, position) if position.since else 0
            self.in_database(
                cursor.caught_up, self.lease, position.epoch, uidnext=folder.uidnext, floor=floor, at=timezone.now()
            )

    def _floor(self, folder: Folder, position: Position) -> int:
        """Up to where the folder holds mail that is too old: the look back below the cursor ends there."""
        last = max(position.last_uid, folder.uidnext - 1)
        uids = folder.search(max(0, last - cursor.LOOK_BACK), since=None)
        fresh = self.in_database(cursor.unknown, self.lease, position.epoch, uids)
        old = [mail.uid for mail in folder.listing(fresh) if _is_older(mail, position)] if fresh else []
        return max(old, default=max(0, last - cursor.LOOK_BACK))

    def _take(self, folder: Folder, position: Position, uids: Sequence[int]) -> tuple[Position, bool]:
        taken = False
        for start in range(0, len(uids), LISTED_AT_ONCE):
            chunk = uids[start : start + LISTED_AT_ONCE]
            listed = folder.listing(chunk)
            wanted = [mail for mail in listed if not _is_older(mail, position)]
            while wanted and not self._let_read_first(folder, position):
                batch = _batch(wanted, alone=position.stalls >= ALONE_AFTER)
                position = self._take_batch(folder, position, batch)
                wanted = wanted[len(batch) :]
                taken = True
            if self.wake.called():
                break
            position = self._store(position, [], passed=chunk[-1])
        return position, taken

    def _let_read_first(self, folder: Folder, position: Position) -> bool:
        """Wait while enough of an old folder waits to be read, or an archive would stand before live mail; True when
        the visit is to end."""
        waits = 0
        while (
            position.catching_up
            and not self.wake.called()
            and self.in_database(cursor.waiting_to_be_read, self.mailbox) > cursor.READ_FIRST
        ):
            self.wake.wait(1.0)
            waits += 1
            if waits % 60 == 0:
                folder.client.noop()
        return self.wake.called()

    def _take_batch(self, folder: Folder, position: Position, batch: Sequence[Listed]) -> Position:
        with _big if sum(mail.size or 0 for mail in batch) > BATCH_BYTES else nullcontext():
            self._fetching = True
            fetched = self._fetch(folder, position, batch)
            self._fetching = False
            position = self._store(position, fetched, passed=batch[-1].uid)
        self._settle(folder, position.epoch)
        return position

    def _fetch(self, folder: Folder, position: Position, batch: Sequence[Listed]) -> list[Fetched]:
        if position.stalls < STEP_OVER_AFTER:
            return folder.fetch(batch)
        reason = f"the connection broke {position.stalls} times while this mail was being fetched"
        if position.stalls == STEP_OVER_AFTER:
            return [folder.header_only(mail, reason) for mail in batch]
        return [Fetched(mail, b"", reason) for mail in batch]

    def _fetch_again(self, folder: Folder, epoch: int) -> None:
        """What somebody asked for once more, one by one. Whatever breaks meanwhile, it was asked for once."""
        while uids := self.in_database(again.take_wanted, self.lease, epoch):
            for uid in uids:
                fetched = None
                try:
                    listed = folder.listing([uid])
                    fetched = next(iter(folder.fetch(listed)), None) if listed else None
                    reason = fetched.reason if fetched else again.GONE
                except (OSError, IMAPClientAbortError):
                    self.in_database(again.keep, self.lease, epoch, uid, None, again.BROKEN, at=timezone.now())
                    raise
                self.in_database(again.keep, self.lease, epoch, uid, fetched, reason, at=timezone.now())
            self._settle(folder, epoch)

    def _store(self, position: Position, fetched: Sequence[Fetched], *, passed: int) -> Position:
        new = self.in_database(cursor.store, self.lease, position.epoch, fetched, passed=passed, at=timezone.now())
        self.stored += len(new)
        if new:
            logger.info("mail fetched", extra={"mailbox": self.mailbox.pk, "number": len(new), "uid": passed})
        stalls = 0 if fetched else position.stalls
        return replace(position, last_uid=max(position.last_uid, passed), stalls=stalls)

    def _settle(self, folder: Folder, epoch: int) -> None:
        """Mark or move what is ours by now, also what an earlier visit did not come to. That it fails stops nothing."""
        if self.mailbox.after_fetch == AfterFetch.LEAVE:
            return
        while uids := self.in_database(cursor.owed, self.lease, epoch):
            try:
                if self.mailbox.after_fetch == AfterFetch.MOVE:
                    folder.move(uids, self.mailbox.move_to)
                else:
                    folder.mark_seen(uids)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                self.in_database(cursor.note_action, self.lease, trouble_of(error).detail or "refused")
                return
            self.in_database(cursor.settled, self.lease, epoch, uids)
            self.in_database(cursor.note_action, self.lease, "")


def _is_older(mail: Listed, position: Position) -> bool:
    return position.since is not None and mail.arrived_at is not None and mail.arrived_at < position.since


def _batch(mails: Sequence[Listed], *, alone: bool) -> list[Listed]:
    """The next ones that go together; a mail of unknown size goes alone."""
    chosen: list[Listed] = []
    size = 0
    for mail in mails[: 1 if alone else BATCH]:
        weight = BATCH_BYTES if mail.size is None else mail.size
        if chosen and size + weight > BATCH_BYTES:
            break
        chosen.append(mail)
        size += weight
    return chosen


def try_mailbox(mailbox: Mailbox, secret: dict[str, str]) -> Trouble | int:
    """Sign in and open the folder once, changing nothing: what is wrong, or how many mails are there."""
    hide = tuple(secret.values())
    try:
        if mailbox.auth == MailboxAuth.OAUTH:
            client = oauth.TokenClient(mailbox.token_url, mailbox.client_id, mailbox.scope)
            secret = oauth.refresh(client, secret, at=timezone.now())
            hide += tuple(secret.values())
        access = replace(access_to(mailbox, secret.get("access_token") or secret.get("password", "")), read_only=True)
        with open_folder(access, max_size=settings.MAX_MAIL_SIZE) as folder:
            return folder.number_of_mails
    except Exception as error:  # noqa: BLE001 - an admin's question: every way to fail is an answer
        return trouble_of(error, hide=hide)
