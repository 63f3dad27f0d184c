"""A message as the timeline draws it: who said it, its words cut at what is folded, its files, where it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tickets.models import AutoKind, Message, MessageKind, OutboxState, SecretKind, ThreadLayer
from tickets.reasons import retold
from tickets.sensitive.masking import mask_of

from .calls import CallShape, call_shape
from .cards import File, RecipientLine, recipients_to_tell
from .faces import hue, initials
from .labels import state_label
from .written import written_html

_RICH = re.compile(r"<(?:img|table|ul|ol|h[1-6]|pre)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a message's text; a quoted one is folded away."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Mask:
    """Something hidden in a message: `kept` while whoever may can see it, `going` while it is being taken out."""

    id: int
    kind: str
    ends: str
    kept: bool
    going: bool

    @property
    def name(self) -> str:
        return str(SecretKind(self.kind).label)

    @property
    def mask(self) -> str:
        return mask_of(self.ends)

    @property
    def may_be_shown(self) -> bool:
        return self.kept and not self.going


@dataclass(frozen=True, slots=True)
class Said:
    """A message, ready to be drawn."""

    message: Message
    author: str
    address: str
    initials: str
    hue: int
    parts: list[Part]
    files: list[File]
    rich: bool
    label: str
    label_kind: str
    written: SafeString | None = None
    call: CallShape | None = None
    in_chat: bool = False
    kind: str = "message"

    @property
    def secrets(self) -> list[Mask]:
        """What was found in it and stands masked; what an agent took out has a line of its own in the timeline."""
        rows = getattr(self.message, "secret_list", ())
        return [Mask(**row) for row in rows if row["kind"] != SecretKind.CHOSEN]

    @property
    def is_note(self) -> bool:
        return self.message.kind == MessageKind.NOTE

    @property
    def is_reply(self) -> bool:
        return self.message.kind == MessageKind.OUTBOUND

    @property
    def is_withdrawn(self) -> bool:
        return self.message.outbox == OutboxState.WITHDRAWN

    @property
    def waits(self) -> bool:
        """Whether it is a reply for later that can still be changed."""
        waiting = self.message.outbox in (OutboxState.QUEUED, OutboxState.HELD)
        return waiting and self.message.scheduled_for is not None and not self.message.attempts

    @property
    def is_forward(self) -> bool:
        return bool(self.envelope.get("forwards"))

    @property
    def is_aside(self) -> bool:
        """Whether it was said to or by somebody else than the customer."""
        return self.message.conversation.aside

    @property
    def may_be_split(self) -> bool:
        """Whether it may become a ticket of its own: nothing that is on its way."""
        return self.message.outbox not in (OutboxState.WITHDRAWN, OutboxState.QUEUED, OutboxState.SENDING)

    @property
    def may_be_passed_on(self) -> bool:
        gone = (OutboxState.WITHDRAWN, OutboxState.QUEUED, OutboxState.HELD)
        return not self.is_note and not self.message.pending and self.message.outbox not in gone

    @property
    def has_remote(self) -> bool:
        """Whether the cleaned HTML holds pictures of other servers, held back until somebody allows them."""
        return "data-remote-src=" in self.message.html

    @property
    def recipients_to_tell(self) -> list[RecipientLine]:
        return recipients_to_tell(self.envelope, self.message.deliveries)

    @property
    def is_folded(self) -> bool:
        """Whether something of it is hidden behind a fold now."""
        return self.message.kind == MessageKind.INBOUND and any(part.quoted for part in self.parts)

    @property
    def shown_address(self) -> str:
        """The address as people read it: what a provider numbers is told by its handle or its last part."""
        sender = self.envelope.get("from") or {}
        if sender.get("handle"):
            return str(sender["handle"])
        return self.address if "@" in self.address else self.address.rpartition(":")[2]

    @property
    def reactions(self) -> list[dict[str, str]]:
        return [one for one in self.message.marks.get("reactions", ()) if one["emoji"]]

    @property
    def fetching(self) -> int:
        """Files of the message that are still on their way."""
        marks = self.message.marks
        if marks.get("unsent_at"):
            return 0
        return max(0, self.envelope.get("files_to_come", 0) - marks.get("fetched", 0) - marks.get("not_fetched", 0))

    @property
    def envelope(self) -> dict[str, Any]:
        return self.message.envelope

    @property
    def reply_to_differs(self) -> bool:
        sender = (self.envelope.get("from") or {}).get("address", "")
        return any(entry.get("address") != sender for entry in self.envelope.get("reply_to", ()))

    @property
    def why(self) -> str:
        """Why the message stands in this ticket."""
        layer = str(ThreadLayer(self.message.thread_layer).label) if self.message.thread_layer in ThreadLayer else ""
        return f"{layer} ({retold(self.message.thread_reason)})" if self.message.thread_reason else layer


def say(message: Message) -> Said:
    """Everything the template needs of one message; no query."""
    identity, agent = message.identity, message.agent
    sender = message.envelope.get("from") or {}
    if message.kind == MessageKind.INBOUND:
        address = sender.get("address") or (identity.value if identity else "")
        author = sender.get("name") or (identity.display_name if identity else "") or address or _("Unknown sender")
        face = hue(identity.customer_id if identity else 0)
    else:
        address, face = "", hue(message.agent_id)
        author = agent.name if agent else _nobody(message, str(sender.get("name") or sender.get("address") or ""))
    label, label_kind = state_label(message)
    return Said(
        message=message, author=author, address=address, initials=initials(author), hue=face,
        parts=text_parts(message.text, () if message.shown_whole else message.quoted),
        files=[File(f["id"], f["name"], f["type"], f["size"], f["about"]) for f in getattr(message, "file_list", ())],
        rich=bool(message.html) and message.kind == MessageKind.INBOUND and looks_rich(message.html, message.text),
        label=label, label_kind=label_kind, written=written_html(message), call=call_shape(message),
    )  # fmt: skip


def _nobody(message: Message, written: str) -> str:
    """Whose reply it is when no agent of ours wrote it."""
    if message.auto_kind == AutoKind.BOT:
        return str(message.envelope.get("bot", {}).get("name") or _("Bot"))
    if written or message.thread_layer == ThreadLayer.EXTERNAL_ID:  # from elsewhere: a Sent folder, a phone
        return written or _("Somebody of ours, elsewhere")
    return _("Helpdesk") if message.auto_kind else _("A former agent")


def looks_rich(html: str, text: str) -> bool:
    """Whether the mail's layout says something its words do not; plain letters read better in our own type."""
    return not text.strip() or bool(_RICH.search(html))


def text_parts(text: str, quoted: Sequence[Sequence[int]]) -> list[Part]:
    """The text cut at its quoted spans; nothing is lost, empty stretches are left out."""
    parts: list[Part] = []
    place = 0
    for start, end in sorted((int(a), int(b)) for a, b in quoted):
        start, end = max(start, place), min(end, len(text))
        if end <= start:
            continue
        parts.append(Part(text[place:start], quoted=False))
        parts.append(Part(text[start:end], quoted=True))
        place = end
    parts.append(Part(text[place:], quoted=False))
    return [Part(part.text.strip("\n"), part.quoted) for part in parts if part.text.strip()]
