"""What can be wrong with a mailbox, against real servers: said in plain words, told apart, never a way to be off."""

from __future__ import annotations

import ssl
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone
from imapclient.exceptions import IMAPClientError, LoginError

from channels_inbound.credentials import decrypt
from channels_inbound.imap.actions import stored_secret
from channels_inbound.imap.troubles import Trouble, trouble_of
from channels_inbound.imap.visit import try_mailbox
from channels_inbound.models import Mailbox, RawDelivery
from helpdesk.runtime.redis import free_port
from people import egress
from tests.channels_inbound.imap.conftest import AddMailbox, numbered, visit
from tests.channels_inbound.imap.hanging import talking_server
from tests.people import House
from tests.support.dovecot import PASSWORD, Account, Dovecot


def tried(account: Account, password: str = PASSWORD, **settings: Any) -> Trouble | int:
    values = {"host": "127.0.0.1", "port": account.server.port, "security": "none", "username": account.name}
    return try_mailbox(Mailbox(**(values | settings)), {"password": password})


class TestConnectionTest:
    def test_says_how_many_mails_are_there_and_touches_none(self, account: Account) -> None:
        account.deliver(*numbered(1, 2))
        assert tried(account) == 2
        assert account.flags() == {1: (), 2: ()}

    def test_wrong_password(self, account: Account) -> None:
        assert tried(account, "wrong") == Trouble("login", "[AUTHENTICATIONFAILED] Authentication failed.")

    def test_a_password_beyond_ascii(self, account: Account) -> None:
        account.server.set_password(account.name, "пароль-ü")
        assert tried(account, "пароль-ü") == 0
        assert tried(account, "пароль").kind == "login"

    def test_no_such_folder(self, account: Account) -> None:
        result = tried(account, folder="Support/Neu")
        assert (result.kind, result.needs_a_person) == ("folder", True)
        assert result.words == "There is no such folder in this mailbox."

    def test_no_such_name(self, account: Account) -> None:
        result = tried(account, host="imap.does-not-exist.invalid")
        assert result == Trouble("dns", "there is no server imap.does-not-exist.invalid (its name has no address)")
        assert not result.needs_a_person

    def test_nothing_listens(self, account: Account) -> None:
        assert tried(account, port=free_port()) == Trouble("connect", "Connection refused")

    @pytest.mark.parametrize("security", ["tls", "starttls"])
    def test_a_certificate_nobody_vouches_for(self, account: Account, dovecot: Dovecot, security: str) -> None:
        port = dovecot.tls_port if security == "tls" else dovecot.port
        result = tried(account, host="localhost", port=port, security=security)
        assert (result.kind, result.detail) == ("certificate", "self-signed certificate")
        assert "password was not sent" in result.words

    @pytest.mark.parametrize("security", ["tls", "starttls"])
    def test_a_certificate_for_another_name(
        self, account: Account, dovecot: Dovecot, security: str, monkeypatch: Any
    ) -> None:
        trust(monkeypatch, dovecot)
        port = dovecot.tls_port if security == "tls" else dovecot.port
        assert tried(account, host="localhost", port=port, security=security) == 0
        result = tried(account, host="127.0.0.1", port=port, security=security)
        assert result.kind == "certificate"
        assert "127.0.0.1" in result.detail

    def test_tls_where_none_is_spoken(self, account: Account) -> None:
        assert tried(account, security="tls").kind == "tls"

    def test_plain_where_tls_is_spoken(self, account: Account, dovecot: Dovecot, monkeypatch: Any) -> None:
        monkeypatch.setattr("channels_inbound.imap.connection.CONNECT_SECONDS", 1.0)
        assert tried(account, port=dovecot.tls_port).kind in ("connect", "lost", "protocol")

    def test_what_is_no_mail_server(self, account: Account) -> None:
        with talking_server(b"HTTP/1.1 400 Bad Request, internal secret\r\n\r\n") as port:
            result = tried(account, port=port)
        assert result.kind == "protocol"

    def test_starttls_that_is_not_offered(self, account: Account, monkeypatch: Any) -> None:
        monkeypatch.setattr("channels_inbound.imap.connection.Client.has_capability", lambda self, name: False)
        assert tried(account, security="starttls") == Trouble("tls", "the server does not offer STARTTLS")

    @pytest.mark.parametrize("host", ["192.0.2.7", "10.0.0.5"])
    def test_no_password_goes_out_unencrypted(self, account: Account, host: str) -> None:
        result = tried(account, host=host)
        assert result == Trouble("address", "without encryption only a server on this machine may be used")

    @override_settings(ALLOWED_NETWORKS=[])
    def test_not_into_our_own_network(self, account: Account) -> None:
        result = tried(account, security="tls")
        assert (result.kind, result.needs_a_person) == ("address", True)


def trust(monkeypatch: Any, server: Dovecot) -> None:
    """As if its certificate came from somebody known."""
    context = ssl.create_default_context(cafile=str(server.home / "cert.pem"))
    monkeypatch.setattr(egress, "tls_context", lambda: context)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_mail_comes_over_an_encrypted_connection(
    add: AddMailbox, account: Account, dovecot: Dovecot, security: str, monkeypatch: Any
) -> None:
    trust(monkeypatch, dovecot)
    account.deliver(*numbered(1))
    port = dovecot.tls_port if security == "tls" else dovecot.port
    visit(add(host="localhost", port=port, security=security))
    assert RawDelivery.objects.count() == 1


@pytest.mark.parametrize(
    ("error", "kind", "needs_a_person"),
    [
        (LoginError("b'[AUTHENTICATIONFAILED] Invalid credentials (Failure)'"), "login", True),
        (LoginError("b'LOGIN failed.'"), "login", True),
        (LoginError("b'[UNAVAILABLE] Temporary authentication failure.'"), "busy", False),
        (LoginError("b'[LIMIT] Too many simultaneous connections. (Failure)'"), "busy", False),
        (LoginError("b'User is authenticated but not connected.'"), "busy", False),
        (LoginError("b'[INUSE] Mailbox in use'"), "busy", False),
        (IMAPClientError("b'[SERVERBUG] Internal error occurred'"), "busy", False),
        (ConnectionResetError(104, "Connection reset by peer"), "lost", False),
        (TimeoutError("timed out"), "connect", False),
        (OSError(101, "Network is unreachable"), "connect", False),
        (ValueError("what is this"), "protocol", False),
    ],
)
def test_passing_troubles_are_told_from_lasting_ones(error: Exception, kind: str, needs_a_person: bool) -> None:
    trouble = trouble_of(error)
    assert (trouble.kind, trouble.needs_a_person) == (kind, needs_a_person)
    assert not trouble.detail.startswith("b'")


def test_no_secret_in_what_is_told() -> None:
    trouble = trouble_of(LoginError("no user zoe with hunter2hunter2\x1b[31m"), hide=("hunter2hunter2", ""))
    assert trouble.detail == "no user zoe with ***[31m"


class TestOauth:
    @pytest.fixture
    def secret(self, account: Account) -> dict[str, str]:
        account.server.sign_in.account = account.name
        return {"client_secret": "the-client-secret", "refresh_token": "the-refresh-token"}

    @pytest.fixture
    def settings(self, account: Account) -> dict[str, Any]:
        return {"auth": "oauth", "token_url": account.server.sign_in.url, "client_id": "our-id", "scope": "mail"}

    def test_a_token_is_asked_for_kept_and_used_again(
        self, add: AddMailbox, account: Account, secret: dict[str, str], settings: dict[str, Any]
    ) -> None:
        mailbox = add(secret, **settings)
        account.deliver(*numbered(1))
        assert visit(mailbox).state == "ok"
        account.deliver(*numbered(2))
        visit(mailbox)
        assert RawDelivery.objects.count() == 2
        assert account.server.sign_in.asked == [
            {"client_id": "our-id", "client_secret": "the-client-secret", "grant_type": "refresh_token",
             "refresh_token": "the-refresh-token", "scope": "mail"}
        ]  # fmt: skip

    def test_one_that_ends_soon_is_replaced_and_a_new_refresh_token_kept(
        self, add: AddMailbox, account: Account, secret: dict[str, str], settings: dict[str, Any]
    ) -> None:
        account.server.sign_in.new_refresh_token = "the-next-refresh-token"
        ends = (timezone.now() + timedelta(minutes=2)).isoformat()
        mailbox = add(secret | {"access_token": "old", "expires_at": ends}, **settings)
        assert visit(mailbox).state == "ok"
        kept = stored_secret(mailbox)
        assert kept["refresh_token"] == "the-next-refresh-token"
        assert kept["access_token"] != "old"
        assert kept["client_secret"] == "the-client-secret"

    def test_one_taken_back_early_is_replaced_in_the_same_visit(
        self, add: AddMailbox, account: Account, secret: dict[str, str], settings: dict[str, Any]
    ) -> None:
        ends = (timezone.now() + timedelta(hours=1)).isoformat()
        mailbox = add(secret | {"access_token": "taken-back", "expires_at": ends}, **settings)
        account.deliver(*numbered(1))
        assert visit(mailbox).state == "ok"
        assert (RawDelivery.objects.count(), len(account.server.sign_in.asked)) == (1, 1)

    def test_without_a_refresh_token_it_asks_in_its_own_name(
        self, add: AddMailbox, account: Account, secret: dict[str, str], settings: dict[str, Any]
    ) -> None:
        visit(add({"client_secret": "the-client-secret"}, **settings))
        assert account.server.sign_in.asked[0]["grant_type"] == "client_credentials"

    @pytest.mark.parametrize(
        ("answer", "state", "trouble", "detail"),
        [
            ((400, {"error": "invalid_grant", "error_description": "x"}), "refused", "token", "invalid_grant"),
            ((401, {"error": "invalid_client"}), "refused", "token", "invalid_client"),
            ((503, {}), "retrying", "busy", "HTTP 503"),
            ((200, {"nothing": 1}), "retrying", "busy", "the sign-in service answered without an access token"),
            ((400, {"error": "<script>"}), "refused", "token", "HTTP 400"),
        ],
    )
    def test_a_service_that_gives_none(
        self, add: AddMailbox, account: Account, secret: dict[str, str], settings: dict[str, Any],
        answer: tuple[int, dict[str, Any]], state: str, trouble: str, detail: str,
    ) -> None:  # fmt: skip
        account.server.sign_in.answer = answer
        mailbox = visit(add(secret, **settings))
        assert (mailbox.state, mailbox.trouble, mailbox.trouble_detail) == (state, trouble, detail)

    def test_a_service_in_our_own_network_is_not_asked(
        self, add: AddMailbox, account: Account, secret: dict[str, str], settings: dict[str, Any]
    ) -> None:
        mailbox = add(secret, **(settings | {"token_url": "http://169.254.169.254/latest/meta-data/"}))
        assert visit(mailbox).trouble == "token"
        mailbox = add(secret, folder="B", **(settings | {"token_url": "https://169.254.169.254/latest/meta-data/"}))
        assert visit(mailbox).trouble == "address"


def test_a_lost_key_is_said_and_nothing_is_tried(add: AddMailbox, account: Account, house: House) -> None:
    from cryptography.fernet import Fernet

    mailbox = add()
    with override_settings(CREDENTIALS_KEYS=[Fernet.generate_key().decode()]):
        visit(mailbox)
    assert (mailbox.state, mailbox.trouble) == ("refused", "secret")
    assert "HELPDESK_CREDENTIALS_KEYS" in mailbox.trouble_detail
    assert visit(mailbox).state == "ok"
    assert decrypt(mailbox.secret) == {"password": PASSWORD}
