"""Files of replies, for providers that fetch them themselves (good for an hour) and for mails that cannot carry them
(good for a month): an address that nobody can guess, for one file of one reply on its way, without a session.

Whoever holds the address may read that file until then; it opens nothing else, and ends at once when the reply is
taken back or its file is gone. What proves it stands in the query, which our own log does not keep.
"""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from people.storage import open_blob
from tickets.files import guarded, safe_type
from tickets.models import Attachment, MessageKind, OutboxState

SECONDS = 3600
MAILED_SECONDS = 30 * 86_400
_SALT = "channels_inbound.out_files"
_MAILED_SALT = "channels_inbound.out_files.mailed"
_ON_ITS_WAY = (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.SENT, OutboxState.UNKNOWN)


def link_to(public_id: UUID) -> str:
    """Where a provider may fetch this file of a reply, from now on for an hour."""
    return _link(signing.dumps(public_id.hex, salt=_SALT))


def mailed_link_to(public_id: UUID) -> str:
    """Where whoever reads the mail may fetch this file of a reply, from now on for a month."""
    return _link(signing.dumps(public_id.hex, salt=_MAILED_SALT))


def _link(proof: str) -> str:
    return f"{settings.BASE_URL}{reverse('out_file')}?{urlencode({'of': proof})}"


@require_safe
def out_file(request: HttpRequest) -> HttpResponseBase:
    """The file an address of ours stands for; one answer for all that are none, old or of something else."""
    file = _meant(request.GET.get("of", ""))
    if file is None:
        raise Http404("no such file")
    try:
        content = open_blob(file.sha256)
    except FileNotFoundError:
        raise Http404("no such file") from None
    response = guarded(
        FileResponse(content, as_attachment=True, filename=file.filename, content_type=safe_type(file.content_type)),
        file.sha256,
    )
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


def _meant(proof: str) -> Attachment | None:
    named = _named(proof, _SALT, SECONDS) or _named(proof, _MAILED_SALT, MAILED_SECONDS)
    if named is None:
        return None
    sent = Attachment.objects.filter(message__kind=MessageKind.OUTBOUND, message__outbox__in=_ON_ITS_WAY)
    return sent.filter(public_id=UUID(hex=named)).first()


def _named(proof: str, salt: str, seconds: int) -> str | None:
    try:
        return str(signing.loads(proof, salt=salt, max_age=seconds))
    except signing.BadSignature:
        return None
