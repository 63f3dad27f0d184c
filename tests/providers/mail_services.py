"""Mail services' webhooks: mail they took for us, and what became of ours. Sending by them is SMTP, so their send side
is the SMTP sink of the tests. SNS signs with a certificate of an authority of its own, and serves it."""

from __future__ import annotations

import base64
import json
import secrets
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import cache
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from channels_inbound.hooks.signatures import hmac_hex
from channels_inbound.mail_services import chain
from channels_inbound.mail_services.sns import _known as known
from channels_inbound.mail_services.sns import signed_text
from tests.providers.server import Reply, Request, Simulator
from tests.providers.webhooks import Webhook, basic

LOGIN = "hook-user:hook-pass-for-tests"
MAILGUN_KEY = "mailgun-signing-key-for-tests-00001"
TOPIC = "arn:aws:sns:eu-central-1:000000000001:helpdesk-mail"
CERTIFICATE = "SimpleNotificationService-00000000000000000000000000000001.pem"
CERTIFICATE_URL = f"https://sns.eu-central-1.amazonaws.com/{CERTIFICATE}"


def mail_bytes(text: str, *, sender: str, to: str, subject: str, id: str, **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = sender, to, subject, f"<{id}>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


# ---- Mailgun


def _form(fields: dict[str, str]) -> Webhook:
    edge = uuid.uuid4().hex
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value.encode() + b"\r\n"
        for name, value in fields.items()
    ]
    return Webhook(b"".join(parts) + f"--{edge}--\r\n".encode(), {}, f"multipart/form-data; boundary={edge}")


def _mailgun_signature(key: str) -> dict[str, str]:
    stamp, token = str(int(time.time())), secrets.token_hex(25)
    return {"timestamp": stamp, "token": token, "signature": hmac_hex(key, (stamp + token).encode())}


def mailgun_mail(mail: bytes, *, sender: str, to: str, key: str = MAILGUN_KEY) -> Webhook:
    return _form(
        {"recipient": to, "sender": sender, "from": sender, "body-mime": mail.decode(), **_mailgun_signature(key)}
    )


def mailgun_event(word: str, recipient: str, mail: EmailMessage, *, key: str = MAILGUN_KEY, **more: Any) -> Webhook:
    """What became of a mail of ours: it says of it what that carried."""
    data = {"event": word, "recipient": recipient, "timestamp": time.time(), "id": uuid.uuid4().hex,
            "user-variables": json.loads(str(mail["X-Mailgun-Variables"] or "{}")),
            "message": {"headers": {"message-id": str(mail["Message-ID"]).strip("<>")}}, **more}  # fmt: skip
    return Webhook(json.dumps({"signature": _mailgun_signature(key), "event-data": data}).encode())


# ---- Postmark


def postmark_mail(
    text: str, *, sender: str, to: str, subject: str, id: str, login: str = LOGIN, **headers: str
) -> Webhook:
    listed = [{"Name": "Message-ID", "Value": f"<{id}>"}]
    listed += [{"Name": name.replace("_", "-"), "Value": value} for name, value in headers.items()]
    content = {"From": sender, "FromFull": {"Email": sender, "Name": "Zoe Bauer"}, "To": to, "OriginalRecipient": to,
               "Subject": subject, "TextBody": text, "HtmlBody": "", "MessageID": str(uuid.uuid4()), "Headers": listed,
               "Attachments": []}  # fmt: skip
    return Webhook(json.dumps(content).encode(), basic(login))


def postmark_event(record: str, recipient: str, mail: EmailMessage, *, login: str = LOGIN, **more: Any) -> Webhook:
    """It names the mail by an id of its own, and hands back the metadata it was sent with."""
    start = "x-pm-metadata-"
    metadata = {name[len(start) :]: str(value) for name, value in mail.items() if name.lower().startswith(start)}
    content = {"RecordType": record, "Recipient": recipient, "Email": recipient, "MessageID": str(uuid.uuid4()),
               "Metadata": metadata, **more}  # fmt: skip
    return Webhook(json.dumps(content).encode(), basic(login))


# ---- SendGrid


def sendgrid_mail(mail: bytes, *, sender: str, to: str, login: str = LOGIN) -> Webhook:
    form = _form({"email": mail.decode(), "envelope": json.dumps({"to": [to], "from": sender})})
    return Webhook(form.body, basic(login), form.content_type)


def sendgrid_fields(fields: dict[str, str], *, login: str = LOGIN) -> Webhook:
    """A mail in the fields it was parsed into, which is what they send unless the raw mail is asked for."""
    form = _form(fields)
    return Webhook(form.body, basic(login), form.content_type)


def sendgrid_event(word: str, recipient: str, mail: EmailMessage, *, login: str = LOGIN, **more: Any) -> Webhook:
    told = {"event": word, "email": recipient, "timestamp": int(time.time()), "sg_event_id": uuid.uuid4().hex,
            "smtp-id": str(mail["Message-ID"]), **more}  # fmt: skip
    told |= json.loads(str(mail["X-SMTPAPI"] or "{}")).get("unique_args", {})
    return Webhook(json.dumps([told]).encode(), basic(login))


# ---- Amazon SES, by SNS


AUTHORITY = "http://crt.r2m01.amazontrust.com/r2m01.cer"
Signed = tuple[rsa.RSAPrivateKey, x509.Certificate]


@cache
def root() -> Signed:
    """The authority that machines trust."""
    return certified("Test root", authority=True)


@cache
def between() -> Signed:
    """The authority below it, which signs for servers."""
    return certified("Test authority", root(), authority=True)


@cache
def signer(days: tuple[int, int] = (-1, 30)) -> tuple[rsa.RSAPrivateKey, bytes]:
    """The key SNS signs with, and its certificate as PEM: alone, as SNS serves it."""
    key, made = certified("sns.amazonaws.com", between(), days=days)
    return key, made.public_bytes(serialization.Encoding.PEM)


def certified(
    name: str, by: Signed | None = None, *, authority: bool = False, days: tuple[int, int] = (-1, 30),
    issuer: str = AUTHORITY,
) -> Signed:  # fmt: skip
    """A key and its certificate, signed by somebody or by itself."""
    now, key = datetime.now(UTC), rsa.generate_private_key(65537, 2048)
    signed_by = by[0] if by else key
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        by[1].subject if by else subject, subject, key.public_key(), x509.random_serial_number(),
        now + timedelta(days=days[0]), now + timedelta(days=days[1]),
    )  # fmt: skip
    usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    usage |= {"key_cert_sign": True, "crl_sign": True} if authority else {"digital_signature": True}
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=authority, path_length=None), True), (x509.KeyUsage(**usage), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_by.public_key()), False),
    ]  # fmt: skip
    if not authority:
        place = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(issuer))
        extensions += [
            (x509.SubjectAlternativeName([x509.DNSName(name)]), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            (x509.AuthorityInformationAccess([place]), False),
        ]
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return key, builder.sign(signed_by, hashes.SHA256())


@contextmanager
def trusted(*authorities: Signed) -> Iterator[None]:
    """While this lasts the machine trusts those (the simulator's root), and nobody else."""
    found = [one[1].public_bytes(serialization.Encoding.DER) for one in authorities or (root(),)]
    forget()
    with patch.object(chain, "trusted_authorities", lambda: found):
        yield
    forget()


def forget() -> None:
    """What was judged before counts no more."""
    known.cache_clear()
    chain._authorities.cache_clear()


class SnsServer(Simulator):
    """Where SNS's certificates lie."""

    def __init__(self) -> None:
        super().__init__()
        self.pem = signer()[1]
        self.issuer = between()[1].public_bytes(serialization.Encoding.DER)

    def is_send(self, request: Request) -> bool:
        return True

    def answer(self, request: Request) -> Reply:
        if request.path == f"/{CERTIFICATE}":
            return Reply(200, self.pem, {"Content-Type": "application/x-pem-file"})
        if request.path == urlsplit(AUTHORITY).path:
            return Reply(200, self.issuer, {"Content-Type": "application/pkix-cert"})
        if request.path == "/" and request.query.get("Action") == ["ConfirmSubscription"]:
            self.accepted.append({name: values[0] for name, values in request.query.items()})
            return Reply(200, b"<ConfirmSubscriptionResponse/>", {"Content-Type": "text/xml"})
        return Reply(404, b"")


def sns(
    told: dict[str, Any] | str, *, kind: str = "Notification", topic: str = TOPIC, version: str = "1",
    certificate: str = CERTIFICATE_URL, login: str = LOGIN, key: rsa.RSAPrivateKey | None = None, **more: str,
) -> Webhook:  # fmt: skip
    """A notice as SNS makes it, signed in the way of `version`."""
    notice: dict[str, Any] = {
        "Type": kind, "MessageId": str(uuid.uuid4()), "TopicArn": topic,
        "Message": told if isinstance(told, str) else json.dumps(told),
        "Timestamp": datetime.now(UTC).isoformat(), "SignatureVersion": version, "SigningCertURL": certificate, **more,
    }  # fmt: skip
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()
    sign = (key or signer()[0]).sign(signed_text(notice), PKCS1v15(), digest)
    notice["Signature"] = base64.b64encode(sign).decode()
    return Webhook(json.dumps(notice).encode(), basic(login), "text/plain; charset=UTF-8")


def ses_mail(mail: bytes, *, sender: str, to: str, **more: Any) -> Webhook:
    told = {"notificationType": "Received", "mail": {"source": sender, "messageId": uuid.uuid4().hex},
            "receipt": {"recipients": [to]}, "content": mail.decode()}  # fmt: skip
    return sns(told, **more)


def ses_event(kind: str, recipient: str, mail: EmailMessage, **more: Any) -> Webhook:
    """An event as a configuration set publishes it: with the tags the mail carried."""
    part: dict[str, Any] = {"timestamp": datetime.now(UTC).isoformat()}
    if kind == "Bounce":
        part |= {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": recipient}]}
    elif kind == "Delivery":
        part |= {"recipients": [recipient]}
    elif kind in ("Reject", "Rendering Failure"):
        part = {"reason": "Bad content"} if kind == "Reject" else {"errorMessage": "Bad content", "templateName": "t"}
    tags = dict(pair.strip().split("=", 1) for pair in str(mail["X-SES-MESSAGE-TAGS"] or "").split(",") if "=" in pair)
    told = {"eventType": kind, {"Rendering Failure": "failure"}.get(kind, kind.lower()): part,
            "mail": {"messageId": uuid.uuid4().hex, "timestamp": datetime.now(UTC).isoformat(),
                     "destination": [recipient], "tags": {name: [value] for name, value in tags.items()},
                     "commonHeaders": {"messageId": str(mail["Message-ID"])}}}  # fmt: skip
    return sns(told, **more)
