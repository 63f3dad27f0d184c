"""So many requests a minute for each token, counted in Redis; without Redis nobody is refused. Its owner hears of a
token that asks unusually much within an hour."""

from __future__ import annotations

import time

import redis
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from events.doorbell import breaker, probe_client
from people.models import ApiToken
from people.token_watch import token_is_busy

WINDOW = 60
HOUR = 3600
# As much as ten minutes at the limit: a program that keeps in step asks less, one that copies everything asks more.
BUSY_MINUTES = 10


class TokenThrottle(BaseThrottle):
    """A counter per token and minute: one round trip, the same cost at any rate.

    The counter is a protection and not a fact, so a frozen Redis must neither hold nor refuse the API (the client
    gives up after 0.3 s, then the breaker skips it for a while).
    """

    _wait: float | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        if request.auth is None or breaker.open:
            return True
        now = time.time()
        hourly = f"api-hour:{request.auth.pk}:{int(now // HOUR)}"
        key = f"api-rate:{request.auth.pk}:{int(now // WINDOW)}"
        try:
            with probe_client().pipeline(transaction=False) as pipe:
                pipe.incr(key)
                pipe.expire(key, 2 * WINDOW)
                pipe.incr(hourly)
                pipe.expire(hourly, 2 * HOUR)
                count, _, asked, _ = pipe.execute()
        except redis.RedisError:
            breaker.trip()
            return True
        busy = int(asked) == settings.API_REQUESTS_PER_MINUTE * BUSY_MINUTES + 1
        if busy and isinstance(request.auth, ApiToken):
            token_is_busy(request.auth, asked=int(asked))
        self._wait = WINDOW - now % WINDOW + 1
        return int(count) <= settings.API_REQUESTS_PER_MINUTE

    def wait(self) -> float | None:
        """Seconds until the next window, for Retry-After."""
        return self._wait
