"""Fetching the files of messages that still lie at the provider: soon, within limits, and never from inside."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections import Counter
from datetime import datetime, timedelta
from mimetypes import guess_extension
from pathlib import PurePosixPath
from time import monotonic
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Greatest
from django.utils import timezone

from channels_inbound.hooks.accounts import sending_account
from channels_inbound.hooks.places import may_hold_files, may_see_secrets
from channels_inbound.hooks.provider import SendError
from channels_inbound.hooks.registry import provider
from channels_inbound.models import FetchState, RemoteMedia
from events.doorbell import ring
from people.http_client import Elsewhere, HttpClient, TooLarge, Unanswered, Unreachable
from people.sniff import UNKNOWN, sniff
from people.storage import store_blob
from tickets.actions.changes import files_arrived, message_joined, sender_named
from tickets.models import Attachment

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=180)
AT_ONCE = 4
WAITS = (10, 60, 300, 1800)
AGAIN_AFTER = timedelta(hours=1)
AGAIN_FOR = timedelta(days=7)
MOST_ATTEMPTS = len(WAITS) + 1 + 8


class _Gone(Exception):
    """It can not be had, now or later."""


def drain_media(*, max_seconds: float = 240.0, http: HttpClient | None = None) -> Counter[str]:
    """Fetch what waits; how many ended how."""
    done: Counter[str] = Counter()
    deadline = monotonic() + max_seconds
    while monotonic() < deadline:
        claimed = _claim(timezone.now())
        if not claimed:
            break
        for media in claimed:
            done[_fetch(media, http or HttpClient())] += 1
    return done


def anything_to_fetch(*, at: datetime) -> bool:
    return RemoteMedia.objects.filter(state=FetchState.WAITING, next_try_at__lte=at).exists()


def try_again(channel_id: int, *, at: datetime) -> int:
    """Put files that could not be had back in the queue, an hour after their last try and a few times: a provider that
    was out of order for an hour must not cost a recording. How many."""
    failed = RemoteMedia.objects.filter(
        channel=channel_id, state=FetchState.FAILED, attempts__lt=MOST_ATTEMPTS, next_try_at__lt=at - AGAIN_AFTER,
        message__at__gt=at - AGAIN_FOR,
    )  # fmt: skip
    count = failed.update(state=FetchState.WAITING, next_try_at=at, attempts=Greatest("attempts", len(WAITS) + 1))
    if count:
        ring("media")
    return count


def _claim(at: datetime) -> list[RemoteMedia]:
    with transaction.atomic():
        due = RemoteMedia.objects.select_for_update(skip_locked=True, of=("self",))
        due = due.filter(state=FetchState.WAITING, next_try_at__lte=at).order_by("next_try_at")
        claimed = list(due[:AT_ONCE])
        for media in claimed:
            media.attempts += 1
            media.next_try_at = at + LEASE
            media.save(update_fields=["attempts", "next_try_at"])
    return claimed


def _fetch(media: RemoteMedia, http: HttpClient) -> str:
    try:
        content: bytes | str = _words(media, http) if _is_said(media) else _download(media, http)
    except (_Gone, TooLarge, Elsewhere) as error:
        return _settle(media, None, str(error))
    except (Unreachable, Unanswered, SendError) as error:
        lasting = isinstance(error, SendError) and error.kind in ("permanent", "recipient")
        if lasting or media.attempts > len(WAITS):
            return _settle(media, None, str(error))
        again = timezone.now() + timedelta(seconds=WAITS[media.attempts - 1])
        RemoteMedia.objects.filter(pk=media.pk, attempts=media.attempts).update(
            next_try_at=again, error=str(error)[:500]
        )
        return "later"
    return _settle(media, content, "")


def _words(media: RemoteMedia, http: HttpClient) -> str:
    connection, account = sending_account(media.channel_id)
    handler = provider(connection.provider)
    if handler is None:
        raise _Gone("the channel is not connected any more")
    if "pressed" in media.ref:
        handler.acknowledge(str(media.ref["pressed"]), account, http)
        return ""
    if "name_of" not in media.ref:
        return handler.words_of(media.ref, account, http)
    name = handler.name_of(str(media.ref["name_of"]), account, http)
    if not name:
        raise _Gone("the provider does not tell the name")
    return name


def _is_said(media: RemoteMedia) -> bool:
    """Whether it is no file but words: of the message, or its writer's name; or only a press to be answered."""
    return bool({"words_of", "name_of", "pressed"} & set(media.ref))


def _download(media: RemoteMedia, http: HttpClient) -> bytes:
    connection, account = sending_account(media.channel_id)
    handler = provider(connection.provider)
    if handler is None:
        raise _Gone("the channel is not connected any more")
    url, headers = handler.locate(media.ref, account, http)
    answer = http.fetch(
        url, headers=headers if may_see_secrets(url, handler) else {}, limit=settings.MAX_UPLOAD_SIZE,
        allowed=lambda place: may_hold_files(place, handler),
    )  # fmt: skip
    if answer.status in (401, 403, 404, 410) and media.attempts >= 2:
        raise _Gone(f"the provider answered {answer.status}")
    if not answer.ok or not answer.body:
        raise Unreachable(f"the provider answered {answer.status}")
    if not media.filename:
        media.filename = unquote(urlsplit(url).path.rpartition("/")[2])[:255]
    wanted = str(media.ref.get("sha256", ""))
    if wanted and not _is_hash_of(wanted, answer.body):
        raise Unreachable("the file is not the one that was announced")
    return answer.body


def _is_hash_of(wanted: str, content: bytes) -> bool:
    """Providers write the hash in hex or in base64."""
    digest = hashlib.sha256(content)
    return wanted.lower() == digest.hexdigest() or wanted == base64.b64encode(digest.digest()).decode()


def named(filename: str, kind: str) -> str:
    """The name, with the ending of what the bytes are where it has none: else no program opens it."""
    if PurePosixPath(filename).suffix or kind == UNKNOWN:
        return filename
    return f"{filename[:240]}{guess_extension(kind) or ''}"


def _settle(media: RemoteMedia, content: bytes | str | None, error: str) -> str:
    """One transaction: the row is done and the message has its file, or its words, or neither."""
    state = FetchState.FAILED if content is None else FetchState.DONE
    files = []
    if isinstance(content, bytes):
        kind = sniff(content, media.filename)
        name = named(media.filename or "file", kind)
        files = [Attachment(filename=name, content_type=kind[:127], size=len(content), sha256=store_blob(content))]
    with transaction.atomic():
        rows = RemoteMedia.objects.filter(pk=media.pk, attempts=media.attempts, state=FetchState.WAITING)
        if not rows.update(state=state, error=error[:500]):
            return "lost"
        if isinstance(content, str) and "name_of" in media.ref:
            sender_named(media.message_id, content, at=timezone.now())
        elif isinstance(content, str) and content:
            message_joined(media.message_id, content, files=0, at=timezone.now())
        elif not _is_said(media):
            # That it could not be had was told the first time.
            again = media.attempts > len(WAITS) + 1
            missing = -1 if files and again else int(not files and not again)
            files_arrived(media.message_id, files, missing=missing, at=timezone.now())
    if error:
        logger.warning("file not fetched", extra={"message_row": media.message_id, "reason": error})
    return state.value
