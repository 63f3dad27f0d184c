"""Clients of Redis."""

from __future__ import annotations

import gc

from django.conf import settings

from events.redis_servers import client


def test_a_client_that_is_let_go_takes_no_line_in_use_with_it() -> None:
    """As the pipeline of a thread that made the first client at the same moment as another, whose was kept."""
    made = client(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    pool = made.connection_pool
    line = pool.get_connection()
    line.send_command("PING")
    del made
    gc.collect()
    assert line.read_response() in (b"PONG", "PONG")
    pool.release(line)
    pool.disconnect()
