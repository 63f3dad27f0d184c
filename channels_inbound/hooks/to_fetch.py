"""Noting what of a message still lies at its provider, for the worker that fetches it (`media.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from channels_inbound.hooks.facts import RemoteFile
from channels_inbound.models import RemoteMedia
from events.doorbell import ring

MAX_FILES = 20


def fetch_later(
    channel_id: int, message_id: int, files: Sequence[RemoteFile], *, first: int = 0, piece: str = ""
) -> None:
    """Note the files of a message that are still to be fetched; `first` is the number of the first, `piece` the
    provider's id of the piece they are, where the message comes in several."""
    rows = [
        RemoteMedia(
            channel_id=channel_id,
            message_id=message_id,
            number=number,
            ref=file.ref,
            filename=file.filename[:255],
            external_id=piece[:255],
        )
        for number, file in enumerate(files[:MAX_FILES], first)
    ]
    if rows:
        RemoteMedia.objects.bulk_create(rows, ignore_conflicts=True)
        ring("media")
