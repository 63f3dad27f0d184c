"""Files of a chat that goes on by mail: agents' files go along as far as a mail may carry them, the rest as links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat

from channels_inbound.hooks.out_files import mailed_link_to
from tickets.models import Attachment, Message, MessageKind

# On the wire a third more: what common servers take is 20 to 25 MB.
MOST_BYTES = 15 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Carried:
    """`attached` go with the mail; `lines` name each message's files, with an address where one does not go along."""

    attached: Sequence[Attachment]
    lines: Mapping[int, Sequence[str]]

    def text_of(self, message: Message) -> str:
        """What stands of a message in the mail: its words, then its files."""
        return "\n".join([*([message.text] if message.text else []), *self.lines.get(message.pk, ())])


def carried(messages: Iterable[Message]) -> Carried:
    """How the files of these messages get into one mail. What visitors sent is theirs already: only its name."""
    kinds = {message.pk: message.kind for message in messages}
    attached: list[Attachment] = []
    lines: dict[int, list[str]] = {}
    room = MOST_BYTES
    for file in Attachment.objects.filter(message__in=kinds).order_by("message", "pk"):
        assert file.message_id is not None
        line = f"[{file.filename}]"
        if kinds[file.message_id] == MessageKind.OUTBOUND:
            if file.size <= room:
                attached.append(file)
                room -= file.size
            else:
                line = f"{file.filename} ({filesizeformat(file.size)}): {mailed_link_to(file.public_id)}"
        lines.setdefault(file.message_id, []).append(line)
    return Carried(attached, lines)


def attach(mail: Message, files: Iterable[Attachment]) -> None:
    """Let a mail that was just queued take these along; the bytes lie on storage once."""
    Attachment.objects.bulk_create(
        Attachment(
            message=mail, ticket_id=mail.ticket_id, filename=file.filename, content_type=file.content_type,
            size=file.size, sha256=file.sha256,
        )
        for file in files
    )  # fmt: skip
