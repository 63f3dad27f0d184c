"""Signatures that another library finds good, of a key that only DNS and the admin's word bring into use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import dkim
import pytest
from cryptography.fernet import Fernet
from django.test import override_settings
from django.utils.html import escape

from channels_inbound.credentials import decrypt, encrypt, rotate_credentials
from channels_inbound.delivery import drain_outbound
from channels_inbound.email.dkim_sign import ONCE, SigningKey, new_private_key, public_part, record_of, signed
from channels_inbound.email.parse import parse_email
from channels_inbound.models import DkimKey, OutgoingServer
from channels_inbound.outgoing import keys
from channels_inbound.outgoing.dns import DnsUnreachable, Resolver
from channels_inbound.outgoing.keys import Published
from channels_inbound.outgoing.sender_check import check_sender
from channels_inbound.pages import sender_check
from events.models import Event
from people.permissions import PermissionDenied
from tests.channels_inbound.replies import PDF, composed
from tests.people import NOW, House, make_house, open_ticket, row_counts
from tests.security.world import signed_in
from tests.support.smtp_sink import SmtpSink
from tickets.actions import reply
from tickets.errors import InvalidInput, NotFound
from tickets.inbound import Address
from tickets.models import Channel, Message, OutboxState

PRIVATE = new_private_key()
KEY = SigningKey("shop.example", "s1", PRIVATE)
NAME = "s1._domainkey.shop.example"


def good(content: bytes, records: dict[str, str] | None = None) -> bool:
    """What a receiver finds who looks the key up."""
    zone = {NAME: record_of(PRIVATE)} if records is None else records

    def txt(name: bytes, timeout: int = 5) -> bytes | None:
        record = zone.get(name.decode().rstrip("."))
        return record.encode() if record else None

    try:
        return bool(dkim.DKIM(content).verify(dnsfunc=txt))
    except dkim.DKIMException:
        return False


@pytest.mark.parametrize("fields", [
    {},
    {"subject": "Re: Де моє замовлення? " * 9, "agent_name": "Олена Коваль"},
    {"text": "рядок \n\n  ще один\t\n" * 50 + "\n\n\n", "attachments": (PDF,)},
    {"to": (Address("", "зоя@customer.example"),)},
    {"text": "", "quoted": None},
    {"unsubscribe_url": "https://desk.example/unsubscribe/1-survey." + "x" * 43 + "/"},
])  # fmt: skip
def test_a_receiver_finds_it_good(fields: dict[str, object]) -> None:
    mail = composed(**fields)
    assert good(signed(mail.content, KEY))
    assert not good(mail.content)


@pytest.mark.parametrize("change", [
    lambda mail: mail.replace(b"left this", b"came this"),
    lambda mail: mail.replace(b"Subject: Re:", b"Subject: No:"),
    lambda mail: mail.replace(b"zoe@customer", b"eve@customer"),
    lambda mail: mail.replace(b"In-Reply-To: <first", b"In-Reply-To: <other"),
    lambda mail: mail.replace(b"References: <first", b"References: <other"),
    lambda mail: mail.replace(b'boundary="', b'boundary="x'),
    lambda mail: mail.replace(b"Message-ID: <a", b"Message-ID: <b"),
    lambda mail: re.sub(rb"Date: \w+,", b"Date: Sun,", mail),
    lambda mail: mail.replace(b"List-Unsubscribe: <https", b"List-Unsubscribe: <http"),
    lambda mail: mail.replace(b"One-Click", b"Two-Click"),
])  # fmt: skip
def test_no_part_can_be_changed(change: Callable[[bytes], bytes]) -> None:
    mail = signed(composed(unsubscribe_url="https://desk.example/u/").content, KEY)
    changed = change(mail)
    assert changed != mail
    assert good(mail)
    assert not good(changed)


@pytest.mark.parametrize("name", ONCE)
def test_no_second_header_can_be_put_before_the_signed_one(name: str) -> None:
    mail = signed(composed().content, KEY)
    assert not good(f"{name}: eve@evil.example\r\n".encode() + mail)


def test_servers_on_the_way_may_fold_and_add() -> None:
    mail = signed(composed(subject="One two three").content, KEY)
    folded = mail.replace(b"Subject: One two three", b"Subject:   One\r\n\ttwo   three")
    assert folded != mail
    assert good(b"Received: from a by b; Mon, 2 Mar 2026 10:00:00 +0000\r\n" + folded)


def test_of_another_key_it_is_not() -> None:
    mail = signed(composed().content, KEY)
    assert not good(mail, {NAME: record_of(new_private_key())})
    assert not good(mail, {NAME: "v=DKIM1; k=rsa; p="})
    assert not good(mail, {})


@pytest.mark.parametrize(("record", "part"), [
    ("v=DKIM1; k=rsa; p=AB CD", "ABCD"), ("p=ABCD", "ABCD"), ("v=DKIM1;p=", ""), ("v=spf1 -all", None),
    ("v=DKIM2; p=AB", None), ("", None), ("V = DKIM1 ; P = AB", "AB"),
])  # fmt: skip
def test_records_are_read_as_receivers_do(record: str, part: str | None) -> None:
    assert public_part(record) == part


# From here on with rows.


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def dns_with(*published: DkimKey, **other: str) -> Callable[[str, str], list[str]]:
    zone = {key.name: key.record for key in published} | other
    return lambda name, kind: [zone[name]] if name in zone else []


def unreachable(name: str, kind: str) -> list[str]:
    raise DnsUnreachable("none")


def said(house: House) -> list[tuple[str, dict[str, object]]]:
    stream = Event.objects.filter(stream_type="channel", stream_id=house.channel.pk).order_by("sequence")
    return list(stream.values_list("kind", "data"))


def made(house: House, *, signs: bool = True) -> DkimKey:
    key = keys.add_key(house.channel, by=house.adam, at=NOW)
    return keys.start_signing(house.channel, key.pk, by=house.adam, lookup=dns_with(key), at=NOW) if signs else key


def test_a_key_waits_until_it_is_published(house: House) -> None:
    key = made(house, signs=False)
    assert (key.domain, key.selector, key.signs_since) == ("shop.example", "desk20260302090000", None)
    assert key.record == record_of(decrypt(key.secret)["private_key"])
    assert "PRIVATE" not in key.secret
    assert keys.signing_key("shop.example") is None
    before = row_counts()
    for lookup in (dns_with(), dns_with(**{key.name: record_of(new_private_key())}), dns_with(**{key.name: "p="})):
        with pytest.raises(InvalidInput):
            keys.start_signing(house.channel, key.pk, by=house.adam, lookup=lookup)
    assert keys.add_key(house.channel, by=house.adam) == key
    assert row_counts() == before

    keys.start_signing(house.channel, key.pk, by=house.adam, lookup=dns_with(key), at=NOW)
    once = row_counts()
    keys.start_signing(house.channel, key.pk, by=house.adam, lookup=dns_with(key), at=NOW)
    assert row_counts() == once
    which = {"key": key.pk, "domain": "shop.example", "selector": key.selector}
    assert said(house) == [("dkim.added", which), ("dkim.started", which | {"instead_of": [], "dns": "ours"})]


@pytest.mark.parametrize("lookup", [None, unreachable])
def test_where_dns_cannot_be_asked_the_admin_is_believed(house: House, lookup: object) -> None:
    key = made(house, signs=False)
    keys.start_signing(house.channel, key.pk, by=house.adam, lookup=lookup, at=NOW)  # type: ignore[arg-type]
    assert keys.signing_key("shop.example") is not None


def test_a_new_key_takes_the_place_of_the_old(house: House) -> None:
    old = made(house)
    new = keys.add_key(house.other_channel, by=house.adam, at=NOW + timedelta(days=1))
    assert (found := keys.signing_key("shop.example")) is not None
    assert found.selector == old.selector
    keys.start_signing(house.other_channel, new.pk, by=house.adam, lookup=dns_with(new), at=NOW)
    assert [key.selector for key in keys.keys_of("shop.example")] == [new.selector]
    keys.remove_key(house.channel, new.pk, by=house.adam, at=NOW)
    assert keys.signing_key("shop.example") is None
    assert said(house)[-1][0] == "dkim.removed"


def test_nobody_else_may(house: House) -> None:
    key = made(house)
    abroad = Channel.objects.create(name="Abroad", address="support@abroad.example")
    before = row_counts()
    for who in (house.olena, house.vera):
        with pytest.raises(PermissionDenied):
            keys.add_key(house.channel, by=who)
        with pytest.raises(PermissionDenied):
            keys.start_signing(house.channel, key.pk, by=who, lookup=None)
        with pytest.raises(PermissionDenied):
            keys.remove_key(house.channel, key.pk, by=who)
        assert signed_in(who).post(f"/channels/{house.channel.pk}/keys/{key.pk}/start/").status_code == 404
    with pytest.raises(NotFound):
        keys.remove_key(abroad, key.pk, by=house.adam)
    assert row_counts() == before


@pytest.fixture
def sink(smtp_sink: SmtpSink) -> Iterator[SmtpSink]:
    """Where all mail of the house goes."""
    with override_settings(EMAIL_URL=smtp_sink.url, EMAIL_HOST=smtp_sink.host, EMAIL_PORT=smtp_sink.port):
        yield smtp_sink


def test_what_leaves_is_signed(house: House, sink: SmtpSink) -> None:
    key = made(house)
    reply(open_ticket(house.channel).pk, by=house.olena, text="It left.", undo_seconds=0)
    drain_outbound()
    (mail,) = sink.mails
    assert good(mail.content, {key.name: key.record})
    assert parse_email(mail.content).text.startswith("It left.")


def test_a_key_nobody_can_open_holds_mail_back(house: House, sink: SmtpSink) -> None:
    made(house)
    answer = reply(open_ticket(house.channel).pk, by=house.olena, text="It left.", undo_seconds=0)
    with override_settings(CREDENTIALS_KEYS=[Fernet.generate_key().decode()]):
        drain_outbound()
    answer.refresh_from_db()
    assert (sink.mails, answer.outbox) == ([], OutboxState.QUEUED)
    assert "None of the keys" in answer.error
    Message.objects.update(not_before=NOW)
    drain_outbound()
    assert len(sink.mails) == 1


def test_keys_are_encrypted_anew_with_the_others(house: House) -> None:
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    with override_settings(CREDENTIALS_KEYS=[first]):
        DkimKey.objects.create(domain="x.example", selector="s", record="", secret=encrypt({"private_key": "k"}))
    with override_settings(CREDENTIALS_KEYS=[second, first]):
        assert rotate_credentials() == (1, 0)
    with override_settings(CREDENTIALS_KEYS=[second]):
        assert decrypt(DkimKey.objects.get().secret) == {"private_key": "k"}


@pytest.mark.parametrize(("signs", "zone", "state", "shown"), [
    (False, Published.MISSING, "warn", True),
    (False, Published.OURS, "warn", False),
    (True, Published.OURS, "good", False),
    (True, Published.MISSING, "bad", True),
    (True, Published.OTHER, "bad", True),
])  # fmt: skip
def test_the_sender_check_knows_our_key(house: House, signs: bool, zone: Published, state: str, shown: bool) -> None:
    key = made(house, signs=signs)
    records = {Published.MISSING: {}, Published.OURS: {key.name: key.record}, Published.OTHER: {key.name: "p=AAAA"}}
    found = check_sender("shop.example", [], dns_with(**records[zone]), [key])
    (dkim_finding,) = [finding for finding in found if finding.topic == "DKIM"]
    assert (dkim_finding.state, bool(dkim_finding.value)) == (state, shown)


def test_the_page_makes_shows_and_starts_a_key(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    OutgoingServer.objects.create(channel=house.channel, host="smtp.gmail.com")
    client, page = signed_in(house.adam), f"/channels/{house.channel.pk}/sender-check/"
    monkeypatch.setattr(sender_check, "Resolver", lambda: dns_with())
    assert "Make a key" in client.get(page).content.decode()
    client.post(f"/channels/{house.channel.pk}/keys/new/")
    key = DkimKey.objects.get()
    body = client.get(page).content.decode()
    assert escape(key.record) in body
    assert key.name in body
    assert "Make a key" not in body
    start = f"/channels/{house.channel.pk}/keys/{key.pk}/start/"
    assert "DNS does not show this record yet" in client.post(start, follow=True).content.decode()
    monkeypatch.setattr(sender_check, "Resolver", lambda: dns_with(key))
    assert "Outgoing mail is signed" in client.post(start, follow=True).content.decode()

    def none() -> Resolver:
        raise DnsUnreachable("none")

    monkeypatch.setattr(sender_check, "Resolver", none)
    assert key.name in client.get(page).content.decode()
