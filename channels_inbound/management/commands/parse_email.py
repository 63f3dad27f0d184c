"""manage.py parse_email --json FILE...: what the mail reader makes of raw mails, for people and scripts."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from channels_inbound.email.limits import DEFAULT_LIMITS
from channels_inbound.email.parse import as_dict
from channels_inbound.email.parsed import ParsedEmail
from channels_inbound.email.pool import ParserPool


class Command(BaseCommand):
    help = "Read raw mails (.eml) and print what is in them. Needs no database, no Redis and no settings."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
        parser.add_argument(
            "--json", action="store_true", help="one line of JSON for each file, also when it cannot be read"
        )
        parser.add_argument(
            "--authserv-id", action="append", default=[], metavar="NAME", help="a server whose verdicts are believed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        pool = ParserPool()
        try:
            for path in options["files"]:
                found = self._read(pool, path, options["authserv_id"])
                self.stdout.write(json.dumps(found, ensure_ascii=False) if options["json"] else _for_people(found))
                self.stdout.flush()
        finally:
            pool.close()

    def _read(self, pool: ParserPool, path: Path, trusted: list[str]) -> dict[str, Any]:
        try:
            with path.open("rb") as file:
                raw = file.read(DEFAULT_LIMITS.message_bytes + 1)
        except OSError as error:
            return {"file": str(path), "error": error.strerror or str(error)}
        parsed = pool.parse_many([raw], trusted_authserv_ids=trusted, with_content=False)[0]
        if isinstance(parsed, ParsedEmail):
            return {"file": str(path), **as_dict(parsed)}
        return {"file": str(path), "error": f"{parsed.reason}: {parsed.detail}"}


def _for_people(found: dict[str, Any]) -> str:
    if "error" in found:
        return f"{found['file']}: {found['error']}"
    sender = found["from"]
    files = ", ".join(file["filename"] for file in found["attachments"]) or "-"
    return "\n".join(
        [
            f"{found['file']}:",
            f"  from    {sender['name']} <{sender['address']}>",
            f"  subject {found['subject']}",
            f"  files   {files}",
            *(f"  | {line}" for line in found["reply_text"].splitlines()),
        ]
    )
