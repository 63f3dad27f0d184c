"""`manage.py rotate_credentials`: change the key that stored passwords are encrypted with."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_inbound.credentials import CredentialsError, rotate_credentials


class Command(BaseCommand):
    help = (
        "Encrypts stored passwords and tokens anew with the first key of HELPDESK_CREDENTIALS_KEYS. "
        "May be repeated; afterwards the other keys are needed no more."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--new-key", action="store_true", help="only print a fresh key")

    def handle(self, *args: Any, new_key: bool, **options: Any) -> None:
        if new_key:
            self.stdout.write(Fernet.generate_key().decode())
            return
        try:
            done, lost = rotate_credentials()
        except CredentialsError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{done} secrets are encrypted with the first key.")
        if lost:
            raise CommandError(
                f"{lost} secrets are opened by none of the keys: keep the old keys, or enter them again."
            )
