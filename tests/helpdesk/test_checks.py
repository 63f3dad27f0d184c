"""What a deploy refuses: servers that could lose mail, names that do not fit, told with their cure."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.test import override_settings

from helpdesk import checks, durability, health
from helpdesk.runtime.services import Services
from tests.helpdesk.test_settings import PRODUCTION, manage


def ids(messages: list[CheckMessage]) -> list[str]:
    return [str(message.id) for message in messages]


class TestAddresses:
    SETTINGS: dict[str, Any] = {
        "PRODUCTION": True, "BASE_URL": "https://help.example.com", "ALLOWED_HOSTS": ["help.example.com"],
        "TRUSTED_PROXIES": 1, "EMAIL_URL": "smtp://mail.example.com", "METRICS_TOKEN": "t" * 32,
        "REDIS_URL": "redis://:secret@redis.example.com:6379/0",
        "CACHE_REDIS_URL": "redis://:secret@cache.example.com:6379/0",
    }  # fmt: skip

    def judged(self, **changed: Any) -> list[str]:
        with override_settings(**{**self.SETTINGS, **changed}):
            return ids(checks.check_addresses(None))

    def test_a_good_production_has_nothing_to_hear(self) -> None:
        assert self.judged() == []

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"ALLOWED_HOSTS": ["other.example.com"]}, "helpdesk.E001"),
            ({"TRUSTED_PROXIES": 0}, "helpdesk.I001"),
            ({"EMAIL_URL": ""}, "helpdesk.I002"),
            ({"METRICS_TOKEN": "short"}, "helpdesk.E002"),
            ({"REDIS_URL": "redis://redis.example.com:6379/0"}, "helpdesk.E003"),
            ({"REDIS_URL": "redis://:secret@cache.example.com:6379/1"}, "helpdesk.I003"),
            ({"REDIS_URL": "redis+sentinel://one:26379,two:26379/0?master=shop"}, "helpdesk.E003"),
        ],
    )
    def test_each_fault_is_told(self, changed: dict[str, Any], said: str) -> None:
        assert self.judged(**changed) == [said]
        assert self.judged(**changed, PRODUCTION=False) == []

    def test_a_redis_on_this_machine_needs_no_password_and_tls_is_one(self) -> None:
        assert self.judged(REDIS_URL="redis://127.0.0.1:6379/0") == []
        assert self.judged(REDIS_URL="rediss://redis.example.com:6379/0") == []


@pytest.mark.django_db
class TestDatabase:
    """The tests' own server runs without fsync: exactly what must be found."""

    def test_what_would_lose_mail_is_an_error(self) -> None:
        with override_settings(UNSAFE_DATABASE=False):
            found = checks.check_database(None, databases=["default"])
        assert ids(found) == ["helpdesk.E011"] * 3
        assert [message.msg.split()[2].strip("`:") for message in found] == [
            "fsync=off", "full_page_writes=off", "synchronous_commit=off",
        ]  # fmt: skip
        assert all(isinstance(message, Error) for message in found)

    def test_migrate_refuses_such_a_server(self) -> None:
        with override_settings(UNSAFE_DATABASE=False), pytest.raises(SystemCheckError, match="fsync=off"):
            call_command("migrate", plan=True, stdout=StringIO(), skip_checks=False)

    def test_tests_may_and_nothing_else_is_wrong_with_it(self) -> None:
        assert durability.database_faults() == []
        assert checks.check_database(None, databases=["default"]) == []

    def test_without_a_database_named_nothing_is_asked(self) -> None:
        assert checks.check_database(None) == []
        assert checks.check_redis(None) == []

    def test_missing_time_limits_and_a_session_without_durability_are_found(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0; SET statement_timeout = 0")
            try:
                (found,) = checks.check_database(None, databases=["default"])
            finally:
                cursor.execute("SET lock_timeout = '3s'; SET statement_timeout = '15s'")
        assert isinstance(found, Warning)
        assert found.msg == "No limit for `lock_timeout, statement_timeout`."


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """The tests' Redis, set back afterwards."""
    with override_settings(), redis.Redis.from_url(_redis_url()) as client:
        kept = durability.redis_settings()
        yield client
        for name, value in kept.items():
            client.config_set(name, value)


def _redis_url() -> str:
    return str(settings.REDIS_URL)


def _password() -> str:
    return urlsplit(_redis_url()).password or ""


class TestRedis:
    def test_ours_is_right(self, broker: redis.Redis) -> None:
        assert checks.check_redis(None, databases=["default"]) == []

    def test_an_evicting_one_is_an_error(self, broker: redis.Redis) -> None:
        broker.config_set("maxmemory-policy", "allkeys-lru")
        (found,) = checks.check_redis(None, databases=["default"])
        assert (found.id, isinstance(found, Error)) == ("helpdesk.E021", True)
        assert "maxmemory-policy=allkeys-lru" in found.msg

    def test_one_that_forgets_is_a_warning(self, broker: redis.Redis) -> None:
        broker.config_set("appendonly", "no")
        assert ids(checks.check_redis(None, databases=["default"])) == ["helpdesk.W021"]

    def test_one_that_is_away_stops_nothing(self) -> None:
        with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
            (found,) = checks.check_redis(None, databases=["default"])
        assert (found.id, isinstance(found, Warning)) == ("helpdesk.W022", True)

    def test_one_that_forbids_the_question_is_a_warning(self, broker: redis.Redis) -> None:
        broker.execute_command("ACL", "SETUSER", "plain", "on", ">plainpassword", "~*", "&*", "+@all", "-config")
        try:
            with override_settings(
                REDIS_URL=_redis_url().replace("//:", "//plain:").replace(_password(), "plainpassword")
            ):
                (found,) = checks.check_redis(None, databases=["default"])
        finally:
            broker.execute_command("ACL", "DELUSER", "plain")
        assert (found.id, isinstance(found, Warning)) == ("helpdesk.W020", True)


@pytest.mark.django_db
class TestReadyz:
    def test_red_with_what_would_lose_mail(self) -> None:
        with override_settings(UNSAFE_DATABASE=False):
            assert health.probe_durability() == "fsync=off, full_page_writes=off, synchronous_commit=off"

    def test_red_with_an_evicting_queue(self, broker: redis.Redis) -> None:
        broker.config_set("maxmemory-policy", "volatile-lru")
        assert health.probe_durability() == "maxmemory-policy=volatile-lru"

    def test_a_redis_that_is_away_is_the_part_rediss_own_story(self) -> None:
        with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
            assert health.probe_durability() == "ok"

    def test_pages_are_served_all_the_same(self) -> None:
        assert "durability" not in health.ROLES["web"]
        assert "durability" in health.ROLES["mail"]


@pytest.mark.kill
def test_deploy_on_real_servers(tmp_path: Path) -> None:
    """`manage.py deploy` in production: refuses an unsafe server before touching it, migrates a safe one, twice."""
    with Services(tmp_path / "unsafe", durable=False) as unsafe:
        result = manage("deploy", **PRODUCTION | unsafe.addresses)
        assert result.returncode != 0
        assert "fsync=off" in result.stderr
        with psycopg.connect(unsafe.addresses["DATABASE_URL"]) as database:
            assert database.execute("SELECT to_regclass('people_agent')").fetchone() == (None,)
    with Services(tmp_path / "safe") as safe:
        for _ in range(2):
            result = manage("deploy", **PRODUCTION | safe.addresses)
            assert result.returncode == 0, result.stderr
        assert "ERROR" not in result.stderr
        result = manage("check", "--deploy", "--database", "default", "--fail-level", "WARNING",
                        **PRODUCTION | safe.addresses)  # fmt: skip
        assert result.returncode == 0, result.stderr
        with psycopg.connect(safe.addresses["DATABASE_URL"]) as database:
            assert database.execute("SELECT count(*) FROM people_agent").fetchone() == (0,)
