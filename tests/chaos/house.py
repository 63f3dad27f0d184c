"""The whole helpdesk as `manage.py up` runs it on a durable database, and an eye on that database that is not ours."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.providers import telegram
from tests.providers.telegram import TelegramServer
from tests.support.launcher import ROOT, Launcher
from tests.support.smtp_sink import SmtpSink

# Said in every mail and known to nobody but customers: no log may hold it.
CANARY = "kanarek-4929-1188-0042"
HOOK_SECRET = "a-secret-of-the-storm-that-no-log-may-hold"
# Stands in addresses that open something for whoever holds them.
PATH_CANARY = "kanarek-of-an-address-7391"
OPENED = ("/invitation/{}/", "/survey/{}/", "/unsubscribe/{}/", "/reports/mailings/leave/{}/", "/hooks/http/{}/",
          "/shops/hooks/{}/", "/accounts/password/reset/key/x-{}/")  # fmt: skip
SUPPORT, RETURNS = "support@shop.example", "returns@shop.example"
_SETTLE_IN = f"""
from people.models import Agent, Team, Membership
from people.tokens import create_token
from tickets.models import Channel
from channels_inbound.hooks.connections import add_connection
from livechat.channels import create_chat_channel
from livechat.doors import door_for, write_pass
from metrics.rules import ensure_defaults
ensure_defaults()
team = Team.objects.create(name="Support")
for name, address in (("Support", "{SUPPORT}"), ("Returns", "{RETURNS}")):
    Channel.objects.create(name=name, address=address, team=team)
for name in ("olena", "ben"):
    agent = Agent.objects.create(email=name + "@shop.example", name=name.title(), role="agent")
    Membership.objects.create(agent=agent, team=team)
    print("TOKEN", create_token(agent, "storm", ("read", "write"), 1)[0])
# Of a team whose tickets the answering agents do not see: what they answer is looked for in customers' mailboxes.
others = Team.objects.create(name="Others")
admin = Agent.objects.create(email="adam@shop.example", name="Adam", role="admin")
values = {{"secret": "{HOOK_SECRET}", "system": "till", "url": ""}}
print("HOOK", add_connection("http", values, by=admin, name="Till", team=others).key)
tg = add_connection("telegram", {{"token": "{telegram.TOKEN}"}}, by=admin, name="Telegram", team=team)
print("TELEGRAM", tg.key, tg.verify_token)
chat = create_chat_channel(name="Chat", team=others, settings={{"origins": ["https://shop.example"], "color": "#1f57d6"}})[0]
print("WIDGET", chat.key, write_pass(door_for(chat.key, "https://shop.example")))
"""


class ChaosHouse:
    """One running helpdesk, its data folder, where its outgoing mail ends, and the provider of its messenger."""

    def __init__(self, data_dir: Path, sink: SmtpSink, messenger: TelegramServer) -> None:
        self.sink, self.messenger = sink, messenger
        self.clock = data_dir.with_name("clock")
        self.launcher = Launcher(
            data_dir,
            EMAIL_URL=sink.url,
            HELPDESK_DEMO="0",
            HELPDESK_INBOUND_LEASE_SECONDS="20",
            HELPDESK_API_REQUESTS_PER_MINUTE="100000",
            # All customers of a storm share a domain, and agents answer them ten times a second.
            HELPDESK_MAILS_PER_DOMAIN_MINUTE="100000",
            HELPDESK_PROVIDER_ENDPOINTS=f"telegram={messenger.url}",
            HELPDESK_TEST_CLOCK=str(self.clock),
            PYTHONPATH=str(ROOT / "tests" / "chaos" / "clock"),
        )
        self.tokens: list[str] = []
        self.hook = ""
        self.widget = ("", "")
        self.telegram = ("", "")

    def start(self) -> None:
        self.launcher.start()
        self.launcher.wait_until_ready(180)
        said = self.launcher.manage("shell", "-c", _SETTLE_IN)
        self.tokens = [line.split()[1] for line in said.stdout.splitlines() if line.startswith("TOKEN ")]
        assert len(self.tokens) == 2, said.stderr
        lines = dict(line.split(maxsplit=1) for line in said.stdout.splitlines() if " " in line)
        self.hook = f"/hooks/http/{lines['HOOK']}/"
        key, _, shown = lines["TELEGRAM"].partition(" ")
        self.telegram = (f"/hooks/telegram/{key}/", shown)
        key, _, shown = lines["WIDGET"].partition(" ")
        self.widget = (key, shown)
        for path in OPENED:
            with suppress(urllib.error.HTTPError):
                urllib.request.urlopen(self.url + path.format(PATH_CANARY), timeout=30).close()

    @property
    def url(self) -> str:
        return self.launcher.url

    @property
    def smtp_port(self) -> int:
        return int(self.launcher.environment["HELPDESK_SMTP_PORT"])

    @property
    def files(self) -> Path:
        return self.launcher.data_dir / "files" / "attachments"

    def leaks(self) -> list[str]:
        """Secrets and customers' words that stand in a log of ours."""
        secrets = json.loads((self.launcher.data_dir / "secrets.json").read_text())
        canaries = {"words of a customer": CANARY, "secret of the hook": HOOK_SECRET, "pass of the widget": self.widget[1], "bot's token": telegram.TOKEN,
                    "what stands in an address": PATH_CANARY, "address of the hook": self.hook.split("/")[-2], "address of the bot's hook": self.telegram[0].split("/")[-2],
                    **{f"token {n}": token for n, token in enumerate(self.tokens)}, **secrets}  # fmt: skip
        logs = [path for path in (self.launcher.data_dir / "log").glob("*") if path.is_file()] + [self.launcher.log]
        found = []
        for path in logs:
            text = path.read_text(errors="replace")
            found += [f"{name} stands in {path.name}" for name, canary in canaries.items() if canary and canary in text]
        return found

    def addresses(self) -> dict[str, str]:
        return dict(json.loads((self.launcher.data_dir / "services.json").read_text()))

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """What the database holds, by plain SQL; waits while it comes up again."""
        deadline = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(
                    self.addresses()["DATABASE_URL"], connect_timeout=5, row_factory=dict_row, autocommit=True
                ) as connection:
                    cursor = connection.execute(query, list(parameters) or None)  # type: ignore[arg-type]
                    return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def number(self, query: str, parameters: Sequence[Any] = ()) -> int:
        """The one number the query asks for."""
        [row] = self.rows(query, parameters)
        return int(next(iter(row.values())) or 0)
