"""`manage.py folding_cases`: mails that agents marked as wrongly folded, as test cases of the reply engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_inbound.models import RawBody
from tickets.models import Message
from tickets.preview import without_spans


class Command(BaseCommand):
    help = (
        "Without --export says how many mails are marked as wrongly folded. With it writes each as NAME.eml, the mail "
        "as it came, and NAME.json, what was folded and what was shown; once `answer` there says what should have "
        "been shown, the pair is a test in tests/channels_inbound/email/folding/. They are customers' mails: take out "
        "what names people before sharing them. Running it again keeps answers that were filled in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--export", metavar="DIR", type=Path, help="where to write the cases")

    def handle(self, *args: Any, export: Path | None, **options: Any) -> None:
        marked = Message.objects.filter(shown_whole=True).order_by("pk")
        if export is None:
            self.stdout.write(f"{marked.count()} mails are marked as wrongly folded.")
            return
        written = missing = 0
        try:
            export.mkdir(parents=True, exist_ok=True)
            for message, raw in _with_source(marked.iterator(chunk_size=100)):
                if raw is None:
                    missing += 1
                    continue
                _write(export, message, raw)
                written += 1
        except OSError as error:
            raise CommandError(f"{export} cannot be written: {error.strerror or error}") from None
        self.stdout.write(f"{written} cases are in {export}.")
        if missing:
            self.stdout.write(f"{missing} marked messages have no source any more and were left out.")


def _with_source(messages: Iterator[Message]) -> Iterator[tuple[Message, bytes | None]]:
    for message in messages:
        body = RawBody.objects.filter(delivery__message=message).order_by("pk").first()
        yield message, bytes(body.content) if body else None


def _write(folder: Path, message: Message, raw: bytes) -> None:
    name = f"message-{message.pk}"
    spans = [(int(start), int(end)) for start, end in message.quoted]
    case = {
        "folded": [message.text[start:end] for start, end in spans],
        "shown": without_spans(message.text, spans).strip(),
        "answer": _kept_answer(folder / f"{name}.json"),
    }
    (folder / f"{name}.eml").write_bytes(raw)
    (folder / f"{name}.json").write_text(json.dumps(case, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _kept_answer(path: Path) -> str:
    """What somebody wrote there before; empty in a new case."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return ""
    answer = kept.get("answer", "") if isinstance(kept, dict) else ""
    return answer if isinstance(answer, str) else ""
