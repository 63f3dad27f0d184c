"""Passwords and tokens of other services: encrypted with a key that is not in the database (threat 31).

HELPDESK_CREDENTIALS_KEYS holds one or several keys; the first encrypts, all of them decrypt. To change it, put a new
key in front, run `manage.py rotate_credentials`, then take the old one away. A model whose `secret` holds such text
says so by `holds_credentials = True`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db import transaction


class CredentialsError(Exception):
    """A secret cannot be kept or read; the text says what the operator must set. Never holds a secret."""


def encrypt(secret: dict[str, str]) -> str:
    """The secret as it may lie in a row."""
    return _keys().encrypt(json.dumps(secret).encode()).decode()


def decrypt(stored: str) -> dict[str, str]:
    """What `encrypt` was given."""
    try:
        found: dict[str, str] = json.loads(_keys().decrypt(stored.encode()))
    except InvalidToken:
        raise CredentialsError(
            "None of the keys in HELPDESK_CREDENTIALS_KEYS opens the stored password. Enter it again, "
            "or put the key it was stored with back."
        ) from None
    return found


def with_tokens(stored: str, tokens: Mapping[str, str]) -> dict[str, str]:
    """A stored secret with the tokens of a fresh sign-in: of the old one only the client's own secret stays."""
    client = decrypt(stored).get("client_secret", "") if stored else ""
    return {**({"client_secret": client} if client else {}), **tokens}


def rotate_credentials() -> tuple[int, int]:
    """Encrypt every secret anew with the first key: how many were, and how many no key opens."""
    done = lost = 0
    for model in (model for model in apps.get_models() if getattr(model, "holds_credentials", False)):
        for pk in model._default_manager.values_list("pk", flat=True):
            with transaction.atomic():
                row: Any = model._default_manager.select_for_update().filter(pk=pk).only("secret").first()
                if row is None or not row.secret:
                    continue
                try:
                    row.secret = _keys().rotate(row.secret.encode()).decode()
                except InvalidToken:
                    lost += 1
                    continue
                row.save(update_fields=["secret"])
                done += 1
    more, unread = _rotate_second_factors()
    return done + more, lost + unread


def _rotate_second_factors() -> tuple[int, int]:
    """Those lie in a table of allauth's, within its JSON."""
    done = lost = 0
    authenticators = apps.get_model("mfa", "Authenticator")._default_manager
    for pk in authenticators.exclude(type="webauthn").values_list("pk", flat=True):
        with transaction.atomic():
            row: Any = authenticators.select_for_update().filter(pk=pk).first()
            for name in {"secret", "seed"} & set(row.data if row else ()):
                try:
                    row.data[name] = _keys().rotate(row.data[name].encode()).decode()
                except InvalidToken:
                    lost += 1
                    continue
                row.save(update_fields=["data"])
                done += 1
    return done, lost


def _keys() -> MultiFernet:
    if not settings.CREDENTIALS_KEYS:
        raise CredentialsError(
            "HELPDESK_CREDENTIALS_KEYS is not set, so passwords of mailboxes cannot be kept. "
            "`manage.py rotate_credentials --new-key` prints a fresh key."
        )
    try:
        return MultiFernet([Fernet(key) for key in settings.CREDENTIALS_KEYS])
    except ValueError:
        raise CredentialsError(
            "HELPDESK_CREDENTIALS_KEYS must hold keys as `manage.py rotate_credentials --new-key` prints them."
        ) from None
