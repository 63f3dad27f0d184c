"""Hosts that somebody typed: none of them leads into our own network (threat 29)."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from django.test import override_settings

from people import egress
from people.egress import AddressRefused, EgressError, NameNotFound, checked_addresses, connect

MAIL = frozenset({993})


@pytest.fixture(autouse=True)
def no_networks() -> Any:
    with override_settings(ALLOWED_NETWORKS=[]):
        yield


@pytest.fixture
def names(monkeypatch: Any) -> dict[str, list[str]]:
    """Names and their addresses; any other name is looked up for real."""
    known: dict[str, list[str]] = {}
    original = socket.getaddrinfo

    def look(host: str, *arguments: Any, **named: Any) -> Any:
        if host in known:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in known[host]]
        return original(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return known


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "localhost", "localhost.", "0.0.0.0", "0",
        "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.2.1",
        "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1",
        "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "fec0::1", "64:ff9b:1:7f00:0:100:808:808", "3fff::1", "192.0.0.9",
    ],
)  # fmt: skip
def test_private_addresses_in_every_spelling(host: str) -> None:
    with pytest.raises(EgressError):
        checked_addresses(host, 993, ports=MAIL)


@pytest.mark.parametrize(
    "host",
    ["", " ", "a b", "user@imap.example.com", "imap.example.com/path", "[::1]", "imap.example.com:993", "-x.example",
     "a..b", "x" * 300, "a\r\nb", "a\x00b", "http://imap.example.com", "imap.example.com#", "юa\u202eb"],
)  # fmt: skip
def test_what_is_no_name_of_a_server(host: str) -> None:
    with pytest.raises(NameNotFound):
        checked_addresses(host, 993, ports=MAIL)


def test_public_ones_pass(names: dict[str, list[str]]) -> None:
    names["imap.example.com"] = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]
    assert [str(a) for a in checked_addresses("imap.example.com", 993, ports=MAIL)] == names["imap.example.com"]
    assert [str(a) for a in checked_addresses("64:ff9b::808:808", 993, ports=MAIL)] == ["64:ff9b::808:808"]


def test_one_private_address_among_several_is_one_too_many(names: dict[str, list[str]]) -> None:
    names["imap.example.com"] = ["93.184.216.34", "10.0.0.1"]
    with pytest.raises(AddressRefused, match="private network"):
        checked_addresses("imap.example.com", 993, ports=MAIL)


def test_only_the_ports_of_that_kind_of_server(names: dict[str, list[str]]) -> None:
    names["imap.example.com"] = ["93.184.216.34"]
    with pytest.raises(AddressRefused, match="port 6379"):
        checked_addresses("imap.example.com", 6379, ports=MAIL)


def test_the_connection_goes_to_the_address_that_was_judged(names: dict[str, list[str]], monkeypatch: Any) -> None:
    """A name that is public at the look and private at the call (DNS rebinding) is looked up only once."""
    names["imap.example.com"] = ["93.184.216.34"]
    called = []

    def create(address: tuple[str, int], timeout: float) -> Any:
        names["imap.example.com"] = ["127.0.0.1"]
        called.append(address)
        raise OSError("no way out of here")

    monkeypatch.setattr(egress.socket, "create_connection", create)
    with pytest.raises(OSError, match="no way out"):
        connect("imap.example.com", 993, timeout=1, ports=MAIL)
    assert called == [("93.184.216.34", 993)]


@override_settings(ALLOWED_NETWORKS=["10.1.0.0/16", "::1/128"])
def test_what_the_operator_allows() -> None:
    assert checked_addresses("10.1.2.3", 1143, ports=MAIL)
    assert checked_addresses("::ffff:10.1.2.3", 993, ports=MAIL)
    assert checked_addresses("::1", 993, ports=MAIL)
    for host in ("10.2.0.1", "127.0.0.1", "169.254.169.254"):
        with pytest.raises(AddressRefused):
            checked_addresses(host, 993, ports=MAIL)


def test_only_this_machine_is_this_machine(names: dict[str, list[str]]) -> None:
    names["split.example"] = ["127.0.0.1", "93.184.216.34"]
    assert [egress.is_loopback(h) for h in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "localhost")] == [True] * 4
    assert [egress.is_loopback(h) for h in ("10.0.0.1", "split.example")] == [False] * 2
    with pytest.raises(NameNotFound):
        egress.is_loopback("no.such.invalid")
