"""The signature of SNS: what it signs, where certificates may come from, and what else is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from channels_inbound.hooks.provider import BadSignature, Unverifiable
from channels_inbound.mail_services import sns as checking
from channels_inbound.models import RawDelivery
from people.egress import trusted_authorities
from people.http_client import HttpClient
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import make_house
from tests.providers import mail_services
from tests.providers.mail_services import (
    CERTIFICATE_URL,
    TOPIC,
    Signed,
    SnsServer,
    between,
    certified,
    forget,
    sns,
    trusted,
)  # fmt: skip
from tests.providers.server import Reply, running
from tests.providers.webhooks import Webhook


@pytest.fixture
def server(settings: Any) -> Iterator[SnsServer]:
    with trusted(), running(SnsServer()) as simulator:
        settings.PROVIDER_ENDPOINTS = {"sns": simulator.url}
        settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
        yield simulator  # type: ignore[misc]


def check(webhook: Webhook, *, topics: tuple[str, ...] = (TOPIC,)) -> None:
    checking.verify_notice(webhook.body, topics=list(topics))


def changed(webhook: Webhook, **fields: Any) -> Webhook:
    return Webhook(json.dumps({**json.loads(webhook.body), **fields}).encode())


@pytest.mark.parametrize("version", ["1", "2"])
def test_what_sns_signed_passes_and_the_certificate_is_fetched_once(server: SnsServer, version: str) -> None:
    for _ in range(3):
        check(sns({"notificationType": "Received"}, version=version))
    check(sns({"a": 1}, version=version), topics=())
    check(sns("confirm", kind="SubscriptionConfirmation", version=version, Token="t", SubscribeURL="https://x.example"))
    assert [one.path for one in server.requests] == [f"/{mail_services.CERTIFICATE}", "/r2m01.cer"]


@pytest.mark.parametrize(
    "fields",
    [
        {"Message": "{}"}, {"TopicArn": TOPIC + "x"}, {"Type": "SubscriptionConfirmation"}, {"Signature": ""},
        {"Signature": "!"}, {"Signature": "AAAA"}, {"SignatureVersion": "2"}, {"SignatureVersion": "3"},
        {"SignatureVersion": None}, {"Subject": "added"}, {"Timestamp": "2020"},
    ],
)  # fmt: skip
def test_a_changed_notice_is_refused(server: SnsServer, fields: dict[str, Any]) -> None:
    with pytest.raises(BadSignature):
        check(changed(sns({"notificationType": "Received"}), **fields), topics=())


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-central-1.amazonaws.com/{}", "https://sns.eu-central-1.amazonaws.com.evil.example/{}",
        "https://evil.example/{}", "https://sns.eu-central-1.amazonaws.com@evil.example/{}",
        "https://evil.example#sns.eu-central-1.amazonaws.com/{}", "https://sns.eu-central-1.amazonaws.com:8443/{}",
        "https://sns.eu-central-1.amazonaws.com/{}?x=1", "https://sns.eu-central-1.amazonaws.com/../{}",
        "https://sns.eu-central-1.amazonaws.com/cert.pem", "https://s3.eu-central-1.amazonaws.com/{}",
        "https://bucket.sns.eu-central-1.amazonaws.com/{}", "https://sns..amazonaws.com/{}", "https://127.0.0.1/{}", "",
        "https://sns.eu-central-1.amazonaws.com:x/{}", "https://[::1/{}",
    ],
)  # fmt: skip
def test_certificates_come_from_nowhere_else(server: SnsServer, url: str) -> None:
    with pytest.raises(BadSignature):
        check(sns({}, certificate=url.format(mail_services.CERTIFICATE)))
    assert server.requests == []


@pytest.mark.parametrize(
    "host", ["sns.eu-central-1.amazonaws.com", "sns.us-gov-west-1.amazonaws.com", "sns.cn-north-1.amazonaws.com.cn"]
)
def test_sns_own_hosts_pass(host: str) -> None:
    assert checking.checked_url(f"https://{host}/{mail_services.CERTIFICATE}")


def test_another_s_key_and_an_old_certificate_are_refused(server: SnsServer) -> None:
    other = rsa.generate_private_key(65537, 2048)
    with pytest.raises(BadSignature):
        check(sns({}, key=other))
    forget()
    key, server.pem = mail_services.signer((-30, -1))
    with pytest.raises(BadSignature):
        check(sns({}, key=key))
    forget()
    server.pem = b"no certificate"
    with pytest.raises(BadSignature):
        check(sns({}))


def pem(signed: Signed) -> bytes:
    return signed[1].public_bytes(Encoding.PEM)


def rogue() -> list[Signed]:
    """A chain as ours, of the same names."""
    top = certified("Test root", authority=True)
    middle = certified("Test authority", top, authority=True)
    return [certified("sns.amazonaws.com", middle), middle, top]


def only(*of: Signed) -> tuple[Signed, bytes]:
    return of[0], b"".join(pem(one) for one in of)


NAME = "sns.amazonaws.com"
# Who signs, and what lies where SNS's certificate should: chains that end at nobody we trust, or say too much.
STRANGERS: dict[str, Callable[[], tuple[Signed, bytes]]] = {
    "an authority nobody trusts": lambda: only(*rogue()),
    "an authority of the same name": lambda: only(rogue()[0]),
    "signed by a certificate that may not": lambda: only(certified(NAME, certified("shop.example", between()))),
    "signed by itself": lambda: only(certified(NAME)),
    "another name": lambda: only(certified("shop.example", between())),
    "an issuer on somebody's host": lambda: only(certified(NAME, between(), issuer="http://evil.example/a.cer")),
    "an issuer inside": lambda: only(certified(NAME, between(), issuer="http://169.254.169.254/r2m01.cer")),
    "too many": lambda: only(*[certified(NAME, between())] * 5),
    "an honest one second": lambda: only(rogue()[0], certified(NAME, between()), between()),
}


@pytest.mark.parametrize("case", list(STRANGERS))
def test_a_chain_that_ends_at_nobody_we_trust_is_refused(server: SnsServer, case: str) -> None:
    (key, _), server.pem = STRANGERS[case]()
    with pytest.raises(BadSignature):
        check(sns({}, key=key))
    assert {one.path for one in server.requests} <= {f"/{mail_services.CERTIFICATE}", "/r2m01.cer"}


def test_a_whole_chain_needs_no_second_question(server: SnsServer) -> None:
    server.pem += pem(between())
    check(sns({}))
    assert len(server.requests) == 1


def test_an_authority_that_cannot_be_asked_now_is_no_forgery(server: SnsServer) -> None:
    server.issuer = b"x" * 20_000
    with pytest.raises(Unverifiable):
        check(sns({}))
    server.issuer = between()[1].public_bytes(Encoding.DER)
    check(sns({}))


def test_a_trust_withdrawn_counts(server: SnsServer) -> None:
    check(sns({}))
    with trusted(certified("Other", authority=True)), pytest.raises(BadSignature):
        check(sns({}))
    check(sns({}))


def test_this_machine_knows_amazon() -> None:
    """What really signs for SNS ends at one of these: the store is the one TLS is judged by."""
    assert any(b"Amazon Root CA 1" in one for one in trusted_authorities())


def test_another_topic_is_refused_though_sns_signed_it(server: SnsServer) -> None:
    with pytest.raises(BadSignature):
        check(sns({}, topic="arn:aws:sns:eu-central-1:999999999999:evil"))
    assert server.requests == [], "it is not worth a certificate"


def test_a_certificate_that_cannot_be_had_now_is_no_forgery(server: SnsServer, settings: Any) -> None:
    server.faults = [Reply(503, b""), "hang up", Reply(200, b"x" * 20_000)]
    for _ in range(3):
        with pytest.raises(Unverifiable):
            check(sns({}))
    check(sns({}))
    settings.PROVIDER_ENDPOINTS = {}
    settings.ALLOWED_NETWORKS = []
    with pytest.raises(Unverifiable):
        checking.certificate_key(CERTIFICATE_URL, HttpClient(timeout=0.2))


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"[" * 100_000, b'{"TopicArn": 7}', b"\xff"])
def test_whatever_else_comes_is_refused(server: SnsServer, body: bytes) -> None:
    with pytest.raises(BadSignature):
        checking.verify_notice(body, topics=[])


@pytest.mark.django_db(transaction=True)
def test_secret_and_signature_are_both_needed(server: SnsServer, settings: Any) -> None:
    settings.CREDENTIALS_KEYS = [KEY]
    values = {"address": "support@shop.example", "login": mail_services.LOGIN, "topics": TOPIC}
    connection = connect(make_house(), "ses", values)
    good = sns({"notificationType": "Received", "content": "From: a@b.example\n\nHello"})
    assert deliver(connection, Webhook(good.body, {}, good.content_type)).status_code == 403
    assert server.requests == [], "who does not know the secret makes us fetch nothing"
    forged = changed(good, Message="{}")
    assert deliver(connection, Webhook(forged.body, good.headers, good.content_type)).status_code == 403
    forget()
    server.faults = [Reply(500, b"")]
    assert deliver(connection, good).status_code == 503
    assert RawDelivery.objects.count() == 0
    assert deliver(connection, good).status_code == 200
    assert RawDelivery.objects.count() == 1
    connection.refresh_from_db()
    assert connection.refused == 2
