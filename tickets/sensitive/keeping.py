"""How a secret lies in its row: encrypted with a key that is not in the database, or not at all."""

from __future__ import annotations

from people.credentials import CredentialsError, decrypt, encrypt


def sealed(value: str) -> str:
    """The value as a row keeps it; "" where no key is set, and then nobody can ever see it again. A message is never
    refused for that."""
    try:
        return encrypt({"value": value})
    except CredentialsError:
        return ""


def opened(stored: str) -> str:
    """What `sealed` was given. Raises CredentialsError where no key of ours opens it; "" for what is gone."""
    return decrypt(stored)["value"] if stored else ""
