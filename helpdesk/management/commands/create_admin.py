"""`manage.py create_admin EMAIL NAME`: the first admin of a helpdesk that is not open to the world yet."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from people.actions import create_first_admin
from people.permissions import PermissionDenied


class Command(BaseCommand):
    help = "Make the first admin and print a password for them. Refuses once there is an agent: admins make the others."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("name", metavar="NAME")

    def handle(self, *, email: str, name: str, **options: Any) -> None:
        password = secrets.token_urlsafe(15)
        try:
            validate_email(email)
            create_first_admin(
                email=email, name=name, password=password,
                locale=settings.LANGUAGE_CODE, time_zone=settings.TIME_ZONE,
            )  # fmt: skip
        except ValidationError:
            raise CommandError(f"{email} is no mail address.") from None
        except PermissionDenied:
            raise CommandError("There are agents already; an admin makes new ones on the team page.") from None
        self.stderr.write(f"{name} signs in at {settings.BASE_URL}/ as {email.lower()} with:")
        self.stdout.write(password)
