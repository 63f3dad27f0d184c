"""Settings come from the environment, and production refuses to start insecurely."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "HELPDESK_MODE": "production",
    "HELPDESK_SECRET_KEY": "9x!kV2" * 12,
    "HELPDESK_BASE_URL": "https://help.example.com",
    "DATABASE_URL": "postgresql://helpdesk:secret@db.example.com/helpdesk",
    "REDIS_URL": "redis://:secret@redis.example.com:6379/0",
    "CACHE_REDIS_URL": "redis://:secret@cache.example.com:6379/0",
    "EMAIL_URL": "smtp+tls://user:secret@mail.example.com",
    "HELPDESK_TRUSTED_PROXIES": "1",
    "HELPDESK_CREDENTIALS_KEYS": "kept-elsewhere",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    bare = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HELPDESK_", "DATABASE_", "REDIS_", "CACHE_", "EMAIL_"))
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=bare | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_production_environment_is_clean() -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"HELPDESK_SECRET_KEY": ""}, "HELPDESK_SECRET_KEY"),
        ({"HELPDESK_SECRET_KEY": "short"}, "HELPDESK_SECRET_KEY"),
        ({"HELPDESK_DEBUG": "1"}, "HELPDESK_DEBUG"),
        ({"HELPDESK_BASE_URL": ""}, "HELPDESK_BASE_URL"),
        ({"HELPDESK_BASE_URL": "http://help.example.com"}, "HELPDESK_BASE_URL"),
        ({"HELPDESK_ALLOWED_HOSTS": "*"}, "HELPDESK_ALLOWED_HOSTS"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:///db.sqlite3"}, "PostgreSQL only"),
        ({"REDIS_URL": ""}, "REDIS_URL"),
        ({"HELPDESK_SECRET_KEY": "k" * 60, "HELPDESK_CREDENTIALS_KEYS": "k" * 60}, "HELPDESK_CREDENTIALS_KEYS"),
        ({"HELPDESK_UNSAFE_DATABASE": "1"}, "HELPDESK_UNSAFE_DATABASE"),
        ({"HELPDESK_TRUSTED_PROXIES": "one"}, "HELPDESK_TRUSTED_PROXIES"),
        ({"EMAIL_URL": "http://mail.example.com"}, "EMAIL_URL"),
        ({"HELPDESK_MODE": "prod"}, "HELPDESK_MODE"),
        ({"HELPDESK_DEBUG": "maybe"}, "HELPDESK_DEBUG"),
        ({"HELPDESK_CREDENTIALS_KEYS": ""}, "HELPDESK_CREDENTIALS_KEYS"),
        ({"HELPDESK_SECOND_FACTOR": "no"}, "HELPDESK_SECOND_FACTOR"),
    ],
)
def test_production_refuses(change: dict[str, str], said: str) -> None:
    result = manage("check", **PRODUCTION | change)
    assert result.returncode != 0
    assert said in result.stderr.splitlines()[-1]


def test_production_ignores_keys_and_services_of_this_machine(tmp_path: Path) -> None:
    """Files a local run left behind must not become the secrets of a production one."""
    (tmp_path / "secrets.json").write_text(
        '{"secret_key": "from the file, long enough to be taken for a real one", "metrics_token": "t"}'
    )
    (tmp_path / "services.json").write_text('{"DATABASE_URL": "postgresql://local/x", "REDIS_URL": "redis://local"}')
    environment = PRODUCTION | {"HELPDESK_DATA_DIR": str(tmp_path), "HELPDESK_SECRET_KEY": ""}
    assert "HELPDESK_SECRET_KEY" in manage("check", **environment).stderr
    code = "from django.conf import settings as s; print(s.DATABASES['default']['HOST'], repr(s.METRICS_TOKEN))"
    result = manage("shell", "-v", "0", "-c", code, **PRODUCTION | {"HELPDESK_DATA_DIR": str(tmp_path)})
    assert result.stdout.strip() == "db.example.com ''"


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k9!" * 20 + "\n")
    environment = PRODUCTION | {"HELPDESK_SECRET_KEY": "", "HELPDESK_SECRET_KEY_FILE": str(key)}
    code = "from django.conf import settings as s; print(len(s.SECRET_KEY))"
    assert manage("shell", "-v", "0", "-c", code, **environment).stdout.strip() == "60"


def test_a_command_without_a_database_says_so_in_one_line(tmp_path: Path) -> None:
    result = manage("migrate", HELPDESK_DATA_DIR=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr.splitlines()[0] == "This command needs a database: nothing runs."
    assert result.stderr.splitlines()[1].startswith("  Cure: start `make run`")
    assert "Traceback" not in result.stderr


def test_a_command_whose_database_is_away_names_the_variable(tmp_path: Path) -> None:
    away = f"postgresql://helpdesk@/helpdesk?host={tmp_path}"
    result = manage("migrate", HELPDESK_DATA_DIR=str(tmp_path), DATABASE_URL=away)
    assert result.returncode == 1
    assert "DATABASE_URL" in result.stderr
    assert "Traceback" not in result.stderr
