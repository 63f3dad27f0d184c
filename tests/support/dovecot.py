"""A real Dovecot of its own. Where there is none its tests are not run, and that is said loudly."""

from __future__ import annotations

import contextlib
import grp
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from helpdesk.runtime.redis import free_port
from tests.support import workers

PASSWORD = "s3cret-of-the-mailbox"
NAMES = ("dovecot", "/usr/sbin/dovecot", "/usr/local/sbin/dovecot")

CONFIG = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
mail_uid = {user}
mail_gid = {group}
mail_location = maildir:{home}/mail/%u
mail_max_userip_connections = 100
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
verbose_proctitle = yes
auth_failure_delay = 0
auth_cache_size = 0
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
  mechanisms = plain login
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {home}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail/%u
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""


def dovecot_path() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Dovecot:
    """One server with one account a mailbox, as an unprivileged user, its mail in a folder of its own."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.port, self.tls_port = free_port(), free_port()
        self.sign_in = SignInService()
        self.process: subprocess.Popen[bytes] | None = None
        # Dovecot does not keep mail for root.
        self.user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._write_config()

    def _write_config(self) -> None:
        entry = pwd.getpwnam(self.user)
        group = grp.getgrgid(entry.pw_gid).gr_name
        for folder in ("run", "mail"):
            (self.home / folder).mkdir()
        facts = {"home": self.home, "user": self.user, "group": group, "port": self.port, "tls_port": self.tls_port}
        (self.home / "dovecot.conf").write_text(CONFIG.format(**facts))
        # All at once, for Dovecot reads this file again only in the next second.
        self.free = [f"box{uuid.uuid4().hex[:8]}" for _ in range(500)]
        (self.home / "users").write_text("".join(f"{name}:{PASSWORD}\n" for name in self.free))
        (self.home / "oauth2.conf").write_text(
            f"introspection_url = http://127.0.0.1:{self.sign_in.port}/introspect?token=\n"
            "introspection_mode = get\nusername_attribute = email\nactive_attribute = active\nactive_value = true\n"
        )
        write_certificate(self.home)
        self._give_away()

    def _give_away(self) -> None:
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", self.user, str(self.home)], check=True)

    def start(self) -> None:
        path = dovecot_path()
        assert path
        self.process = subprocess.Popen(
            [path, "-F", "-c", str(self.home / "dovecot.conf")], user=self.user if os.geteuid() == 0 else None,
            group=pwd.getpwnam(self.user).pw_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as s:
                if s.recv(4) == b"* OK":
                    return
            assert self.process.poll() is None, (self.home / "dovecot.log").read_text()
            time.sleep(0.05)
        raise AssertionError((self.home / "dovecot.log").read_text())

    def kill(self) -> None:
        """All of it, at once, as a power cut would."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        self.kill()
        self.sign_in.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def account(self) -> Account:
        """A fresh account with an empty INBOX."""
        return Account(self, self.free.pop())

    def set_password(self, name: str, password: str) -> None:
        lines = [line for line in (self.home / "users").read_text().splitlines() if not line.startswith(f"{name}:")]
        (self.home / "users").write_text("\n".join([*lines, f"{name}:{password}", ""]))
        time.sleep(1.1)


class Account:
    """One mailbox as its files lie there."""

    def __init__(self, server: Dovecot, name: str) -> None:
        self.server = server
        self.name = name
        self.number = 0

    @property
    def folder(self) -> Path:
        return self.server.home / "mail" / self.name

    def deliver(self, *mails: bytes, at: float | None = None) -> None:
        """Put mails there as a mail server would: written apart, then moved in."""
        for part in ("tmp", "new", "cur"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        for content in mails:
            self.number += 1
            name = f"{int(at or time.time())}.M{self.number}P{uuid.uuid4().hex}.host"
            path = self.folder / "tmp" / name
            path.write_bytes(content)
            if at:
                os.utime(path, (at, at))
            if os.geteuid() == 0:
                os.chown(path, pwd.getpwnam(self.server.user).pw_uid, -1)
                for folder in (self.folder, *(self.folder / part for part in ("tmp", "new", "cur"))):
                    os.chown(folder, pwd.getpwnam(self.server.user).pw_uid, -1)
            path.rename(self.folder / "new" / name)

    def renumber(self) -> None:
        """Lose the numbers: the next look finds another UIDVALIDITY, and UIDs from 1 again."""
        self.disconnect()
        for path in self.folder.glob("dovecot*"):
            path.unlink(missing_ok=True)

    def disconnect(self) -> None:
        """End the sessions of this account."""
        assert self.server.process
        for child in psutil.Process(self.server.process.pid).children():
            with contextlib.suppress(psutil.Error):
                if self.name in " ".join(child.cmdline()):
                    child.kill()

    @contextlib.contextmanager
    def client(self, folder: str = "INBOX") -> Iterator[Any]:
        from imapclient import IMAPClient

        with IMAPClient("127.0.0.1", self.server.port, ssl=False) as client:
            client.login(self.name, PASSWORD)
            client.select_folder(folder)
            yield client

    def flags(self, folder: str = "INBOX") -> dict[int, tuple[bytes, ...]]:
        with self.client(folder) as client:
            uids = client.search("ALL")
            return {uid: tuple(f for f in flags if f != b"\\Recent") for uid, flags in client.get_flags(uids).items()}


class SignInService:
    """Gives out access tokens and tells Dovecot whose they are."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self.asked: list[dict[str, str]] = []
        self.answer: tuple[int, dict[str, Any]] | None = None
        self.account = ""
        self.new_refresh_token = ""
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                token = parse_qs(urlsplit(self.path).query).get("token", [""])[0]
                name = service.tokens.get(token)
                self._say(200, {"active": "true", "email": name} if name else {"active": "false"})

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                service.asked.append({key: values[0] for key, values in form.items()})
                self._say(*(service.answer or (200, service.grant())))

            def _say(self, status: int, body: dict[str, Any]) -> None:
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    def grant(self) -> dict[str, Any]:
        token = f"ya29.{uuid.uuid4().hex}"
        self.tokens[token] = self.account
        answer: dict[str, Any] = {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}
        return answer | ({"refresh_token": self.new_refresh_token} if self.new_refresh_token else {})

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def write_certificate(home: Path) -> None:
    """One that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (home / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (home / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[Dovecot]:
    server = Dovecot()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def dovecot(dovecot_server: Dovecot) -> Dovecot:
    """The running server, started again if a test killed it."""
    if dovecot_server.process is None or dovecot_server.process.poll() is not None:
        dovecot_server.start()
    dovecot_server.sign_in.answer, dovecot_server.sign_in.new_refresh_token = None, ""
    dovecot_server.sign_in.asked.clear()
    return dovecot_server


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a Dovecot none of the tests that need one runs."""
    if dovecot_path():
        return
    left_out = [item for item in items if "dovecot_server" in getattr(item, "fixturenames", ())]
    if left_out and os.environ.get("HELPDESK_REQUIRE_DOVECOT"):
        raise pytest.UsageError("HELPDESK_REQUIRE_DOVECOT is set and no Dovecot was found.")
    items[:] = [item for item in items if item not in left_out]
    workers.note_left_out(config, "dovecot", len(left_out))
