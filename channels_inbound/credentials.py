"""Where channels take the keeping of secrets from."""

from people.credentials import CredentialsError, decrypt, encrypt, rotate_credentials, with_tokens

__all__ = ["CredentialsError", "decrypt", "encrypt", "rotate_credentials", "with_tokens"]
