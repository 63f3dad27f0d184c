"""One folder of a mailbox, open: what is in it, the mails themselves, and marking or moving those that are ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from channels_inbound.imap.connection import Client, Server, Wake, open_connection
from channels_inbound.imap.troubles import FolderMissing, Unnumbered
from channels_inbound.models import MailboxAuth

# imaplib takes no line over a million bytes, and the answer to a search is one line.
SEARCH_SPAN = 50_000
SEARCH_LIMIT = 100_000
HEADER_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Access:
    """What it takes to open a folder."""

    server: Server
    username: str
    auth: str
    password_or_token: str
    folder: str
    read_only: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A mail as the server lists it; `size` is None where the server would not say."""

    uid: int
    size: int | None = None
    arrived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail as it came. With a `reason` it is only its header, or nothing at all."""

    listed: Listed
    content: bytes
    reason: str = ""


class Folder:
    """Signed in, and the folder selected."""

    def __init__(self, client: Client, name: str, *, read_only: bool, max_size: int) -> None:
        self.client = client
        self.name = name
        self.read_only = read_only
        self.max_size = max_size
        self.select()

    def select(self) -> None:
        """Ask the folder for its numbers, also when it is open: they may have changed."""
        try:
            said = self.client.select_folder(self.name, readonly=self.read_only)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            raise FolderMissing(str(error)) from None
        if not said.get(b"UIDVALIDITY"):
            raise Unnumbered("no UIDVALIDITY")
        self.uidvalidity: int = said[b"UIDVALIDITY"]
        self.number_of_mails: int = said.get(b"EXISTS", 0)
        self.uidnext: int = said.get(b"UIDNEXT") or self._last_uid() + 1

    @property
    def can_idle(self) -> bool:
        return bool(self.client.has_capability("IDLE"))

    def _last_uid(self) -> int:
        return max(self.client.search(["UID", "*"]), default=0) if self.number_of_mails else 0

    def search(self, after: int, *, since: datetime | None) -> list[int]:
        """The UIDs above `after`, in order; with `since` only of mails that arrived about then or later."""
        # A date without a time, by the server's own zone: a day more is asked for, and `arrived_at` decides.
        window: list[Any] = ["SINCE", (since - timedelta(days=1)).date()] if since else []
        found: set[int] = set()
        start = after + 1
        while start + SEARCH_SPAN < self.uidnext and self.number_of_mails > SEARCH_LIMIT:
            found.update(self.client.search(["UID", f"{start}:{start + SEARCH_SPAN - 1}", *window]))
            start += SEARCH_SPAN
        found.update(self.client.search(["UID", f"{start}:*", *window]))
        # "n:*" always names the last mail, even below n.
        return sorted(uid for uid in found if uid > after)

    def listing(self, uids: Sequence[int]) -> list[Listed]:
        """Size and arrival of each. A mail that is gone meanwhile is not among them."""
        try:
            said = self.client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
        except IMAPClientAbortError:
            raise
        except (IMAPClientError, ValueError) as error:
            if len(uids) > 1:
                return [listed for uid in uids for listed in self.listing([uid])]
            del error
            return [Listed(uids[0])]
        return [
            Listed(uid, said[uid].get(b"RFC822.SIZE"), _aware(said[uid].get(b"INTERNALDATE")))
            for uid in uids if uid in said
        ] + [Listed(uid) for uid in self._still_there([uid for uid in uids if uid not in said])]  # fmt: skip

    def fetch(self, mails: Sequence[Listed]) -> list[Fetched]:
        """The mails, untouched on the server. One that the server cannot give comes as a header with its reason;
        one that is gone does not come."""
        whole = [mail for mail in mails if mail.size is None or mail.size <= self.max_size]
        found = {fetched.listed.uid: fetched for fetched in self._bodies(whole)}
        for mail in mails:
            if mail not in whole:
                found[mail.uid] = self.too_large(mail)
        return [found[mail.uid] for mail in mails if mail.uid in found]

    def _bodies(self, mails: Sequence[Listed]) -> list[Fetched]:
        if not mails:
            return []
        try:
            said = self.client.fetch([mail.uid for mail in mails], ["BODY.PEEK[]"])
        except IMAPClientAbortError:
            raise
        except (IMAPClientError, ValueError) as error:
            if len(mails) > 1:
                return [fetched for mail in mails for fetched in self._bodies([mail])]
            return [self.header_only(mails[0], f"the server does not give this mail: {str(error)[:200]}")]
        answered = [mail for mail in mails if mail.uid in said]
        silent = self._still_there([mail.uid for mail in mails if mail.uid not in said])
        refused = [mail for mail in mails if mail.uid in silent]
        return [self._body(mail, said[mail.uid].get(b"BODY[]")) for mail in answered] + [
            self.header_only(mail, "the server does not give this mail, without a reason") for mail in refused
        ]

    def _body(self, mail: Listed, content: bytes | None) -> Fetched:
        if content is None:
            return self.header_only(mail, "the server gives this mail without its text")
        if len(content) > self.max_size:
            return self.too_large(replace(mail, size=len(content)))
        return Fetched(mail, content)

    def too_large(self, mail: Listed) -> Fetched:
        limit, size = self.max_size >> 20, (mail.size or 0) / (1 << 20)
        words = f"larger than {limit} MB ({size:.1f} MB): only its header was fetched"
        return self.header_only(mail, f"{words}, the mail itself is still in the mailbox")

    def header_only(self, mail: Listed, reason: str) -> Fetched:
        """What can be had of a mail that cannot be had whole."""
        header = b""
        with suppress(IMAPClientError, ValueError):
            said = self.client.fetch([mail.uid], [f"BODY.PEEK[HEADER]<0.{HEADER_BYTES}>"])
            values = said.get(mail.uid, {})
            header = next((value for key, value in values.items() if key.startswith(b"BODY[HEADER]")), None) or b""
        return Fetched(mail, header, reason)

    def _still_there(self, uids: Sequence[int]) -> list[int]:
        return sorted(set(self.client.search(["UID", ",".join(map(str, uids))])) & set(uids)) if uids else []

    def mark_seen(self, uids: Sequence[int]) -> None:
        self.client.add_flags(uids, [rb"\Seen"], silent=True)

    def move(self, uids: Sequence[int], target: str) -> None:
        """Move them, making the folder if need be. Without MOVE: copied, then only these are expunged."""
        try:
            self._move(uids, target)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            if "TRYCREATE" not in str(error).upper():
                raise
            self.client.create_folder(target)
            self._move(uids, target)

    def _move(self, uids: Sequence[int], target: str) -> None:
        if self.client.has_capability("MOVE"):
            self.client.move(uids, target)
            return
        self.client.copy(uids, target)
        self.client.add_flags(uids, [rb"\Deleted"], silent=True)
        # Without UIDPLUS an EXPUNGE would also take what others marked; then the marked mails stay for them.
        if self.client.has_capability("UIDPLUS"):
            self.client.uid_expunge(uids)

    def wait_for_mail(self, seconds: float, wake: Wake) -> None:
        self.client.wait_for_mail(seconds, wake)


@contextmanager
def open_folder(access: Access, *, max_size: int, connected: list[Client] | None = None) -> Iterator[Folder]:
    """Connect, sign in, select; sign out at the end. `connected` gets the client as soon as there is one, for
    whoever may have to cut it."""
    client = open_connection(access.server)
    if connected is not None:
        connected.append(client)
    try:
        _sign_in(client, access)
        yield Folder(client, access.folder, read_only=access.read_only, max_size=max_size)
        client.logout()
    finally:
        with suppress(OSError, IMAPClientError, AttributeError):
            client.shutdown()


def _sign_in(client: Client, access: Access) -> None:
    if access.auth == MailboxAuth.OAUTH:
        client.oauth2_login(access.username, access.password_or_token)
    elif (access.username + access.password_or_token).isascii() and not client.has_capability("LOGINDISABLED"):
        client.login(access.username, access.password_or_token)
    else:
        # LOGIN knows no letters beyond ASCII; SASL's PLAIN takes UTF-8.
        client.plain_login(access.username, access.password_or_token)


def _aware(found: Any) -> datetime | None:
    return found if isinstance(found, datetime) and found.tzinfo is not None else None
