"""The keys without which a backup is worth little, in a file of their own: who steals a backup must not find them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from helpdesk.backup.archive import BackupError
from helpdesk.runtime.services import SECRETS, write_private


@dataclass(frozen=True)
class Keys:
    """What signs and seals (the first is in use), and what encrypts stored passwords (likewise)."""

    secret: list[str]
    credentials: list[str]

    @property
    def fingerprints(self) -> list[str]:
        """Enough to tell keys apart, and nothing of them."""
        return [hashlib.sha256(f"helpdesk key {key}".encode()).hexdigest()[:16] for key in self.credentials]

    def open(self, stored: str) -> bool:
        """Whether a password that was stored encrypted can be read with these."""
        try:
            MultiFernet([Fernet(key) for key in self.credentials]).decrypt(stored.encode())
        except (InvalidToken, ValueError):
            return False
        return True


def own_keys() -> Keys:
    """Those this helpdesk runs with."""
    return Keys([settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS], list(settings.CREDENTIALS_KEYS))


def write_keys(path: Path, keys: Keys) -> None:
    """Readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, json.dumps({"secret_keys": keys.secret, "credentials_keys": keys.credentials}, indent=1))


def read_keys(path: Path) -> Keys:
    try:
        said = json.loads(path.read_text())
        return Keys([str(key) for key in said["secret_keys"]], [str(key) for key in said["credentials_keys"]])
    except OSError as error:
        raise BackupError(f"The file of keys cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError):
        raise BackupError(f"{path} is no file of keys as `manage.py backup --keys` writes them.") from None


def both(given: Keys | None) -> Keys:
    """Those of a file first, then our own."""
    own = own_keys()
    return Keys([*given.secret, *own.secret], [*given.credentials, *own.credentials]) if given else own


def keep_on_this_machine(keys: Keys) -> None:
    """Into the data folder, where a helpdesk that was given none by the environment finds them."""
    path = settings.DATA_DIR / SECRETS
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    kept["secret_key"] = _first(keys.secret)
    kept["credentials_key"] = _first(keys.credentials) or kept.get("credentials_key", "")
    write_private(path, json.dumps(kept, indent=1))


def _first(keys: Sequence[str]) -> str:
    return keys[0] if keys else ""
