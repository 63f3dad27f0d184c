"""What each kind of channel can do, as data: the composer, the inbox and the checks before sending read it.

The spine knows one kind itself, mail. Every other is registered by the app that speaks to it, so that no provider's
name stands in here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from tickets.models import Channel, ChannelKind

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # there for type checkers only

    Text = str | _StrPromise
else:
    Text = str


@dataclass(frozen=True, slots=True)
class Traits:
    """One kind of channel. Zero or empty means no limit.

    `addressed`: whoever answers chooses recipients, as in mail. `window`: how long after the customer's last words
    the provider lets us write. `files`: how many files one reply may carry, `file_types` what they may be (prefixes).
    `writes`: whether anything goes out this way at all. `instant`: the customer reads along, so nothing is held back
    for undo. `panel` names the address (of a ticket) of what this kind shows above its conversation, `running` that of
    an agent's own conversations of this kind that go on now, which stand above whichever is open.

    For going on with somebody by another channel: `reached_by` are the identities it reaches, a kind or a kind and the
    beginning of the value (`{address}` is the channel's); `begins` says that we may write first, `thread` is the
    provider's name of such a conversation (`{last}` the value's last part). `templates`: what was approved before may
    be sent when the window is over. `private_for`: how long after a public comment one private answer may go to it,
    of at most `private_text` characters;
    `hides`: comments can be hidden from others. `choices`: how many quick replies may stand under an answer, of so
    many characters each. `invites`: customers can be sent a link by which they begin, where only they can. `posts`:
    how the names of those conversations begin that everybody can read, where others are private, and `max_text` there.
    """

    kind: str
    label: Text
    icon: str
    addressed: bool = False
    writes: bool = True
    public: bool = False
    window: timedelta | None = None
    max_text: int = 0
    max_reply: int = 0
    files: int = 10
    max_file: int = 0
    file_types: tuple[str, ...] = ()
    receipts: bool = False
    edits: bool = False
    notes: tuple[Text, ...] = field(default=())
    instant: bool = False
    panel: str = ""
    running: str = ""
    reached_by: tuple[str, ...] = ()
    begins: bool = False
    thread: str = ""
    templates: bool = False
    private_for: timedelta | None = None
    private_text: int = 0
    hides: bool = False
    choices: int = 0
    choice_length: int = 20
    invites: bool = False
    posts: tuple[str, int] = ("", 0)


MAIL = Traits(ChannelKind.EMAIL, _("Email"), icon="mail", addressed=True, reached_by=("email",), begins=True)
_KINDS: dict[str, Traits] = {MAIL.kind: MAIL}
_UNKNOWN = Traits("", _("Channel"), icon="message-circle")


def register_kind(traits: Traits) -> None:
    """Make a kind known; saying it again replaces what was said."""
    _KINDS[traits.kind] = traits


def traits_of(kind: str) -> Traits:
    """What a kind can do; a kind whose code is gone can still be read, not answered."""
    return _KINDS.get(kind) or replace(_UNKNOWN, kind=kind, writes=False)


def traits_of_channel(channel: Channel) -> Traits:
    """The kind's traits as this channel has them: an approved longer window, or files where its kind has none."""
    traits = traits_of(channel.kind)
    files = channel.capabilities.get("files")
    if isinstance(files, int) and files > 0:
        traits = replace(traits, files=files)
    hours = channel.capabilities.get("window_hours")
    if traits.window is not None and isinstance(hours, int) and hours > 0:
        traits = replace(traits, window=timedelta(hours=hours))
    return traits


def traits_in(traits: Traits, thread: str) -> Traits:
    """What holds in one conversation, by the provider's name of it."""
    start, most = traits.posts
    return replace(traits, public=True, max_text=most) if start and thread.startswith(start) else traits


def registered_kinds() -> list[Traits]:
    return sorted(_KINDS.values(), key=lambda traits: (not traits.addressed, str(traits.label)))


def window_end(traits: Traits, last_said: datetime | None) -> datetime | None:
    """Until when the customer may be written to; None where nothing ends. Nobody who never wrote can be reached."""
    if traits.window is None or last_said is None:
        return None
    return last_said + traits.window


def composer_facts(traits: Traits, *, ends: datetime | None, at: datetime) -> dict[str, Any]:
    """What the composer needs of a channel."""
    closed = traits.window is not None and (ends is None or ends <= at)
    return {
        "kind": traits.kind,
        "addressed": traits.addressed,
        "writes": traits.writes,
        "public": traits.public,
        "max_text": traits.max_reply or traits.max_text,
        "files": traits.files,
        "closed": closed,
        "ends": ends.isoformat() if ends else None,
    }
