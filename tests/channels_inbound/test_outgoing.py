"""A channel's own outgoing servers against real SMTP: signing in, order, pace, and who is told what."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import override_settings
from django.utils import timezone

from channels_inbound.credentials import decrypt, encrypt
from channels_inbound.delivery import MAX_ATTEMPTS, drain_outbound
from channels_inbound.models import DomainPace, OutgoingServer
from channels_inbound.outgoing import actions, pacing
from channels_inbound.outgoing.servers import try_server
from events.models import Event
from helpdesk.runtime.redis import free_port
from people.permissions import PermissionDenied
from tests.people import House, make_house, open_ticket, row_counts
from tests.security.world import signed_in
from tests.support.smtp_sink import SmtpSink
from tickets.actions import reply
from tickets.errors import InvalidInput
from tickets.events import TicketEvent
from tickets.models import Message, OutboxState
from tickets.outbound import AWAITS_TURN

pytestmark = pytest.mark.django_db
TOKEN = "ya29.fresh"
ANN, BEA = "ann@busy.example", "bea@calm.example"


@dataclass
class Server:
    """An SMTP server that wants to know who we are. `said` are the SASL answers it got."""

    port: int
    mails: list[tuple[str, ...]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    connections: int = 0
    refuse: dict[str, str] = field(default_factory=dict)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return answers

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(tuple(str(who) for who in envelope.rcpt_tos))
        return "250 taken"

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        said = base64.b64decode(args[1]).decode()
        self.said.append(said)
        if said == f"user=shop@shop.example\x01auth=Bearer {TOKEN}\x01\x01":
            return AuthResult(success=True, auth_data="shop")
        await server.challenge_auth(json.dumps({"status": "400", "schemes": "Bearer"}))
        return AuthResult(success=False, handled=False)

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        good = (data.login, data.password) == (b"shop@shop.example", b"open sesame")
        return AuthResult(success=good, handled=False)


def run(server: Server, **options: Any) -> Controller:
    controller = Controller(server, hostname="127.0.0.1", port=server.port, ready_timeout=20,
                            authenticator=server.authenticate, auth_require_tls=False, **options)  # fmt: skip
    controller.start()
    return controller


@pytest.fixture
def smtp() -> Iterator[Server]:
    server = Server(free_port())
    controller = run(server)
    yield server
    controller.stop()


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture(autouse=True)
def _local_network() -> Iterator[None]:
    with override_settings(ALLOWED_NETWORKS=["127.0.0.0/8"], EMAIL_URL="", DEMO_MAILBOX=False):
        yield


def values(port: int, **fields: Any) -> dict[str, Any]:
    known = {"host": "127.0.0.1", "port": port, "security": "none", "username": "shop@shop.example", "auth": "password"}
    return known | {"is_active": True, "token_url": "", "client_id": "", "scope": ""} | fields


def add(house: House, port: int, **fields: Any) -> OutgoingServer:
    secret = fields.pop("secret", {"password": "open sesame"})
    return actions.add_server(house.channel, values(port, **fields), secret, by=house.adam)


def send(house: House, **fields: Any) -> Message:
    return reply(open_ticket(house.channel).pk, by=house.olena, text="Hi", undo_seconds=0, **fields)


def drained(message: Message) -> Message:
    drain_outbound()
    message.refresh_from_db()
    return message


def test_mail_leaves_by_the_channels_own_server(house: House, smtp: Server) -> None:
    server = add(house, smtp.port)
    first, second = send(house), send(house)

    drain_outbound()

    assert [m.outbox for m in Message.objects.filter(pk__in=[first.pk, second.pk])] == [OutboxState.SENT] * 2
    assert smtp.mails == [("zoe@customer.example",)] * 2
    assert smtp.connections == 1  # one for both
    server.refresh_from_db()
    assert (server.state, server.failures) == ("ok", 0)
    assert server.last_used_at is not None


def test_a_password_is_kept_encrypted_and_shown_nowhere(
    house: House, smtp: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server = add(house, smtp.port)
    drained(send(house))

    page = signed_in(house.adam).get(f"/channels/{house.channel.pk}/outgoing/{server.pk}/").content.decode()

    assert decrypt(server.secret) == {"password": "open sesame"}
    assert "sesame" not in page + server.secret + caplog.text
    assert "sesame" not in str(list(Event.objects.values_list("data", flat=True)))
    assert list(Event.objects.filter(kind__startswith="outgoing").values_list("kind", flat=True)) == ["outgoing.added"]


def test_a_wrong_password_keeps_the_mail_and_says_why(house: House, smtp: Server) -> None:
    server = add(house, smtp.port, secret={"password": "wrong"})

    message = drained(send(house))

    server.refresh_from_db()
    house.channel.refresh_from_db()
    assert (message.outbox, smtp.mails) == (OutboxState.QUEUED, [])
    assert server.state == "failing"
    assert server.trouble.startswith("535 ")
    assert server.quiet_until is not None
    assert house.channel.health == "failing"
    assert "wrong" not in server.trouble


def test_the_next_server_is_tried_when_the_first_cannot_be_used(house: House, smtp: Server) -> None:
    dead = add(house, free_port())
    add(house, smtp.port)

    assert drained(send(house)).outbox == OutboxState.SENT

    dead.refresh_from_db()
    assert (dead.state, len(smtp.mails)) == ("failing", 1)
    failures = dead.failures
    assert drained(send(house)).outbox == OutboxState.SENT  # passed over without being asked again
    dead.refresh_from_db()
    assert dead.failures == failures


def test_who_is_put_first_is_tried_first_and_a_refusal_does_not_go_to_the_next(house: House, smtp: Server) -> None:
    other = Server(free_port(), refuse={"zoe@customer.example": "550 5.1.1 no such user"})
    controller = run(other)
    try:
        add(house, smtp.port)
        second = add(house, other.port)
        for _ in range(2):
            actions.put_first(second.pk, by=house.adam)
        message = drained(send(house))
    finally:
        controller.stop()

    assert (message.outbox, message.error) == (OutboxState.FAILED, "550 5.1.1 no such user")
    assert smtp.mails == []  # what one server refuses for good is not smuggled past it by another
    assert Event.objects.filter(kind="outgoing.changed").count() == 1


class _Tokens(BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append(form)
        good = "refresh_token=granted" in form
        body = json.dumps({"access_token": TOKEN, "expires_in": 3600} if good else {"error": "invalid_grant"}).encode()
        self.send_response(200 if good else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def tokens() -> Iterator[str]:
    _Tokens.asked = []
    service = HTTPServer(("127.0.0.1", 0), _Tokens)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{service.server_port}/token"
    service.shutdown()
    service.server_close()


def oauth(url: str, token: str) -> dict[str, Any]:
    return {
        "auth": "oauth",
        "token_url": url,
        "client_id": "shop",
        "secret": {"client_secret": "s", "refresh_token": token},
    }


def test_signing_in_by_a_token_that_is_asked_for_once(house: House, smtp: Server, tokens: str) -> None:
    server = add(house, smtp.port, **oauth(tokens, "granted"))

    assert drained(send(house)).outbox == OutboxState.SENT
    assert drained(send(house)).outbox == OutboxState.SENT

    server.refresh_from_db()
    assert len(_Tokens.asked) == 1
    assert decrypt(server.secret)["access_token"] == TOKEN
    assert TOKEN not in server.secret


def test_a_token_that_ran_out_is_replaced(house: House, smtp: Server, tokens: str) -> None:
    server = add(house, smtp.port, **oauth(tokens, "granted"))
    old = decrypt(server.secret) | {
        "access_token": "old",
        "expires_at": (timezone.now() + timedelta(minutes=1)).isoformat(),
    }
    OutgoingServer.objects.filter(pk=server.pk).update(secret=encrypt(old))

    assert drained(send(house)).outbox == OutboxState.SENT
    assert TOKEN in smtp.said[-1]


def test_a_grant_that_was_taken_back_is_named(house: House, smtp: Server, tokens: str) -> None:
    server = add(house, smtp.port, **oauth(tokens, "revoked"))

    assert drained(send(house)).outbox == OutboxState.QUEUED

    server.refresh_from_db()
    assert server.trouble == "the sign-in service refuses a new access token (invalid_grant)"


def test_a_token_the_server_does_not_want_ends_in_words_not_in_hanging(house: House, smtp: Server) -> None:
    secret = {
        "refresh_token": "x",
        "access_token": "bad",
        "expires_at": (timezone.now() + timedelta(hours=1)).isoformat(),
    }
    server = add(house, smtp.port, **(oauth("https://token.example/", "x") | {"secret": secret}))

    assert drained(send(house)).outbox == OutboxState.QUEUED

    server.refresh_from_db()
    assert server.trouble.startswith("535")
    assert "bad" not in server.trouble


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(secret + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("trusted", [True, False])
def test_encrypted_and_only_to_a_certificate_that_is_trusted(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str, trusted: bool
) -> None:
    theirs, ours = certificate(tmp_path, "localhost")
    server = Server(free_port())
    controller = run(server, **({"ssl_context": theirs} if security == "tls" else {"tls_context": theirs}))
    if trusted:
        for module in ("email.send", "email.smtp_socket"):
            monkeypatch.setattr(f"channels_inbound.{module}.tls_context", lambda: ours)
    try:
        added = add(house, server.port, host="localhost", security=security)
        message = drained(send(house))
    finally:
        controller.stop()

    added.refresh_from_db()
    assert message.outbox == (OutboxState.SENT if trusted else OutboxState.QUEUED)
    assert bool(server.mails) == trusted
    assert ("certificate" in added.trouble.lower()) == (not trusted)


def test_starttls_that_is_not_offered_is_not_gone_without(house: House, smtp: Server) -> None:
    server = add(house, smtp.port, security="starttls")

    assert drained(send(house)).outbox == OutboxState.QUEUED

    server.refresh_from_db()
    assert smtp.mails == []
    assert "STARTTLS" in server.trouble


@override_settings(ALLOWED_NETWORKS=[])
def test_our_own_network_is_no_place_for_a_server(house: House, smtp: Server) -> None:
    server = add(house, smtp.port)

    assert drained(send(house)).outbox == OutboxState.QUEUED

    server.refresh_from_db()
    assert (smtp.connections, "private network" in server.trouble) == (0, True)


def test_no_password_goes_out_in_the_clear(house: House, monkeypatch: pytest.MonkeyPatch, smtp: Server) -> None:
    monkeypatch.setattr("channels_inbound.email.send.is_loopback", lambda host: False)

    assert try_server(OutgoingServer(**values(smtp.port)), {"password": "open sesame"}, at=timezone.now()) == (
        "SMTPException: without encryption no password is sent to another machine"
    )


class TestPace:
    def test_too_many_for_one_domain_holds_that_domain_and_no_other(self, house: House, smtp: Server) -> None:
        add(house, smtp.port)
        smtp.refuse = {ANN: "450 4.7.28 unusual rate of mail"}
        message = drained(send(house, to=[BEA], cc=[ANN], confirmed=[ANN, BEA]))

        pace = DomainPace.objects.get(pk="busy.example")
        assert pace.paused_until is not None
        assert smtp.mails == [(BEA,)]
        assert {who: was["state"] for who, was in (message.deliveries or {}).items()} == {
            BEA: "accepted",
            ANN: "waiting",
        }
        assert message.outbox == OutboxState.QUEUED
        assert message.not_before is not None
        assert message.not_before >= pace.paused_until

        smtp.refuse = {}
        later = drained(send(house, to=[ANN], confirmed=[ANN]))
        other = drained(send(house, to=[BEA], confirmed=[BEA]))
        assert (later.outbox, other.outbox) == (OutboxState.QUEUED, OutboxState.SENT)
        assert smtp.mails == [(BEA,), (BEA,)]

    def test_an_ordinary_refusal_for_now_pauses_nobody(self, house: House, smtp: Server) -> None:
        add(house, smtp.port)
        smtp.refuse = {ANN: "451 4.3.0 greylisted, come back"}

        assert drained(send(house, to=[ANN], confirmed=[ANN])).outbox == OutboxState.QUEUED

        assert not DomainPace.objects.filter(paused_until__isnull=False).exists()

    def test_pauses_grow_and_end_when_mail_is_taken(self) -> None:
        at = timezone.now()
        waits = []
        for _ in range(8):
            until = pacing.note_answers({ANN: "421 too many connections"}, at=at)
            assert until is not None
            waits.append((until - at).total_seconds() / 60)
            at = until
        assert waits == [2, 4, 8, 16, 32, 60, 60, 60]

        pacing.note_taken(["busy.example"])
        assert pacing.held_domains(["busy.example"], at=at - timedelta(seconds=1)) == {}

    @override_settings(MAILS_PER_DOMAIN_MINUTE=2)
    def test_a_full_minute_waits_for_the_next(self, house: House, smtp: Server) -> None:
        add(house, smtp.port)
        at = datetime(2026, 3, 2, 10, 0, 30, tzinfo=UTC)

        def take(*domains: str, after: int = 0) -> dict[str, int]:
            """The minutes that they have to wait for."""
            later = pacing.take_turns(domains, at=at + timedelta(minutes=after))
            return {domain: int((turn - at.replace(second=0)).total_seconds() / 60) for domain, turn in later.items()}

        assert [take("busy.example") for _ in range(2)] == [{}, {}]
        assert take("busy.example", "calm.example") == {"busy.example": 1}
        # Nobody overtakes those who wait: turns go on where they ended, and begin anew once all had theirs.
        assert [take("busy.example") for _ in range(3)] == [{"busy.example": minute} for minute in (1, 2, 2)]
        assert take("busy.example", after=1) == {"busy.example": 3}
        assert [take("busy.example", after=3) for _ in range(2)] == [{}, {"busy.example": 4}]
        assert take("busy.example", after=9) == {}

    @override_settings(MAILS_PER_DOMAIN_MINUTE=1)
    def test_waiting_for_a_turn_is_no_try_and_ends_with_the_turn(self, house: House, smtp: Server) -> None:
        add(house, smtp.port)
        assert drained(send(house, to=[ANN], confirmed=[ANN])).outbox == OutboxState.SENT
        message = drained(send(house, to=[ANN], confirmed=[ANN]))
        for _ in range(MAX_ATTEMPTS + 2):  # nobody came to take its turn: it is given another, for as long as it takes
            assert (message.outbox, message.error, message.attempts) == (OutboxState.QUEUED, AWAITS_TURN, 1)
            assert message.not_before is not None
            assert message.not_before > timezone.now()
            message.not_before = timezone.now() - pacing.TURN_LASTS
            message.save(update_fields=["not_before"])
            message = drained(message)
        told = Event.objects.filter(kind=TicketEvent.DELIVERY_DELAYED, data__message=message.pk)
        assert [event.data["error"] for event in told] == [AWAITS_TURN]

        message.not_before = timezone.now() - timedelta(seconds=1)
        message.save(update_fields=["not_before"])
        message = drained(message)
        assert (message.outbox, message.error) == (OutboxState.SENT, "")
        assert smtp.mails == [(ANN,), (ANN,)]

    @pytest.mark.parametrize(("words", "fast"), [
        ("421 4.7.0 [TSS04] Messages temporarily deferred due to unexpected volume", True),
        ("451 4.7.650 The mail server has been temporarily rate limited", True),
        ("450 4.2.1 The user you are trying to contact is receiving mail too fast", True),
        ("452 4.5.3 Too many recipients", True),
        ("451 4.7.1 Greylisting in action", True),
        ("450 4.1.2 Domain not found", False),
        ("550 5.7.1 too many bad mails", False),
        ("ConnectionResetError: 4", False),
    ])  # fmt: skip
    def test_which_words_mean_too_fast(self, words: str, fast: bool) -> None:
        assert pacing.says_too_fast(words) is fast


class TestPages:
    def form(self, port: int, **fields: str) -> dict[str, str]:
        known = {"host": "127.0.0.1", "port": str(port), "security": "none", "username": "shop@shop.example"}
        return known | {"auth": "password", "password": "open sesame", "is_active": "on"} | fields

    def test_add_test_and_remove(self, house: House, smtp: Server) -> None:
        client, base = signed_in(house.adam), f"/channels/{house.channel.pk}/outgoing/"

        tested = client.post(f"{base}new/", self.form(smtp.port) | {"test": "1"}).content.decode()
        assert "The connection works." in tested
        assert "sesame" not in tested
        assert not OutgoingServer.objects.exists()

        wrong = client.post(f"{base}new/", self.form(smtp.port, password="no") | {"test": "1"}).content.decode()
        assert "The server cannot be used:" in wrong

        assert client.post(f"{base}new/", self.form(smtp.port)).status_code == 302
        server = OutgoingServer.objects.get()
        assert f"127.0.0.1:{smtp.port}" in client.get(base).content.decode()

        kept = client.post(f"{base}{server.pk}/", self.form(smtp.port, password="") | {"test": "1"}).content.decode()
        assert "The connection works." in kept
        assert client.post(f"{base}{server.pk}/remove/").status_code == 302
        assert not OutgoingServer.objects.exists()

    def test_the_stored_password_goes_to_no_other_server(self, house: House, smtp: Server) -> None:
        server = add(house, smtp.port)
        other = Server(free_port())
        controller = run(other)
        page = f"/channels/{house.channel.pk}/outgoing/{server.pk}/"
        try:
            for button in ("test", "save"):
                answer = signed_in(house.adam).post(page, self.form(other.port, password="") | {button: "1"})
                assert answer.status_code == 422
        finally:
            controller.stop()

        assert (other.connections, OutgoingServer.objects.get().port) == (0, smtp.port)

    def test_only_admins(self, house: House, smtp: Server) -> None:
        before = row_counts()
        with pytest.raises(PermissionDenied):
            actions.add_server(house.channel, values(smtp.port), {"password": "x"}, by=house.olena)
        assert signed_in(house.olena).get(f"/channels/{house.channel.pk}/outgoing/").status_code == 404
        assert row_counts() == before

    def test_the_same_server_twice_is_refused(self, house: House, smtp: Server) -> None:
        add(house, smtp.port)
        with pytest.raises(InvalidInput):
            add(house, smtp.port)


def test_without_servers_of_its_own_mail_leaves_by_the_house(house: House, smtp_sink: SmtpSink) -> None:
    smtp_sink.fail("rcpt", "550 5.1.1 no", address=ANN)
    smtp_sink.fail("rcpt", "451 4.3.0 later", address=BEA)
    with override_settings(EMAIL_URL=smtp_sink.url, EMAIL_HOST=smtp_sink.host, EMAIL_PORT=smtp_sink.port):
        message = drained(send(house, cc=[ANN, BEA], confirmed=[ANN, BEA]))

        assert smtp_sink.mails[0].rcpt_tos == ("zoe@customer.example",)
        states = {who: was["state"] for who, was in (message.deliveries or {}).items()}
        assert states == {"zoe@customer.example": "accepted", ANN: "refused", BEA: "waiting"}
        Message.objects.filter(pk=message.pk).update(not_before=timezone.now())
        message = drained(message)

    assert [mail.rcpt_tos for mail in smtp_sink.mails] == [("zoe@customer.example",), (BEA,)]
    assert message.outbox == OutboxState.SENT
    assert message.ticket.needs_attention
