"""Reads the environment, and for a helpdesk that runs on this machine the files it left under its data folder."""

from __future__ import annotations

import json
import os
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
# This machine and the networks behind a router, without link-local addresses, where clouds keep their secrets.
PRIVATE_NETWORKS = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"


def version() -> str:
    """The release this code is, as pyproject.toml says."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def text(name: str, default: str = "") -> str:
    """A setting from the environment; NAME_FILE names a file that holds it, as secrets are mounted."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    return os.environ.get(name, default)


def refuse(wrong: bool, why: str) -> None:
    """Stop the start, with one sentence of reason."""
    if wrong:
        raise ImproperlyConfigured(why)


def flag(name: str, default: bool = False) -> bool:
    said = text(name).strip().lower()
    if said not in ("", "0", "1", "no", "yes", "false", "true", "off", "on"):
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {said!r}.")
    return said in ("1", "yes", "true", "on") if said else default


def number(name: str, default: int) -> int:
    said = text(name)
    try:
        return int(said) if said else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {said!r}.") from None


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def pairs(name: str) -> dict[str, str]:
    """name=value, separated by commas."""
    return {key.strip(): value.strip() for key, _, value in (word.partition("=") for word in words(name))}


def data_dir() -> Path:
    return Path(text("HELPDESK_DATA_DIR") or ROOT / "var").resolve()


def running_services() -> dict[str, str]:
    """What `manage.py up` wrote while it runs: DATABASE_URL and REDIS_URL; empty when nothing runs."""
    return _read_json(data_dir() / "services.json")


def kept_secret(name: str) -> str:
    """A key generated once for this data folder, or an empty string before the first start."""
    return _read_json(data_dir() / "secrets.json").get(name, "")


def database(url: str) -> dict[str, Any]:
    """The DATABASES entry of a postgresql:// URL; its query becomes libpq options (host, sslmode...)."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured(
            f"DATABASE_URL must start with postgresql://, not {parts.scheme}://. PostgreSQL only."
        )
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": options.pop("port", "") or str(parts.port or ""),
        "OPTIONS": options,
    }


def replica(primary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The DATABASES entry `replica` of DATABASE_REPLICA_URL, set like the primary; none without it."""
    if not (url := text("DATABASE_REPLICA_URL")):
        return {}
    found = database(url)
    options = primary["OPTIONS"] | found["OPTIONS"]
    return {"replica": {**primary, **found, "OPTIONS": options, "TEST": {"MIRROR": "default"}}}


def redis_database(url: str, number: int) -> str:
    """The same Redis, another of its numbered databases: emptying the cache must not empty the queue."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{number}")) if parts.path in ("", "/", "/0") else url


def email(url: str) -> dict[str, Any]:
    """Outgoing mail: smtp://, smtp+tls:// (STARTTLS) or smtps://, as the EMAIL_* settings."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtp+tls", "smtps"):
        raise ImproperlyConfigured(f"EMAIL_URL must be smtp://, smtp+tls:// or smtps://, not {parts.scheme}://.")
    return {
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or {"smtp": 25, "smtp+tls": 587, "smtps": 465}[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }


def attachments(files_dir: Path) -> dict[str, Any]:
    """Where files of customers lie: in a folder, or in a bucket of anything that speaks S3 (`EXTRAS=s3`)."""
    bucket = text("HELPDESK_S3_BUCKET")
    if not bucket:
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": files_dir / "attachments"},
        }
    if not find_spec("storages"):
        raise ImproperlyConfigured("HELPDESK_S3_BUCKET needs the packages of requirements/s3.txt.")
    endpoint = text("HELPDESK_S3_ENDPOINT") or None
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": endpoint,
            "region_name": text("HELPDESK_S3_REGION") or None,
            # Without keys boto3 asks the machine's own role.
            "access_key": text("HELPDESK_S3_ACCESS_KEY") or None,
            "secret_key": text("HELPDESK_S3_SECRET_KEY") or None,
            "addressing_style": "path" if endpoint else "auto",
            "signature_version": "s3v4",
            "default_acl": None,
            # Names are the contents' hashes: the same name is the same file.
            "file_overwrite": True,
            "client_config": _patient_s3(),
        },
    }


def _patient_s3() -> Any:
    """Bounded: a store that hangs must not hold a page's thread for minutes."""
    # Only where that optional package is there.
    from botocore.config import Config  # noqa: PLC0415

    return Config(
        connect_timeout=5, read_timeout=20, retries={"max_attempts": 3, "mode": "standard"}, signature_version="s3v4",
        # Stores of others do not all know the newer checksums.
        request_checksum_calculation="when_required", response_checksum_validation="when_required",
    )  # fmt: skip


def mailboxes(*, production: bool) -> tuple[list[str], list[str], int]:
    """For mail that is fetched: the keys of stored passwords (the first encrypts, the others only read), the private
    networks that servers may be in, and the seconds a process that died keeps its mailboxes."""
    keys = words("HELPDESK_CREDENTIALS_KEYS", "" if production else kept_secret("credentials_key"))
    networks = words("HELPDESK_ALLOWED_NETWORKS", "" if production else PRIVATE_NETWORKS)
    return keys, networks, number("HELPDESK_IMAP_LEASE_SECONDS", 60)


def _read_json(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, PermissionError):
        return {}
    return {str(key): str(value) for key, value in found.items()}
