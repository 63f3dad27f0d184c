"""The port every channel speaks to: one normalized message, whatever brought it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from tickets.sensitive.masking import FoundSecret

Verdict = Literal["pass", "none", "fail"]
Outcome = Literal["new", "threaded", "duplicate", "bounce", "own"]


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: `address` is lower-cased, `name` is what its owner calls themselves."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class InboundAttachment:
    """A file already lying on storage under `sha256` (see `people.storage`); `about` as the model has it."""

    filename: str
    content_type: str
    size: int
    sha256: str
    content_id: str = ""
    inline: bool = False
    about: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """One recipient a report names."""

    recipient: str
    status: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What a delivery report says: who was not reached, the enhanced status, and which mail of ours it was.

    `tokens` are reply tokens found in the returned original (its Message-ID or Reply-To). A report about several
    recipients names the first here and the rest in `others`.
    """

    recipient: str
    status: str
    permanent: bool
    original_ids: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    others: tuple[BouncedRecipient, ...] = ()

    @property
    def everyone(self) -> tuple[BouncedRecipient, ...]:
        return (BouncedRecipient(self.recipient, self.status, self.permanent), *self.others)


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """What came in, understood but not yet placed. Every string is storable in PostgreSQL.

    `dedupe_key` is the message's identity over all channels of its kind; `external_id` its Message-ID (without
    brackets) or the provider's id. `tokens` come from the reply address, `body_tokens` from quoted text,
    `subject_numbers` from `[#1042]`: evidence, weighed by `tickets.ingest.threading`. `quoted` are [start, end)
    pairs in code points of `text`. `at` is when it was written, `received_at` when we got it. A `historic`
    message (imported) keeps its own date, and neither reopens nor wakes anything.

    `thread_id` (and the older names in `thread_also`) is the conversation as the provider counts it: whoever writes
    there was let in by the provider. `also_known_as` are further (kind, value) identities the provider proves to be
    the sender's, `handle` what they are called there. `timed_by_provider` says that `at` is no claim of the sender.
    `about` says what the message is attached to (a story, an advertisement), `payload` what stands behind a button that
    was pressed. `standby`: another system holds the conversation at the provider, and no machine of ours answers.
    `claims` are (kind, value) addresses the sender says are theirs: evidence, never proof. `team_id` is whose a new
    ticket becomes instead of its channel's.

    `secrets` are what the door took out of its words, for good if `redacted`; adapters leave them alone.
    """

    channel_id: int
    dedupe_key: UUID
    external_id: str
    at: datetime
    received_at: datetime
    sender: Address
    subject: str
    text: str
    identity_kind: str = "email"
    verdict: Verdict = "none"
    html: str = ""
    html_version: int = 0
    quoted: tuple[tuple[int, int], ...] = ()
    language: str = ""
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    body_tokens: tuple[str, ...] = ()
    subject_numbers: tuple[int, ...] = ()
    auto_kind: str = ""
    bounce: BounceReport | None = None
    attachments: tuple[InboundAttachment, ...] = ()
    truncated: bool = False
    historic: bool = False
    thread_id: str = ""
    thread_also: tuple[str, ...] = ()
    also_known_as: tuple[tuple[str, str], ...] = ()
    timed_by_provider: bool = False
    handle: str = ""
    about: str = ""
    payload: str = ""
    standby: bool = False
    claims: tuple[tuple[str, str], ...] = ()
    files_to_come: int = 0
    team_id: int | None = None
    secrets: tuple[FoundSecret, ...] = ()
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What became of one message."""

    outcome: Outcome
    message_id: int | None
    ticket_id: int | None
    layer: str
    reason: str = ""
