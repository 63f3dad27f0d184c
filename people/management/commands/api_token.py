"""`manage.py api_token EMAIL`: a new API token on standard output, and nothing else there."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from events.actors import SYSTEM
from people.models import Agent, TokenScope
from people.tokens import MAX_DAYS, create_token


class Command(BaseCommand):
    help = "Print a new API token that acts as the agent EMAIL. Works while the system runs, in a second terminal."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="the agent's sign-in address")
        parser.add_argument("--name", default="command line", help="shown in the agent's list of tokens")
        parser.add_argument("--read-only", action="store_true", help="a token that cannot write")
        parser.add_argument("--days", type=int, default=365, help="until it expires (default: 365)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= MAX_DAYS:
            raise CommandError(f"--days must be between 1 and {MAX_DAYS}.")
        scopes = [TokenScope.READ] if options["read_only"] else [TokenScope.READ, TokenScope.WRITE]
        try:
            plain, token = create_token(
                find_agent(options["email"]), options["name"], scopes, options["days"], by=SYSTEM
            )
        except OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            raise CommandError(f"The database does not answer. Is the system running (make run)? {reason}") from error
        self.stderr.write(f"Token {token.prefix}… of {token.agent.email}, valid until {token.expires_at:%Y-%m-%d}.")
        self.stderr.write("It is shown only now. Use it as: Authorization: Token …")
        self.stdout.write(plain)


def find_agent(email: str) -> Agent:
    """The active agent with this address, or an error that says what to do."""
    agent = Agent.objects.filter(email=email.strip().lower()).first()
    if agent is None:
        known = list(Agent.objects.filter(is_active=True).order_by("id").values_list("email", flat=True)[:5])
        hint = f"Agents here: {', '.join(known)}." if known else "There are no agents yet."
        raise CommandError(f"No agent has the address {email}. {hint}")
    if not agent.is_active:
        raise CommandError(f"{agent.email} is deactivated and cannot use the API.")
    return agent
