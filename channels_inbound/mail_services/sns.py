"""The signature of Amazon SNS, which carries what SES tells: proof beside the secret in the webhook's address.

Anybody can make a topic, and SNS signs for all of them; so the signature says that it is SNS, the secret in the
address and the topic's name that it is ours. Certificates come from SNS's own hosts and nowhere else, and count only
if an authority this machine trusts vouches for them by SNS's name.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import Certificate

from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.provider import BadSignature, Unverifiable
from channels_inbound.hooks.reading import load_object, text
from channels_inbound.mail_services.chain import vouched
from people.http_client import HttpClient, TooLarge, Unanswered, Unreachable

_HOST = re.compile(r"sns\.[a-z]{2}(-[a-z]+)+-\d\.amazonaws\.com(\.cn)?")
_PATH = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]{16,80}\.pem")
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_LARGEST = 16 * 1024
# The request waits for this, once a certificate: SNS itself gives up after fifteen seconds.
_SECONDS = 3.0
_KEPT_SECONDS = 12 * 3600
# By whose name SNS signs, in every region.
_SIGNER = "sns.amazonaws.com"


def verify_notice(body: bytes, *, topics: list[str], http: HttpClient | None = None) -> None:
    """Raise BadSignature unless SNS signed this, for one of our topics where those are named. Unverifiable."""
    try:
        notice = json.loads(body)
    except (ValueError, RecursionError):
        raise BadSignature from None
    if not isinstance(notice, dict):
        raise BadSignature
    if topics and text(notice, "TopicArn", most=300) not in topics:
        raise BadSignature
    key = certificate_key(checked_url(text(notice, "SigningCertURL", most=400)), http)
    digest = {"1": SHA1, "2": SHA256}.get(text(notice, "SignatureVersion", most=4))
    if digest is None:
        raise BadSignature
    try:
        shown = base64.b64decode(text(notice, "Signature", most=2000), validate=True)
        key.verify(shown, signed_text(notice), PKCS1v15(), digest())
    except (ValueError, InvalidSignature):
        raise BadSignature from None


def confirm_subscription(body: bytes, *, http: HttpClient | None = None) -> None:
    """Say yes to a topic that asks whether we want to hear of it; nothing for any other notice. The caller has checked
    who signed it and whether the topic is one of ours. Unverifiable when SNS cannot be asked now.

    The address is made of its parts and not followed as it is: it is SNS's own, and does this alone."""
    notice = load_object(body)
    if text(notice, "Type", most=60) != "SubscriptionConfirmation":
        return
    try:
        host = urlsplit(text(notice, "SubscribeURL", most=2000)).netloc
    except ValueError:
        raise BadSignature from None
    if not _HOST.fullmatch(host):
        raise BadSignature
    asked = {"Action": "ConfirmSubscription", "TopicArn": text(notice, "TopicArn", most=300),
             "Token": text(notice, "Token", most=1000)}  # fmt: skip
    _fetch(f"https://{host}/?{urlencode(asked)}", http or HttpClient(timeout=_SECONDS))


def signed_text(notice: dict[str, Any]) -> bytes:
    """What SNS signs: names and values, a line each, in the order of the names; those not there are left out."""
    names = _NOTIFICATION if notice.get("Type") == "Notification" else _CONFIRMATION
    lines = [f"{name}\n{notice[name]}\n" for name in names if isinstance(notice.get(name), str)]
    return "".join(lines).encode("utf-8", "surrogatepass")


def checked_url(url: str) -> str:
    """The address, if it is one of SNS's certificates. BadSignature."""
    try:
        place = urlsplit(url)
        odd = place.port is not None or place.username is not None or place.query or place.fragment
    except ValueError:
        raise BadSignature from None
    if odd or place.scheme != "https" or not _HOST.fullmatch(place.hostname or "") or not _PATH.fullmatch(place.path):
        raise BadSignature
    return url


def certificate_key(url: str, http: HttpClient | None = None) -> RSAPublicKey:
    """The key of the certificate there, for which an authority vouches now. Unverifiable, BadSignature."""
    now = datetime.now(UTC)
    period = int(now.timestamp() // _KEPT_SECONDS)
    certificate = _known(url, period) if http is None else _vouched(url, now, http)
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey) or key.key_size < 2048:
        raise BadSignature
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise BadSignature
    return key


@lru_cache(16)
def _known(url: str, _period: int) -> Certificate:
    """Kept for half a day: its address holds its hash, but who is trusted may change. A failure is not kept."""
    return _vouched(url, datetime.now(UTC), HttpClient(timeout=_SECONDS))


def _vouched(url: str, now: datetime, http: HttpClient) -> Certificate:
    names = (_SIGNER, urlsplit(url).hostname or _SIGNER)
    return vouched(_fetch(url, http), names, at=now, fetch=lambda place: _fetch(place, http))


def _fetch(url: str, http: HttpClient) -> bytes:
    """The operator may name another place, where certificates lie under the same path."""
    base = endpoint("sns")
    place = urlsplit(url)
    where = f"{base}{place.path}{'?' if place.query else ''}{place.query}" if base else url
    try:
        answer = http.request("GET", where, limit=_LARGEST, timeout=_SECONDS)
    except (Unreachable, Unanswered, TooLarge) as error:
        raise Unverifiable(str(error)) from None
    if not answer.ok:
        raise Unverifiable(f"{place.hostname} answered {answer.status}")
    return answer.body
