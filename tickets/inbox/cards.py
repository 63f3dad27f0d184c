"""Files of a message as the timeline draws them: pictures, mails that open, invitations, and what only is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tickets.deliveries import Deliveries, RecipientState, all_lost, lost

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
# What browsers play; others are downloads.
SOUNDS = frozenset({"audio/mpeg", "audio/ogg", "audio/wav", "audio/mp4"})


@dataclass(frozen=True, slots=True)
class File:
    """One file; `about` is what the mail reader found out about it (see `Attachment`)."""

    public_id: str
    filename: str
    content_type: str
    size: int
    about: Mapping[str, Any] | None = None

    @property
    def is_picture(self) -> bool:
        return self.content_type in PICTURES

    @property
    def is_sound(self) -> bool:
        return self.content_type in SOUNDS

    @property
    def kind(self) -> str:
        """mail, invite, signed, encrypted, or "" for an ordinary file."""
        if self.about:
            return str(self.about.get("kind", ""))
        return "mail" if self.content_type == "message/rfc822" else ""

    @property
    def mail_title(self) -> str:
        return (self.about or {}).get("subject") or self.filename

    @property
    def mail_sender(self) -> str:
        return str((self.about or {}).get("from", ""))

    @property
    def secret(self) -> str:
        """What a signed or encrypted part is, in words."""
        how = "PGP" if (self.about or {}).get("how") == "pgp" else "S/MIME"
        if self.kind == "signed":
            return _("Signed with %(how)s; not checked here") % {"how": how}
        return _("Encrypted with %(how)s: cannot be read here") % {"how": how}

    @property
    def invitation(self) -> Invitation:
        return Invitation(self.about or {})


@dataclass(frozen=True, slots=True)
class Invitation:
    """A calendar entry in words, its moments in the reader's own zone."""

    facts: Mapping[str, Any]

    @property
    def title(self) -> str:
        return self.facts.get("title") or _("Event without a title")

    @property
    def what(self) -> str:
        """What the sender wants with it."""
        answers = {"ACCEPTED": _("Accepted"), "DECLINED": _("Declined"), "TENTATIVE": _("Accepted tentatively")}
        labels = {
            "invite": _("Invitation"),
            "cancel": _("Cancelled"),
            "reply": answers.get(self.facts.get("answer", "").upper(), _("Answer to an invitation")),
            "counter": _("Another time proposed"),
        }
        return labels.get(self.facts.get("method", ""), _("Event"))

    @property
    def is_cancelled(self) -> bool:
        return self.facts.get("method") == "cancel"

    @property
    def when(self) -> str:
        start, end = _parsed(self.facts.get("start")), _parsed(self.facts.get("end"))
        if start is None:
            return ""
        if self.facts.get("all_day"):
            return date_format(start, "DATE_FORMAT")
        words = date_format(start, "DATE_FORMAT") + ", " + date_format(start, "H:i")
        if end and end > start:
            words += "–" if end.date() == start.date() else " – " + date_format(end, "DATE_FORMAT") + ", "
            words += date_format(end, "H:i")
        zone = self.facts.get("zone")
        return f"{words} ({zone})" if zone else words

    @property
    def zone_unknown(self) -> bool:
        """Whether the time stands as the sender wrote it, in a zone nobody named."""
        start = self.facts.get("start") or ""
        return "T" in start and not self.facts.get("zone") and datetime.fromisoformat(start).tzinfo is None

    @property
    def where(self) -> str:
        return str(self.facts.get("where", ""))

    @property
    def organiser(self) -> str:
        return str(self.facts.get("organiser", ""))

    @property
    def repeats(self) -> bool:
        return bool(self.facts.get("repeats"))


def _parsed(moment: str | None) -> datetime | None:
    """In the reader's zone where the zone is known; a day without a time begins at midnight."""
    if not moment:
        return None
    try:
        read = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return timezone.localtime(read) if read.tzinfo else read


@dataclass(frozen=True, slots=True)
class RecipientLine:
    """A recipient whose delivery is worth a line of its own; the last of those lost carries the button."""

    address: str
    is_lost: bool
    detail: str
    last: bool


def recipients_to_tell(envelope: Mapping[str, Any], deliveries: Deliveries | None) -> list[RecipientLine]:
    """Those not reached, and those not reached yet. None where all are lost alike: the reply says so itself."""
    if not deliveries or all_lost(envelope, deliveries):
        return []
    gone = lost(deliveries)
    waits = [who for who, was in deliveries.items() if was["state"] in (RecipientState.WAITING, RecipientState.DELAYED)]
    lines = [RecipientLine(who, True, deliveries[who]["detail"], who == gone[-1]) for who in gone]
    return lines + [RecipientLine(who, False, deliveries[who]["detail"], False) for who in waits]
