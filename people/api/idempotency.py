"""A write with an Idempotency-Key happens once: a repeated one gets the first one's answer.

The key's row is inserted in the transaction of the effect. So a crash leaves neither or both, a second request with
the same key waits on the unique index until the first has ended, and a refused write leaves the key unused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from psycopg.errors import LockNotAvailable
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from people.api.problems import Problem, invalid_input
from people.models import Agent, IdempotentRequest

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
MAX_KEY = 255
KEPT = timedelta(days=2)
Effect = Callable[[], tuple[int, Any]]


def run_once(request: Request, effect: Effect) -> HttpResponseBase:
    """Run `effect` (-> status, data) in one transaction and answer with it; under a key seen before, only answer."""
    key, agent = _key(request), request.user
    assert isinstance(agent, Agent)
    with transaction.atomic():
        if key is None:
            status, data = effect()
            return _answer(status, JSONRenderer().render(data))
        digest = request_digest(request)
        row_id = _claim(agent, key, digest)
        if row_id is None:
            return _replay(agent, key, digest)
        status, data = effect()
        body = JSONRenderer().render(data)
        IdempotentRequest.objects.filter(pk=row_id).update(status=status, answer=body.decode())
    return _answer(status, body)


def _key(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    key = key.strip()  # as a web server would have
    if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        detail = f"{HEADER} takes 1 to {MAX_KEY} printable ASCII characters."
        raise invalid_input([{"field": HEADER, "code": "invalid", "detail": detail}])
    return key


def request_digest(request: Request) -> str:
    """What makes two requests the same: method, address and body (its values, not its spacing)."""
    parts = [request.method, request.get_full_path(), _canonical(request)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _canonical(request: Request) -> str:
    data, files = request.data, request.FILES
    if not isinstance(data, QueryDict):
        return json.dumps(data, sort_keys=True)
    fields = {name: data.getlist(name) for name in data if name not in files}
    sent = [[name, file.name, _file_digest(file)] for name in sorted(files) for file in files.getlist(name)]
    return json.dumps([fields, sent], sort_keys=True)


def _file_digest(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _claim(agent: Agent, key: str, digest: str) -> int | None:
    """The new row's id, or None when the key is taken; waits for a running request with the same key."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO people_idempotentrequest (agent_id, key, digest) VALUES (%s, %s, %s)"
                " ON CONFLICT (agent_id, key) DO NOTHING RETURNING id",
                [agent.pk, key, digest],
            )
            row = cursor.fetchone()
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise Problem(409, "in_progress", "A request with this key is still running. Ask again soon.") from error
        raise
    return row[0] if row else None


def _replay(agent: Agent, key: str, digest: str) -> HttpResponseBase:
    first = IdempotentRequest.objects.filter(agent=agent, key=key).first()
    if first is None:  # swept between the two statements: days old, so nobody waits for its answer
        raise Problem(409, "in_progress", "This key has just expired. Send the request with a new one.")
    if first.digest != digest or first.status is None:
        raise Problem(422, "idempotency_mismatch", "This key was used for a different request. Use a new one.")
    response = _answer(first.status, first.answer.encode())
    response[REPLAYED] = "true"
    return response


def _answer(status: int, body: bytes) -> HttpResponse:
    return HttpResponse(body, status=status, content_type="application/json")


def forget_old_requests(*, at: datetime) -> int:
    """Drop keys nobody will repeat any more; the number dropped."""
    return IdempotentRequest.objects.filter(created_at__lt=at - KEPT).delete()[0]
