"""SPF, DKIM and DMARC in plain sentences, asked of a real name server, and honest when none answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from channels_inbound.models import OutgoingServer
from channels_inbound.outgoing.dns import DnsUnreachable, Resolver
from channels_inbound.outgoing.sender_check import check_sender
from channels_inbound.pages import sender_check
from tests.people import House, make_house, row_counts
from tests.security.world import signed_in

SPF = '"v=spf1 include:_spf.google.com ~all"'
DMARC = '"v=DMARC1; p=reject; rua=mailto:d@shop.example"'
KEY = '"v=DKIM1; k=rsa; " "p=MIIBIjANBg"'
GOOD = {
    ("shop.example", "TXT"): [SPF],
    ("google._domainkey.shop.example", "TXT"): [KEY],
    ("_dmarc.shop.example", "TXT"): [DMARC],
}
Zone = Mapping[tuple[str, str], list[str]]


class NameServer:
    """Answers from a zone over UDP; says nothing at all when `silent`, and fails when `broken`."""

    def __init__(self, zone: Zone, *, silent: bool = False, broken: bool = False) -> None:
        self.zone, self.silent, self.broken = zone, silent, broken
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def resolver(self) -> Resolver:
        inner = dns.resolver.Resolver(configure=False)
        inner.nameservers, inner.port = ["127.0.0.1"], self.socket.getsockname()[1]
        return Resolver(inner)

    def _serve(self) -> None:
        while True:
            try:
                data, client = self.socket.recvfrom(4096)
            except OSError:
                return
            if self.silent:
                continue
            asked = dns.message.from_wire(data)
            answer = dns.message.make_response(asked)
            question = asked.question[0]
            name, kind = question.name.to_text().rstrip("."), dns.rdatatype.to_text(question.rdtype)
            if self.broken:
                answer.set_rcode(dns.rcode.SERVFAIL)
            elif rows := self.zone.get((name, kind)):
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *rows))
            else:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self.socket.sendto(answer.to_wire(), client)


@pytest.fixture
def serve() -> Iterator[object]:
    servers: list[NameServer] = []

    def start(zone: Zone, **how: bool) -> Resolver:
        servers.append(NameServer(zone, **how))
        return servers[-1].resolver()

    yield start
    for server in servers:
        server.socket.close()


def states(zone: Zone, serve: object, hosts: tuple[str, ...] = ("smtp.gmail.com",)) -> dict[str, str]:
    return {f.topic: f.state for f in check_sender("shop.example", hosts, serve(zone))}  # type: ignore[operator]


def test_all_in_order(serve: object) -> None:
    assert states(GOOD, serve) == {"SPF": "good", "DKIM": "good", "DMARC": "good"}


def test_nothing_there_says_what_to_add(serve: object) -> None:
    spf, dkim, dmarc = check_sender("shop.example", ["smtp.office365.com", "mx.shop.example"], serve({}))  # type: ignore[operator]

    assert (spf.state, spf.name) == ("bad", "shop.example")
    assert spf.value == "v=spf1 include:spf.protection.outlook.com a:mx.shop.example ~all"
    assert (dkim.state, dkim.value) == ("unknown", "")
    assert (dmarc.state, dmarc.name) == ("bad", "_dmarc.shop.example")
    assert dmarc.value == "v=DMARC1; p=none; rua=mailto:postmaster@shop.example"


@pytest.mark.parametrize(("records", "state", "value"), [
    ([SPF], "good", ""),
    (['"google-site-verification=x"', SPF], "good", ""),
    ([SPF, '"v=spf1 -all"'], "bad", ""),
    (['"v=spf1 mx +all"'], "bad", "v=spf1 mx ~all"),
    (['"v=spf1 mx -all"'], "warn", "v=spf1 include:_spf.google.com mx -all"),
    (['"v=spf1 redirect=_spf.google.com"'], "good", ""),
    (['"v=spf1 ' + " ".join(f"include:s{n}.example" for n in range(11)) + ' -all"'], "bad", ""),
    (['"v=spf10 -all"'], "bad", "v=spf1 include:_spf.google.com ~all"),
])  # fmt: skip
def test_spf(serve: object, records: list[str], state: str, value: str) -> None:
    spf = check_sender("shop.example", ["smtp.gmail.com"], serve({("shop.example", "TXT"): records}))[0]  # type: ignore[operator]

    assert (spf.state, spf.value) == (state, value)


def test_a_server_named_by_its_address_is_named(serve: object) -> None:
    zone = {("shop.example", "TXT"): ['"v=spf1 ip4:192.0.2.7 -all"'], ("mx.shop.example", "A"): ["192.0.2.7"]}
    assert states(zone, serve, ("mx.shop.example",))["SPF"] == "good"
    assert states(zone, serve, ("other.shop.example",))["SPF"] == "warn"


@pytest.mark.parametrize(("records", "state"), [
    ([DMARC], "good"),
    (['"v=DMARC1;p=none"'], "warn"),
    (['"v=DMARC1; sp=reject"'], "bad"),
    ([DMARC, DMARC.replace("reject", "none")], "bad"),
    (['"v=DMARC10; p=reject"'], "bad"),
])  # fmt: skip
def test_dmarc(serve: object, records: list[str], state: str) -> None:
    assert states({("_dmarc.shop.example", "TXT"): records}, serve)["DMARC"] == state


def test_a_subdomain_falls_under_its_parents_policy(serve: object) -> None:
    found = check_sender("help.shop.example", [], serve({("_dmarc.shop.example", "TXT"): [DMARC]}))  # type: ignore[operator]

    assert found[2].state == "good"


def test_an_international_domain_is_asked_for_as_it_travels(serve: object) -> None:
    found = check_sender(
        "кав’ярня.example".replace("’", ""), [], serve({("_dmarc.xn--80aaf8a2ab2b5i.example", "TXT"): [DMARC]})
    )  # type: ignore[operator]

    assert found[0].name.startswith("xn--")


@pytest.mark.parametrize("how", [{"silent": True}, {"broken": True}])
def test_no_answer_is_not_taken_for_no_record(serve: object, how: dict[str, bool]) -> None:
    found = check_sender("shop.example", [], serve(GOOD, **how))  # type: ignore[operator]

    assert [(f.topic, f.state, f.value) for f in found] == [("DNS", "unknown", "")]
    assert "cannot be reached" in found[0].words


@pytest.mark.parametrize(
    "domain", ["localhost", "", "a b.example", "-x", "1.2.3.4/24", "\u0131\u2024..x", "\u00fc" * 80 + ".example"]
)
def test_domains_nobody_could_look_up_are_not_asked_for(domain: str) -> None:
    def never(name: str, kind: str) -> list[str]:
        raise AssertionError(name)

    assert [f.state for f in check_sender(domain, [], never)] == ["unknown"]


@pytest.mark.django_db
class TestPage:
    @pytest.fixture
    def house(self) -> House:
        return make_house()

    def test_shows_what_to_add_for_the_channels_own_server(
        self, house: House, serve: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        OutgoingServer.objects.create(channel=house.channel, host="smtp.gmail.com")
        monkeypatch.setattr(sender_check, "Resolver", lambda: serve({}))  # type: ignore[operator]

        body = signed_in(house.adam).get(f"/channels/{house.channel.pk}/sender-check/").content.decode()

        assert "v=spf1 include:_spf.google.com ~all" in body
        assert "_dmarc.shop.example" in body

    def test_says_so_without_a_name_server(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        def none() -> Resolver:
            raise DnsUnreachable("none")

        monkeypatch.setattr(sender_check, "Resolver", none)

        body = signed_in(house.adam).get(f"/channels/{house.channel.pk}/sender-check/").content.decode()

        assert "This machine has no name server set." in body

    def test_is_for_admins(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        def never() -> Resolver:
            raise AssertionError("asked")

        monkeypatch.setattr(sender_check, "Resolver", never)
        before = row_counts()

        assert signed_in(house.olena).get(f"/channels/{house.channel.pk}/sender-check/").status_code == 404
        assert row_counts() == before
