"""What one webhook delivery says, in words no provider owns. Parsers make these; `apply.py` acts on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tickets.inbound import InboundMessage


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that still lies at the provider. `ref` is what its own `locate` needs, and holds no secret."""

    ref: dict[str, Any]
    filename: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """Somebody wrote to us. `place` is not zero where a message comes in several deliveries, as an album does, all with
    the message's one `dedupe_key`: the place of these files in it."""

    message: InboundMessage
    files: tuple[RemoteFile, ...] = ()
    payload: str = ""
    place: int = 0


@dataclass(frozen=True, slots=True)
class Edited:
    """The words of a message are others now."""

    external_id: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message was taken back."""

    external_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Hidden:
    """A public comment was hidden from others, or shown again."""

    external_id: str
    hidden: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Reacted:
    """A sign was put to a message; an empty `emoji` takes it away. `ours`: by us, at the provider."""

    external_id: str
    emoji: str
    by: str
    at: datetime
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """How far something of ours came: `delivered`, `read` or `failed`.

    Named by its id; by our own tag where the provider hands it back; or everything of ours in `thread_id` up to `at`
    where the provider only says "up to here".
    """

    status: str
    at: datetime
    external_id: str = ""
    tag: str = ""
    thread_id: str = ""
    error: str = ""
    refuses: str = ""


@dataclass(frozen=True, slots=True)
class Echo:
    """Something went out in our name: by us (then it proves our sending), or by somebody of ours elsewhere. `to` are
    (kind, value) identities it went to, where the thread may have another name here."""

    external_id: str
    thread_id: str
    text: str
    at: datetime
    tag: str = ""
    by_us: bool = False
    thread_also: tuple[str, ...] = ()
    author: str = ""
    files: tuple[RemoteFile, ...] = ()
    to: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reachable:
    """Whether somebody takes messages from us by this channel: `refuses` says why not, empty that they do again."""

    identity_kind: str
    address: str
    refuses: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Started:
    """Somebody came by a link that carries a secret of ours."""

    identity_kind: str
    address: str
    token: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody opened a chat with us and has said nothing yet: to be greeted, where the channel has words for it."""

    address: str
    thread_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Agreed:
    """Somebody said themselves, to the provider, that they want something from us or want it no more. `purpose`:
    messages, marketing or notices."""

    identity_kind: str
    address: str
    purpose: str
    given: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Renumbered:
    """The provider says that somebody has another address of this kind now: they are reached by both names."""

    identity_kind: str
    address: str
    now: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CallHeard:
    """The state of a telephone call; the same call is told of several times. `waited_until` is for whoever tells no
    `wait_seconds`: when the ringing ended that was told of before. `if_rung` stands where only the end is told and not
    who talked: what it was for a call that rang here first. Such an end changes no outcome that is known already."""

    external_id: str
    direction: str
    outcome: str
    number: str
    line: str
    started_at: datetime
    wait_seconds: int | None = None
    talk_seconds: int | None = None
    agent_name: str = ""
    name: str = ""
    final: bool = True
    waited_until: datetime | None = None
    if_rung: str = ""


@dataclass(frozen=True, slots=True)
class RecordingHeard:
    """A recording or a voicemail of a call lies ready at the provider."""

    call_id: str
    external_id: str
    file: RemoteFile
    voicemail: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class CallNoted:
    """What those who had a call wrote of it at the provider: all of it, each time."""

    call_id: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RawMail:
    """A mail that a mail provider took for us: it goes the way of every mail."""

    content: bytes = field(repr=False)
    rcpt_tos: tuple[str, ...] = ()
    mail_from: str | None = None


@dataclass(frozen=True, slots=True)
class MailReport:
    """What a mail provider says of a mail of ours. `message_ids` have no brackets."""

    event: str
    recipient: str
    at: datetime
    message_ids: tuple[str, ...] = ()
    permanent: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TemplateJudged:
    """The provider made up its mind about a template: `state` as `TemplateState`."""

    name: str
    language: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """The provider tells of something an admin must see: access taken away, a number blocked. Or that it is `over`."""

    detail: str
    refused: bool = False
    over: bool = False


@dataclass(frozen=True, slots=True)
class Ignored:
    """Understood, and nothing for us to do: kept with its reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unread:
    """One item among others that is not as the contract says: the others are heard all the same, this one waits in
    quarantine with its reason."""

    reason: str


Fact = (
    Heard | Edited | Unsent | Hidden | Reacted | Receipt | Echo | Reachable | CallHeard | RecordingHeard | CallNoted
    | RawMail | MailReport | Started | Agreed | Renumbered | TemplateJudged | Trouble | Ignored | Unread | Arrived
)  # fmt: skip
