"""The mails of the demo shop's customers, as their programs and mail servers would write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256

from channels_inbound.demo.pictures import draw_picture
from channels_inbound.demo.script import Bounce, Mail, Person
from channels_inbound.email.headers_out import POLICY
from tickets.outbound import OutboundMessage

# The shop's own mail server, which vouches for the senders of the stories.
MAIL_SERVER = "mx.nordvik.example"


@dataclass(frozen=True, slots=True)
class Thread:
    """What a customer's mail program knows of the conversation: its own last mail and our last answer."""

    subject: str
    last_id: str = ""
    references: tuple[str, ...] = ()
    ours: OutboundMessage | None = None
    ours_at: datetime | None = None


def letter(mail: Mail, *, sender: Person, to: str, at: datetime, thread: Thread | None) -> EmailMessage:
    """The mail as bytes would carry it; within a thread it goes to the address we asked to be answered at."""
    subject, recipient = mail.subject, to
    message = EmailMessage(policy=POLICY)
    domain = sender.address.rpartition("@")[2]
    message["Authentication-Results"] = f"{MAIL_SERVER}; dmarc=pass header.from={domain}"
    message["From"] = _address(sender)
    if thread:
        subject = subject or _again(thread.subject)
        recipient = thread.ours.reply_address if thread.ours else to
    message["To"] = recipient
    if mail.cc:
        message["Cc"] = [_address(person) for person in mail.cc]
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{message_id(sender, subject, at)}>"
    if thread:
        answered = thread.ours.message_id_header if thread.ours else thread.last_id
        chain = dict.fromkeys([*thread.references, answered])
        message["In-Reply-To"] = f"<{answered}>"
        message["References"] = " ".join(f"<{each}>" for each in chain)
    for name, value in mail.headers:
        message[name] = value
    _fill(message, mail, thread)
    return message


def message_id(sender: Person, subject: str, at: datetime) -> str:
    """An id of the kind mail programs make."""
    digest = sha256(f"{sender.address}{subject}{at.isoformat()}".encode()).hexdigest()[:24]
    return f"{digest}@{sender.address.rpartition('@')[2]}"


def _fill(message: EmailMessage, mail: Mail, thread: Thread | None) -> None:
    text = mail.text.strip() + "\n"
    if mail.quotes and thread and thread.ours and thread.ours_at:
        author = f"{thread.ours.agent_name} <{thread.ours.channel_address}>"
        quoted = "\n".join(f"> {line}" if line else ">" for line in thread.ours.text.splitlines())
        text += f"\nOn {thread.ours_at:%a, %d %b %Y at %H:%M}, {author} wrote:\n\n{quoted}\n"
    message.set_content(text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    if mail.inline_picture:
        part = message.get_payload()[1]  # type: ignore[index]
        part.add_related(draw_picture(mail.inline_picture), "image", "png", cid="<picture-1>")  # type: ignore[union-attr]
    for name in mail.pictures:
        message.add_attachment(draw_picture(name), maintype="image", subtype="png", filename=f"{name}.png")


_REPORT = """From: Mail Delivery System <MAILER-DAEMON@mx.{domain}>
To: {reply_address}
Subject: Undelivered Mail Returned to Sender
Date: {date}
Message-ID: <{own_id}@mx.{domain}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="report"

--report
Content-Type: text/plain; charset=us-ascii

This is the mail system at mx.{domain}.

I'm sorry to have to inform you that your message could not be delivered.

<{recipient}>: {diagnosis}

--report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.{domain}

Final-Recipient: rfc822; {recipient}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {diagnosis}

--report
Content-Type: text/rfc822-headers

Message-ID: <{original}>
Reply-To: {reply_address}
To: {recipient}

--report--
"""


def delivery_report(bounce: Bounce, *, ours: OutboundMessage, at: datetime) -> bytes:
    """What a mail server sends back when it cannot deliver (RFC 3464)."""
    recipient, domain = ours.to[0].address, ours.to[0].address.rpartition("@")[2]
    status = next((word for word in bounce.diagnosis.split() if word.count(".") == 2), "5.0.0")
    report = _REPORT.format(
        domain=domain, reply_address=ours.reply_address, date=format_datetime(at), recipient=recipient, status=status,
        own_id=sha256(ours.message_id_header.encode()).hexdigest()[:20], original=ours.message_id_header,
        diagnosis=bounce.diagnosis,
    )  # fmt: skip
    return report.replace("\n", "\r\n").encode()


def _address(person: Person) -> Address:
    return Address(person.name, addr_spec=person.address)


def _again(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"
