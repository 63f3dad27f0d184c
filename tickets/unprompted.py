"""Mail that answers nothing: marked on its row, sent to nobody who asked for no more of it.

Whoever writes such mail asks `people.unsubscribing.unsubscribed` first and puts `unprompted(...)` into the message's
envelope; the link, its headers and the last question before it leaves follow from that.
"""

from __future__ import annotations

from typing import Any

from people.models import MailKind
from people.unsubscribing import unsubscribe_url, unsubscribed


def unprompted(identity_id: int, kind: MailKind) -> dict[str, Any]:
    """What the envelope of such a message holds besides its one recipient, whose address this is."""
    return {"unprompted": {"identity": identity_id, "kind": kind.value}}


def is_unwanted(envelope: dict[str, Any]) -> bool:
    """Whether its recipient has unsubscribed since it was written."""
    mark = envelope.get("unprompted")
    return bool(mark and unsubscribed([mark["identity"]], MailKind(mark["kind"])))


def unsubscribe_link(envelope: dict[str, Any], language: str) -> str:
    """Where its recipient asks for no more, in the mail's language; empty for answers."""
    mark = envelope.get("unprompted")
    return unsubscribe_url(mark["identity"], MailKind(mark["kind"]), language) if mark else ""
