"""Each line of the production checklist can fail, says why and how to cure it, and is quiet when all is well."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone, translation

from channels_inbound.email.pool import PoolLimits
from channels_inbound.models import DkimKey
from helpdesk import checks, durability, queueing, signals, tasks
from helpdesk.doctor import given, running
from helpdesk.doctor.checklist import CHECKLIST, examine
from helpdesk.doctor.lines import State
from helpdesk.events import HouseEvent, tell_of_house
from people.models import Agent, Customer
from privacy.models import Erasure
from tests.helpdesk.test_checks import TestAddresses
from tests.helpdesk.test_messages import english_in
from tests.people import House, make_house
from tickets.live import hub

pytestmark = pytest.mark.django_db
KEY = "kK2Zb1oQ5i2cYxAXuvwDTR1u8y4b9H0nVdfG3hJ4kLM="
SOUND: dict[str, Any] = {
    **TestAddresses.SETTINGS, "DEBUG": False, "CREDENTIALS_KEYS": [KEY], "SECRET_KEY": "9x!kV2" * 12,
    "SECURE_SSL_REDIRECT": True, "SECURE_HSTS_SECONDS": 31_536_000, "SECURE_HSTS_PRELOAD": True,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True, "SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": True,
    "SESSION_COOKIE_NAME": "__Host-session", "CSRF_COOKIE_NAME": "__Host-csrf", "ALLOWED_NETWORKS": [],
    "TRUSTED_AUTHSERV_IDS": ["mx.shop.example"], "DEMO_MAILBOX": False, "PRODUCTION": True,
}  # fmt: skip
# The servers and the cache are the tests' own: not those of SOUND's addresses.
del SOUND["REDIS_URL"], SOUND["CACHE_REDIS_URL"]
TYPED = re.compile("`[^`]*`")
Harm = Callable[[], AbstractContextManager[Any]]


@pytest.fixture
def house() -> House:
    """A production as it should be, as far as a test can have one."""
    house = make_house()
    for domain in ("shop.example",):
        DkimKey.objects.create(domain=domain, selector="s", record="v=DKIM1", signs_since=timezone.now())
    tell_of_house(HouseEvent.BACKUP_MADE, {"name": "b"})
    tell_of_house(HouseEvent.BACKUP_VERIFIED, {"name": "b"})
    cache.set(signals.READ_AT, time.time())
    tasks.heartbeat()
    return house


def problems_of(number: int) -> dict[str, State]:
    return {problem.said: problem.state for problem in CHECKLIST[number][1]()}


def the_rest_is_sound() -> ExitStack:
    """What a test's machine cannot be: with second factors, not root, with its own lock installed."""
    stack = ExitStack()
    stack.enter_context(override_settings(**SOUND, LOGGING=_in_json()))
    stack.enter_context(patch.object(running.os, "geteuid", return_value=1000))
    stack.enter_context(patch.object(given, "reaches", return_value=False))
    stack.enter_context(patch.object(running, "CONTAINER_MARKS", ()))
    stack.enter_context(patch.object(running.two_roles, "open_books", return_value=[]))
    return stack


@pytest.mark.parametrize("number", [number for number in CHECKLIST if number not in (5, 17)])
def test_a_sound_house_has_nothing_to_hear(house: House, number: int) -> None:
    with the_rest_is_sound():
        found = problems_of(number)
    # Tests have one Redis for everything.
    assert found == ({"Cache and queue share one Redis.": W} if number == 11 else {})


def test_accounts_and_lock_are_as_this_test_knows_them(house: House) -> None:
    with the_rest_is_sound():
        assert State.FAIL not in problems_of(5).values()
        assert State.FAIL not in problems_of(17).values()


def settings_of(**changed: Any) -> Harm:
    return lambda: override_settings(**changed)


def attribute(where: Any, name: str, value: Any) -> Harm:
    return lambda: patch.object(where, name, value)


def doing(act: Callable[[], Any]) -> Harm:
    def harm() -> AbstractContextManager[Any]:
        act()
        return nullcontext()

    return harm


def days_ago(kind: HouseEvent, days: int) -> Harm:
    """As if nothing had been told of the house since then."""

    def act() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM events_event WHERE stream_type = 'house' AND kind = %s", [kind])
        tell_of_house(kind, {}, at=timezone.now() - timedelta(days=days))

    return doing(act)


def unapplied() -> AbstractContextManager[Any]:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'events'")
    return nullcontext()


def in_container(**facts: Any) -> Harm:
    def harm() -> AbstractContextManager[Any]:
        stack = ExitStack()
        stack.enter_context(patch.object(running, "CONTAINER_MARKS", (Path("/"),)))
        stack.enter_context(patch.object(running.os, "access", return_value=facts.get("writable", False)))
        stack.enter_context(patch.object(running, "_capabilities", return_value=facts.get("powers", False)))
        limit = patch.object(running, "CGROUP_LIMIT", facts.get("limit", Path("/nowhere")))
        stack.enter_context(limit)
        return stack

    return harm


def raising() -> AbstractContextManager[Any]:
    return patch.object(hub, "OLDEST_SOCKET", 24 * 3600.0)


def an_erasure_without_its_mark() -> None:
    customer = Customer.objects.create()
    Erasure.objects.create(
        customer=customer, customers=[customer.pk], identities=[], tickets=[], asked_at=timezone.now(), state="done"
    )


W, F = State.WARN, State.FAIL
SOILED = "Its migrations are not those the manifest names."
HARM: list[tuple[int, Harm, State, str]] = [
    (1, settings_of(PRODUCTION=False), W, "`HELPDESK_MODE` is `local`"),
    (1, settings_of(DEBUG=True), F, "Error pages"),
    (1, settings_of(SECRET_KEY="a" * 60), F, "can be guessed"),
    (1, settings_of(SECRET_KEY=KEY + "1234567", CREDENTIALS_KEYS=[KEY + "1234567"]), F, "One key signs"),
    (1, settings_of(CREDENTIALS_KEYS=[]), W, "no key for stored passwords"),
    (1, settings_of(X_FRAME_OPTIONS="ALLOW"), W, "X_FRAME_OPTIONS"),
    (2, settings_of(ALLOWED_HOSTS=["*", "help.example.com"]), F, "any name"),
    (2, settings_of(ALLOWED_HOSTS=["other.example.com"]), F, "does not hold"),
    (2, settings_of(TRUSTED_PROXIES=0), W, "`HELPDESK_TRUSTED_PROXIES` is 0"),
    (2, settings_of(SECURE_HSTS_SECONDS=3600), W, "less than a year"),
    (2, settings_of(SESSION_COOKIE_SECURE=False), F, "SESSION_COOKIE_SECURE"),
    (2, settings_of(CSRF_COOKIE_SECURE=False), F, "CSRF_COOKIE_SECURE"),
    (2, settings_of(CSRF_COOKIE_NAME="csrf"), F, "sibling host"),
    (3, settings_of(CONTENT_SECURITY_POLICY="default-src *; object-src 'none'; frame-ancestors 'none'"), F, "default-src"),
    (3, settings_of(CONTENT_SECURITY_POLICY="default-src 'self'; object-src 'none'"), F, "frame-ancestors unset"),
    (3, settings_of(CONTENT_SECURITY_POLICY=settings.CONTENT_SECURITY_POLICY + "; script-src 'unsafe-inline'"), F, "inline"),
    (4, settings_of(STORAGES={**settings.STORAGES, "attachments": {"OPTIONS": {"location": settings.STATIC_ROOT / "a"}}}), F, "is served"),
    (4, settings_of(DATA_UPLOAD_MAX_MEMORY_SIZE=None), F, "any size"),
    (4, settings_of(MAX_UPLOAD_SIZE=200 << 20), W, "200 MiB"),
    (5, settings_of(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]), F, "Argon2"),
    (5, settings_of(SESSION_COOKIE_AGE=14 * 86400), W, "twelve idle hours"),
    (5, settings_of(PASSWORD_RESET_TIMEOUT=3 * 86400), W, "reset a password"),
    (5, doing(lambda: Agent.objects.update(role="agent")), F, "Nobody is admin"),
    (6, settings_of(ACCOUNT_RATE_LIMITS={"login": "30/m/ip"}), F, "login_failed, reset_password"),
    (6, settings_of(CACHES={"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}), F, "keeps nothing"),
    (6, settings_of(API_REQUESTS_PER_MINUTE=10**6), W, "no limit to speak of"),
    (7, settings_of(TRUSTED_AUTHSERV_IDS=[]), W, "not verified"),
    (7, doing(lambda: DkimKey.objects.all().delete()), W, "Mail of shop.example is not signed here"),
    (8, attribute(given, "PoolLimits", lambda: PoolLimits(wall_seconds=60)), F, "more than 10 s"),
    (8, attribute(given, "DEFAULT_LIMITS", replace(given.DEFAULT_LIMITS, parts=100_000)), F, "widened"),
    (8, attribute(given, "pinned_versions", lambda: {"nh3": "99.0"}), F, "not 99.0"),
    (9, settings_of(ALLOWED_NETWORKS=["0.0.0.0/0"]), F, "metadata"),
    (9, settings_of(ALLOWED_NETWORKS=["169.254.0.0/24"]), F, "metadata"),
    (9, attribute(given, "reaches", lambda address: True), W, "metadata service"),
    (10, settings_of(UNSAFE_DATABASE=False), F, "fsync=off"),
    (10, unapplied, F, "not applied"),
    (10, attribute(running.two_roles, "open_books", lambda: ["DELETE events_auditentry"]), W, "owns the audit"),
    (10, attribute(running, "clock_drift", lambda: 7.0), W, "differ by 7 s"),
    (11, attribute(durability, "redis_settings", lambda: {"maxmemory-policy": "allkeys-lru", "appendonly": "yes"}), F, "allkeys-lru"),
    (11, attribute(durability, "redis_settings", lambda: {"maxmemory-policy": "noeviction", "appendonly": "no"}), W, "append-only"),
    (12, attribute(queueing, "task_acks_late", False), F, "`task_acks_late` is `False`"),
    (12, attribute(queueing, "task_time_limit", 3600), F, "handed out again"),
    (12, attribute(running, "heartbeat_age", lambda: 300.0), F, "for 300 s"),
    (12, attribute(running, "heartbeat_age", lambda: None), F, "No worker ever"),
    (13, attribute(running.web, "GRACE_SECONDS", 600), F, "for ever"),
    (13, raising, W, "twelve hours"),
    (14, days_ago(HouseEvent.BACKUP_MADE, 2), F, "2d 0h old"),
    (14, doing(lambda: tell_of_house(HouseEvent.BACKUP_UNSOUND, {"reason": SOILED})), F, SOILED),
    (14, doing(an_erasure_without_its_mark), W, "1 erasure would be forgotten"),
    (15, settings_of(LOGGING={**settings.LOGGING, "handlers": {"stderr": {"formatter": "text"}}}), W, "Logs are text"),
    (15, settings_of(LOGGING={**settings.LOGGING, "root": {"level": "DEBUG"}}), F, "Logs at `DEBUG`"),
    (15, attribute(given, "redact", lambda text: text), F, "taken out of logs"),
    (16, attribute(running, "disk_is_full", lambda path: True), F, "mail is refused"),
    (16, attribute(running.os, "geteuid", lambda: 0), F, "runs as `root`"),
    (16, in_container(writable=True), W, "can be written to"),
    (16, in_container(powers=True), W, "capabilities"),
    (17, attribute(running, "pinned_versions", lambda: {"django": "1.0"}), F, "Installed and not as locked: `django"),
    (17, attribute(running, "pinned_versions", dict), F, "No lock"),
    (17, attribute(running, "ROOT", Path("/nowhere")), W, "report a hole"),
    (18, settings_of(METRICS_TOKEN=""), W, "No other machine"),
    (18, settings_of(METRICS_TOKEN="short"), F, "can be guessed"),
    (18, doing(lambda: cache.delete(signals.READ_AT)), W, "no alarm would ring"),
    (19, days_ago(HouseEvent.BACKUP_VERIFIED, 40), W, "within the last 31 days"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "harm", "state", "said"), HARM, ids=[f"{n}: {said}" for n, _, _, said in HARM])
def test_each_line_can_fail(house: House, number: int, harm: Harm, state: State, said: str) -> None:
    with the_rest_is_sound():
        before = problems_of(number)
        with harm():
            found = problems_of(number)
            with translation.override("uk"):
                looked_at = list(CHECKLIST[number][1]())
    assert [said for one in looked_at for said in (one.said, one.cure) if english_in(TYPED.sub("", said))] == []
    [told] = [found[text] for text in found if said in text and text not in before]
    assert told is state


def _in_json() -> dict[str, Any]:
    return {**settings.LOGGING, "handlers": {"stderr": {"formatter": "json"}}, "root": {"level": "INFO"}}


def test_a_container_without_a_limit(house: House, tmp_path: Path) -> None:
    (tmp_path / "max").write_text("max\n")
    with the_rest_is_sound(), in_container(limit=tmp_path / "max")():
        assert problems_of(16) == {"The container's memory is not limited.": W}


def test_there_was_never_a_backup() -> None:
    assert problems_of(14) == {"There is no backup.": F}


@pytest.mark.parametrize(("mode", "heard"), [(0o711, False), (0o700, False), (0o755, True)])
def test_the_data_folder_may_be_passed_through_but_not_read(tmp_path: Path, mode: int, heard: bool) -> None:
    (tmp_path / "secrets.json").touch()
    tmp_path.chmod(mode)
    with override_settings(DATA_DIR=tmp_path):
        assert any("look into" in problem.said for problem in running.look_at_machine()) is heard


def test_every_line_has_a_case_that_fails() -> None:
    assert {number for number, *_ in HARM} == set(CHECKLIST) == set(range(1, 20))


def test_a_line_that_cannot_be_looked_at_fails_and_the_others_go_on(house: House) -> None:
    with patch.object(running, "heartbeat_age", side_effect=ConnectionError):
        results = {result.number: result for result in examine()}
    assert len(results) == 19
    assert results[12].state is F
    assert results[12].problems[-1].said == "Could not be looked at: `ConnectionError`."


def test_every_problem_has_its_cure_in_one_line(house: House) -> None:
    for _number, harm, *_ in HARM[::7]:
        with harm():
            for result in examine():
                for problem in result.problems:
                    assert problem.cure
                    assert "\n" not in problem.cure


def test_the_command_says_each_line_and_ends_with_its_worst(house: House) -> None:
    said = StringIO()
    with the_rest_is_sound(), patch.object(running, "heartbeat_age", lambda: 300.0), pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=said)
    assert ended.value.code == 1
    assert "fail  12  Queue and workers\n          No worker took a job for 300 s.\n          Cure: " in said.getvalue()
    said = StringIO()
    with pytest.raises(SystemExit), translation.override("uk"):
        call_command("doctor", "--json", "--strict", stdout=said)
    lines = json.loads(said.getvalue())
    assert [line["line"] for line in lines] == list(range(1, 20))
    assert set(lines[0]) == {"line", "title", "state", "problems"}
    assert "HELPDESK_MODE" in lines[0]["problems"][0]["said"]
    assert not re.search("[а-яі]", str(lines))


def test_without_servers_it_still_answers(tmp_path: Path) -> None:
    bare = {"PATH": "/usr/bin:/bin", "HELPDESK_DATA_DIR": str(tmp_path), "DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}
    done = subprocess.run([sys.executable, "manage.py", "doctor", "--json"], cwd=given.ROOT, env=bare, capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)[9]["problems"][0]["said"] == "Could not be looked at: `OperationalError`."


@pytest.mark.parametrize(
    "danger",
    [
        {"ALLOWED_NETWORKS": ["0.0.0.0/0"]},
        {"CONTENT_SECURITY_POLICY": "default-src *"},
        {"DATA_UPLOAD_MAX_MEMORY_SIZE": None},
        {"LOGGING": {**settings.LOGGING, "root": {"level": "DEBUG"}}},
    ],
)
def test_production_does_not_start_with_what_is_dangerous(danger: dict[str, Any]) -> None:
    with the_rest_is_sound():
        assert checks.check_dangers(None) == []
        with override_settings(**danger):
            found = checks.check_dangers(None)
            assert found
            assert {message.id for message in found} == {"helpdesk.E004"}
            assert all(message.hint for message in found)
        with override_settings(**danger, PRODUCTION=False):
            assert checks.check_dangers(None) == []
