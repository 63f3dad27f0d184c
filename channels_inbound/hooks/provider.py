"""The small interface every provider fills: verify, parse, send, health, and the fields of its settings form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from channels_inbound.hooks.facts import Fact
from people.http_client import Answer, HttpClient
from tickets.kinds import Traits

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # there for type checkers only

    Text = str | _StrPromise
else:
    Text = str

# Tags of our own that a provider hands back: "msg:<message>.<part>".
TAG = "msg:"


class BadSignature(Exception):
    """Not from the provider, or not for us: 403, and nothing is kept but a count."""


class Unverifiable(Exception):
    """What it takes to judge the signature is not to be had now: 503, so that they come again."""


class Malformed(Exception):
    """Signed, and still not what the contract says: kept in quarantine with this reason."""


class SendError(Exception):
    """The provider said no. `kind`: transient, auth, recipient, policy or permanent (the provider contractR17).
    `refuses` is why whom it went to takes nothing from us by this channel, `stops` the purpose (as `Agreed` has it)
    that alone they want no more of. `wait` is in seconds, for everybody unless it is `theirs`: then others need not
    wait. `alarm`: somebody has to see to the channel, which may go on."""

    def __init__(
        self, kind: str, detail: str, *, wait: float | None = None, refuses: str = "", stops: str = "",
        theirs: bool = False, alarm: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.kind, self.detail, self.wait, self.refuses, self.stops = kind, detail[:400], wait, refuses, stops
        self.theirs, self.alarm = theirs, alarm


@dataclass(frozen=True, slots=True)
class Hook:
    """One request of a provider, as it came. Header names are lower case."""

    method: str
    url: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str]
    query: Mapping[str, str]
    form: Sequence[tuple[str, str]] = ()

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Account:
    """A connection as its provider's code sees it: who we are there, and what opens the door."""

    channel_id: int
    account: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    verify_token: str = field(default="", repr=False)
    locale: str = "en"
    hook_url: str = ""

    def secret_list(self, name: str) -> list[str]:
        """Several secrets may stand one a line, so that they can be changed without a gap; no empty one counts."""
        return [line.strip() for line in self.secrets.get(name, "").splitlines() if line.strip()]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a parser may know beside the bytes. No clock, no database, no network."""

    channel_id: int
    account: str
    received_at: datetime
    locale: str = "en"
    settings: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutFile:
    """A file to send: its bytes, or for a provider that fetches, an address of it."""

    filename: str
    content_type: str
    load: Callable[[], bytes]
    link: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Part:
    """One call of a provider's send API: a text or one file."""

    tag: str
    to: str
    thread_id: str
    text: str = ""
    file: OutFile | None = None
    reply_to: str = ""
    late: bool = False
    template: Mapping[str, Any] | None = None
    # A comment that this answers in private, and ready answers to stand below the text.
    private_to: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What the provider said when it took a part: its id of it, and further (kind, value) identities of whom it went
    to."""

    id: str
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the settings form."""

    name: str
    label: Text
    secret: bool = False
    needed: bool = True
    help: Text = ""
    many: bool = False
    flag: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """A message the provider approved before: its variables stand as {{1}}, {{2}}; `fields` are their own names, where
    they have some; `external_id` is what the provider calls it, if not by its name; `state` is approved, waiting or
    refused."""

    name: str
    language: str
    text: str
    state: str
    category: str = ""
    header: str = ""
    fields: tuple[str, ...] = ()
    count: int = 0
    external_id: str = ""


# A token is renewed when it has less than this left.
RENEW_LEFT = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Life:
    """How long a token lives; `token` is the new one, if there is a new one. None: it does not end by itself.
    `secrets` are other secrets that are new with it, by their fields' names."""

    ends_at: datetime | None
    token: str = field(default="", repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """One thing a provider lists: a message of a customer, a call, a recording (of the call that `external_id` names),
    something of ours that it took, sent `to` somebody, or a receipt of it. `key` names this state of it; `dedupe_key`
    is a message's, as `parse` gives it; `file` is a recording's own id, as its name begins; `fields` are what its
    webhook would say."""

    kind: str
    external_id: str
    key: str
    at: datetime
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    dedupe_key: UUID | None = None
    to: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the provider showed: what it lists, how much it still tries to bring, and what somebody should see
    to."""

    items: Sequence[Listed] = ()
    waiting: int = 0
    trouble: str = ""


class Provider:
    """A provider. Instances hold nothing: one serves every connection."""

    traits: ClassVar[Traits]
    fields: ClassVar[tuple[Field, ...]] = ()
    # Which field names us at the provider; it becomes the channel's address.
    account_field: ClassVar[str] = ""
    guide: ClassVar[Text] = ""
    # Headers worth keeping beside the body; signatures are checked and thrown away.
    kept_headers: ClassVar[tuple[str, ...]] = ()
    max_body: ClassVar[int] = 3 * 1024 * 1024
    takes_hooks: ClassVar[bool] = True
    # Whether `verify` may ask somebody over the network: then nobody else's answer waits behind it.
    asks_others: ClassVar[bool] = False
    # Whether webhooks tell no names of people, so that the provider is asked once for each of them.
    asks_names: ClassVar[bool] = False
    # Whether an admin has to enter our verify token at the provider.
    shows_token: ClassVar[bool] = False
    # Kinds whose channels may share one webhook address.
    family: ClassVar[tuple[str, ...]] = ()
    # How long after it was entered a token can first be renewed, where tokens may end; whether `look` shows anything.
    renews_after: ClassVar[timedelta | None] = None
    # Whether a token that has ended can be renewed all the same, by another secret than itself.
    renews_ended: ClassVar[bool] = False
    looks: ClassVar[bool] = False
    # Its APIs, by their names in endpoints. Hosts that see the credentials too, and hosts where files may lie besides:
    # https only; "*.name" is all below a name, "*" any public host.
    apis: ClassVar[tuple[str, ...]] = ()
    secret_hosts: ClassVar[tuple[str, ...]] = ()
    file_hosts: ClassVar[tuple[str, ...]] = ()
    # Where its SMTP servers are, for a service that mail leaves by; `*` is any part of a name.
    smtp_hosts: ClassVar[tuple[str, ...]] = ()

    # What it is called where its kind is not enough: several services bring mail.
    title: ClassVar[str] = ""
    # Its name in the registry, which stands in the webhook's address.
    name: ClassVar[str] = ""

    @property
    def kind(self) -> str:
        """The kind of its channels."""
        return self.traits.kind

    @property
    def icon(self) -> str:
        return self.traits.icon

    @property
    def label(self) -> str:
        return self.title or str(self.traits.label)

    def account_of(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
        """Who we are at the provider: the channel's address, unique among the channels of the kind."""
        return str(settings.get(self.account_field, "")).strip()

    def handshake(self, hook: Hook, account: Account) -> tuple[str, str] | None:
        """The answer (content type, text) to a GET of the provider; None when it has none. BadSignature."""
        return None

    def verify(self, hook: Hook, account: Account) -> None:
        """Raise BadSignature unless the provider made this request for this account: whoever checks nothing takes
        nothing."""
        raise BadSignature

    def accounts_named(self, hook: Hook) -> Sequence[str]:
        """The accounts a delivery is for, where it may be for others of the `family` than the one whose address it
        came to; those get it too if it stands their own `verify`."""
        return ()

    def body_of(self, hook: Hook) -> bytes:
        """What is kept of the request."""
        return hook.body

    def delivery_key(self, hook: Hook) -> str:
        """The delivery's own id, where a second delivery of the same can differ in bytes; empty: its bytes are it."""
        return ""

    def answer(self, hook: Hook, account: Account) -> tuple[str, str]:
        """What the provider hears with its 200."""
        return "text/plain", ""

    def mail_headers(self, tag: str) -> Mapping[str, str]:
        """What a mail that leaves by this service carries, so that `tag` comes back with what is told of it. Each a
        short line of ASCII."""
        return {}

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        """What a stored body says, in its order. Pure. Malformed."""
        raise Malformed("nothing comes to this kind of channel by webhook")

    def send(self, part: Part, account: Account, http: HttpClient) -> str | Taken:
        """Hand over one part; the provider's id of it. SendError, or `Unanswered` when nobody knows."""
        raise SendError("permanent", "nothing can be sent by this channel")

    def locate(self, ref: Mapping[str, Any], account: Account, http: HttpClient) -> tuple[str, dict[str, str]]:
        """Where a file lies (address, headers). May ask the provider. SendError."""
        return str(ref.get("url", "")), {}

    def name_of(self, address: str, account: Account, http: HttpClient) -> str:
        """What somebody is called, where webhooks tell only a number (`asks_names`). SendError."""
        raise SendError("permanent", "this provider tells names with the message")

    def words_of(self, ref: Mapping[str, Any], account: Account, http: HttpClient) -> str:
        """What was written, where a webhook only says that something was. SendError."""
        raise SendError("permanent", "this provider tells its words with the message")

    def acknowledge(self, pressed: str, account: Account, http: HttpClient) -> None:
        """Tell the provider that we heard of a pressed button, by its id. SendError."""
        raise SendError("permanent", "presses need no answer here")

    def invitation(self, token: str, account: Account) -> str:
        """The link by which somebody begins here and shows the token."""
        raise SendError("permanent", "nobody is invited to this kind of channel")

    def check(self, account: Account, http: HttpClient) -> str:
        """Try the credentials; a sentence about whom they belong to. SendError."""
        raise SendError("permanent", "there is nothing to test")

    def hide(self, external_id: str, hidden: bool, account: Account, http: HttpClient) -> None:
        """Hide a public comment from others, or show it again; doing so twice is the same. SendError, `Unanswered`."""
        raise SendError("permanent", "nothing can be hidden in this channel")

    def templates(self, account: Account, http: HttpClient) -> list[Template]:
        """What was approved for us to send. SendError."""
        raise SendError("permanent", "this kind of channel has no templates")

    def connect(self, account: Account, http: HttpClient) -> str:
        """Tell the provider our address, where its API can; a sentence about what was done. SendError."""
        return ""

    def renew(self, account: Account, ends_at: datetime | None, now: datetime, http: HttpClient) -> Life:
        """A new token in place of one that ends, or only when it ends; `ends_at` is what was said before. SendError."""
        raise SendError("permanent", "nothing is renewed here")

    def look(self, account: Account, since: datetime, http: HttpClient) -> Seen:
        """What the provider lists since then, for whatever webhooks did not bring. SendError."""
        raise SendError("permanent", "this provider lists nothing")

    def fetched(self, item: Listed, account: Account, http: HttpClient) -> str:
        """The body of the webhook this would have been. May ask the provider for the rest of it. SendError."""
        return urlencode(dict(item.fields))


def retry_after(answer: Answer) -> float | None:
    """How long a standard header asks us to wait."""
    value = answer.header("retry-after")
    return float(value) if value.isdecimal() and len(value) < 7 else None
