"""Delivery reports: RFC 3464 ones by their structure, the older kinds by who sent them and what they say.

A person's mail is never one: without a report part the sender has to be a mail system, whatever the text says,
so a customer who forwards or quotes a bounce stays a customer.
"""

import re
from dataclasses import dataclass

from channels_inbound.email.bounce_words import (
    BODY_SIGNS,
    DAEMON_LOCALS,
    DAEMON_NAMES,
    DAEMON_PREFIX,
    HUMAN_TOO,
    SUBJECT_SIGNS,
)
from channels_inbound.email.headers import Address, decode_header, read_addresses, read_ids
from channels_inbound.email.mime import MimeReader, Part, decode_body
from channels_inbound.email.parsed import Bounce

_ADDRESS = re.compile(
    r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}|\"[^\"\s@<>]{1,62}\")"
    r"@[A-Za-z0-9][A-Za-z0-9.-]{0,200}[A-Za-z0-9]"
)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.])([45])[0-5]\d[ -](?![\d.])")
_COPY_BELOW = re.compile(
    r"^[ \t]{0,8}(?:[-_*=.]{2,60} ?(?:.{0,80}(?:copy of (?:the|your)|original message|returned message|"
    r"message header|unsent message|message follows"
    r"|body of (?:the )?message|undelivered message).{0,80})|(?:received|return-path|message-id):\s)",
    re.IGNORECASE | re.MULTILINE,
)
_MESSAGE_ID = re.compile(r"^[ \t>]{0,8}message-id:\s{0,4}(<[^<>\s]{1,900}>)", re.IGNORECASE | re.MULTILINE)
_SNS = re.compile(r'"notificationType\\?"\s{0,5}:\s{0,5}\\?"(Bounce|Complaint|Delivery)\\?"')
_REPORT_TYPES = ("message/delivery-status", "message/global-delivery-status")
_REPORT_FIELD = re.compile(r"^(?:final|original)-recipient:", re.IGNORECASE | re.MULTILINE)
_LISTED_ADDRESS = re.compile(rf"^[ \t>*-]{{0,12}}<?({_ADDRESS.pattern})>?[ \t]*(?:$|[:;(\[]|\.\.\.)", re.MULTILINE)
_SUCCESSES = frozenset({"delivered", "relayed", "expanded"})
_MAX_TEXT = 60_000
_MAX_RECIPIENTS = 50


@dataclass(frozen=True, slots=True)
class BounceReading:
    """`is_bounce`, who could not be reached and which of our mails it was about."""

    is_bounce: bool = False
    bounces: tuple[Bounce, ...] = ()
    message_ids: tuple[str, ...] = ()
    is_report: bool = False


def read_bounce(
    reader: MimeReader, root: Part, sender: Address, subject: str, text: str, return_path: str | None
) -> BounceReading:
    """Whether this mail reports that another one was not delivered, or late."""
    leaves = list(root.leaves())
    reports = [part for part in leaves if part.media_type in _REPORT_TYPES]
    report_type = root.parameters.get("report-type", "").lower()
    if report_type in ("disposition-notification", "feedback-report") or any(
        part.media_type in ("message/disposition-notification", "message/feedback-report") for part in leaves
    ):
        return BounceReading(is_report=True)
    text = text[:_MAX_TEXT]
    if reports and not _is_passed_on(root, sender, return_path):
        return _read_report(reader, root, leaves, reports, text)
    if not _is_from_mail_system(root, sender, subject, text, return_path):
        return BounceReading(is_report=report_type == "delivery-status")
    return BounceReading(True, _read_plain_bounces(root, text, sender), _original_ids(reader, leaves, text), True)


def _is_passed_on(root: Part, sender: Address, return_path: str | None) -> bool:
    """Whether a person sends us a report as a file: then it is about that person's mail, and the mail is a question."""
    return (
        root.media_type != "multipart/report"
        and bool(return_path)
        and not _is_null_sender(return_path)
        and not _is_daemon(sender.address)
        and DAEMON_NAMES.search(sender.name) is None
    )


def _read_report(reader: MimeReader, root: Part, leaves: list[Part], reports: list[Part], text: str) -> BounceReading:
    groups = [group for part in reports for group in _groups(decode_body(reader.raw, part)[:_MAX_TEXT])]
    found = _bounces_in(groups)
    actions = {_action_of(group) for group in groups} - {""}
    if not found and actions and actions <= _SUCCESSES:
        return BounceReading(is_report=True)
    found = found or _read_plain_bounces(root, text, Address("", ""))
    return BounceReading(True, found, _original_ids(reader, leaves, text), True)


def _groups(data: bytes) -> list[dict[str, str]]:
    groups: list[dict[str, str]] = []
    for block in re.split(rb"\r?\n[ \t]*\r?\n", data)[:200]:
        fields: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if line[:1] in (b" ", b"\t") and key:
                fields[key] += " " + decode_header(line)
            else:
                name, colon, value = line.partition(b":")
                key = name.strip().lower().decode("latin-1") if colon else ""
                if key:
                    fields.setdefault(key, decode_header(value))
        groups.append(fields)
    return groups


def _bounces_in(groups: list[dict[str, str]]) -> tuple[Bounce, ...]:
    bounces: dict[str, Bounce] = {}
    for group in groups:
        bounce = _bounce_of(group, _action_of(group))
        if bounce and bounce.recipient not in bounces and len(bounces) < _MAX_RECIPIENTS:
            bounces[bounce.recipient] = bounce
    return tuple(bounces.values())


def _action_of(group: dict[str, str]) -> str:
    return group.get("action", "").split(" ")[0].lower()


def _bounce_of(group: dict[str, str], action: str) -> Bounce | None:
    recipient = ""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        value = group.get(name, "").rpartition(";")[2]
        found = _ADDRESS.search(value)
        if found and (not recipient or name == "final-recipient"):
            recipient = found.group()
    if action in _SUCCESSES or not (recipient or action):
        return None
    status = _STATUS.search(group.get("status", "")) or _STATUS.search(group.get("diagnostic-code", ""))
    code = _REPLY_CODE.search(group.get("diagnostic-code", ""))
    value = status.group(1) if status else f"{code.group(1)}.0.0" if code else ""
    return Bounce(
        recipient,
        value,
        "delayed" if action == "delayed" or (value.startswith("4") and action != "failed") else "failed",
    )


def _is_from_mail_system(root: Part, sender: Address, subject: str, text: str, return_path: str | None) -> bool:
    if root.first("x-failed-recipients"):
        return True
    local, _, domain = sender.address.lower().partition("@")
    local = local.strip("'\" ")
    if domain.endswith("amazonaws.com"):
        kind = _SNS.search(text)
        return kind is not None and kind.group(1) == "Bounce"
    daemon = _is_daemon(sender.address) or DAEMON_NAMES.search(sender.name) is not None
    null = _is_null_sender(return_path)
    nobody = not sender.address and bool(root.first("from") or null)
    machine = local.startswith(("no-reply", "noreply", "mail-"))
    if not (daemon or null or nobody or machine):
        return False
    subject_says = SUBJECT_SIGNS.search(subject) is not None
    if (daemon or (null and nobody)) and subject_says:
        return True
    body_says = BODY_SIGNS.search(text) is not None
    if daemon and not null and local in HUMAN_TOO and return_path is not None:
        return body_says and _STATUS.search(text[:4000]) is not None
    if daemon or (null and nobody):
        return body_says or (null and _has_copy(root, text))
    if nobody:
        return subject_says and body_says
    return body_says and (subject_says or machine) and _has_copy(root, text)


def _is_null_sender(return_path: str | None) -> bool:
    return return_path is not None and (
        return_path in ("", "null") or return_path.lower().partition("@")[0] in DAEMON_LOCALS
    )


def _has_copy(root: Part, text: str) -> bool:
    """Whether the mail that failed, or its headers, came along."""
    attached = any(part.media_type in ("message/rfc822", "text/rfc822-headers") for part in root.leaves())
    return attached or _COPY_BELOW.search(text) is not None


def _read_plain_bounces(root: Part, text: str, sender: Address) -> tuple[Bounce, ...]:
    """Recipients named by the report's own words, above the copy of the mail that failed."""
    found = _bounces_in(_groups(text.encode())) if _REPORT_FIELD.search(text) else ()
    if found:
        return found
    copy = _COPY_BELOW.search(text)
    head = text[: copy.start()] if copy and copy.start() > 40 else text[:4000]
    status = _STATUS.search(head)
    code = _REPLY_CODE.search(head)
    value = status.group(1) if status else f"{code.group(1)}.0.0" if code else ""
    action = "delayed" if value.startswith("4") else "failed"
    failed, _more = read_addresses(root.all("x-failed-recipients"))
    recipients = [address.address for address in failed if address.address] or _named_recipients(root, head, sender)
    found = tuple(Bounce(recipient, value, action) for recipient in recipients[:_MAX_RECIPIENTS])
    return found or ((Bounce("", value, action),) if value else ())


def _named_recipients(root: Part, head: str, sender: Address) -> list[str]:
    """Addresses that stand at the start of a line; else the first one that is neither the reader's nor the system's."""
    own = {address.address.lower() for address in read_addresses(root.all("to"))[0]}
    system = {sender.address.lower()}
    listed = dict.fromkeys(found.group(1) for found in _LISTED_ADDRESS.finditer(head))
    anywhere = dict.fromkeys(_ADDRESS.findall(head))
    for candidates, excluded in (
        (listed, own | system),
        (anywhere, own | system),
        (anywhere, system),
        (anywhere, set()),
    ):
        wanted = [address for address in candidates if address.lower() not in excluded and not _is_daemon(address)]
        if wanted:
            return wanted if candidates is listed else wanted[:1]
    return list(anywhere)[:1]


def _is_daemon(address: str) -> bool:
    local = address.lower().partition("@")[0].strip("'\" ")
    return local in DAEMON_LOCALS or local.startswith(DAEMON_PREFIX)


def _original_ids(reader: MimeReader, leaves: list[Part], text: str) -> tuple[str, ...]:
    """Message ids of the mail that was not delivered, which proves to the product what the report is about."""
    for part in leaves:
        if part.media_type in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global"):
            original = reader.read_embedded(part) if reader.parts_left > 0 else part
            ids = read_ids(original.all("message-id"), 3)
            if ids:
                return tuple(ids)
    found = _MESSAGE_ID.search(text)
    return tuple(read_ids([found.group(1).encode()], 1)) if found else ()
