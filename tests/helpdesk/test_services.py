"""The ground the other tests stand on."""

from __future__ import annotations

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection


@pytest.mark.django_db
def test_tests_run_on_real_postgresql_18() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        assert cursor.fetchone()[0].startswith("18")
        cursor.execute("SHOW data_checksums")
        assert cursor.fetchone() == ("on",)


@pytest.mark.django_db
def test_text_search_knows_ukrainian_letters() -> None:
    """Needs a UTF-8 LC_CTYPE in the cluster; with C the words would fall apart at every Cyrillic letter."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_tsvector('simple', 'Їжак з’їв ABC') @@ to_tsquery('simple', 'їжак')")
        assert cursor.fetchone() == (True,)


def test_cache_and_broker_are_a_real_redis() -> None:
    cache.set("ground", "firm")
    assert cache.get("ground") == "firm"
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
