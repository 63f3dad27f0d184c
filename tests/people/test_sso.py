"""Signing in by a service over real HTTP, and the tricks by which somebody else's account is taken over."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from events.models import Event
from people.credentials import rotate_credentials
from people.models import Agent, CustomRole, ServiceKind, SignInLink, SignInService
from people.permissions import CUSTOM, Permission, PermissionDenied, completed
from people.roles import Refused
from people.sign_in_services import remove_service, save_service
from tests.people import House, make_agent, make_house, signed_in
from tests.providers.open_id import CLIENT, CLIENT_SECRET, OpenIdServer
from tests.providers.server import running

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(settings: Any) -> House:
    settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
    settings.BASE_URL = "http://localhost"
    return make_house()


@pytest.fixture
def server() -> Iterator[OpenIdServer]:
    with running(OpenIdServer()) as simulator:
        assert isinstance(simulator, OpenIdServer)
        yield simulator


def add_service(house: House, issuer: str, **changes: Any) -> SignInService:
    values: dict[str, Any] = {
        "kind": "other", "name": "Work", "issuer": issuer, "client_id": CLIENT, "secret": CLIENT_SECRET,
        "is_active": True, "has_second_step": False,
    }  # fmt: skip
    return save_service(None, by=house.adam, **(values | changes))


@pytest.fixture
def service(house: House, server: OpenIdServer) -> SignInService:
    return add_service(house, server.url)


def ask(url: str) -> str:
    """What the browser is sent on to."""
    place = urlsplit(url)
    line = http.client.HTTPConnection(place.hostname or "", place.port)
    line.request("GET", f"{place.path}?{place.query}")
    onward = line.getresponse().getheader("Location") or ""
    line.close()
    return onward


def begin(client: Client, service: SignInService, further: str = "") -> str:
    """To the service and to the click there; where it sends the browser back to, as a path of ours."""
    answer = client.get(f"/accounts/sso/{service.pk}/", {"next": further} if further else {})
    assert answer.status_code == 302, answer.content
    back = urlsplit(ask(answer["Location"]))
    return f"{back.path}?{back.query}"


def sign_in(service: SignInService, client: Client | None = None, further: str = "") -> Client:
    client = client or Client()
    client.get(begin(client, service, further))
    return client


def who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_a_known_and_vouched_address_gets_in_and_is_linked(house: House, service: SignInService) -> None:
    client = Client()
    answer = client.get(begin(client, service, "/views/"))
    assert (answer.status_code, answer["Location"]) == (302, "/views/")
    assert who(client) == str(house.olena.pk)
    link = SignInLink.objects.get()
    assert (link.agent, link.subject) == (house.olena, "account-7")
    events = Event.objects.filter(stream_type="agent", stream_id=house.olena.pk)
    assert [event.kind for event in events] == ["agent.sign_in_linked"]
    assert who(sign_in(service)) == str(house.olena.pk)
    assert events.count() == 1


def test_afterwards_the_account_counts_and_not_the_address(
    house: House, service: SignInService, server: OpenIdServer
) -> None:
    sign_in(service)
    server.claims |= {"email": "ben@shop.example"}
    assert who(sign_in(service)) == str(house.olena.pk)
    server.claims |= {"email": "elsewhere@other.example", "email_verified": False}
    assert who(sign_in(service)) == str(house.olena.pk)
    Agent.objects.filter(pk=house.olena.pk).update(is_active=False)
    assert who(sign_in(service)) is None


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},  # a word is not a yes
        {"email_verified": 1},
        {"xms_edov": True, "email_verified": None},  # Microsoft's word, from somebody else
        {"email": None},
        {"email": ["olena@shop.example"]},
        {"email": "nobody@shop.example"},
        {"email": "OLENA@shop.example.evil.example"},
        {"sub": ""},
        {"sub": None},
        {"iss": "https://accounts.google.com"},
        {"aud": "somebody-else"},
        {"aud": [CLIENT, "somebody-else"]},
        {"azp": "somebody-else"},
        {"exp": 1},
        {"exp": None},
        {"nonce": "of another sign-in"},
        {"nonce": None},
    ],
    ids=str,
)
def test_what_a_token_must_not_say(
    house: House, service: SignInService, server: OpenIdServer, claims: dict[str, Any]
) -> None:
    server.claims |= claims
    client = sign_in(service)
    assert who(client) is None
    assert not SignInLink.objects.exists()
    assert b"did not open an account" in client.get("/accounts/login/").content


def forgeries(server: OpenIdServer) -> dict[str, Any]:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {
        "unsigned": lambda claims: jwt.encode(claims, None, algorithm="none"),
        "by the secret": lambda claims: jwt.encode(
            claims, CLIENT_SECRET * 4, algorithm="HS256", headers={"kid": "one"}
        ),
        "by another key": lambda claims: jwt.encode(claims, other, algorithm="RS256", headers={"kid": "one"}),
        "by a key not there": lambda claims: jwt.encode(claims, server.key, algorithm="RS256", headers={"kid": "two"}),
        "no token": lambda claims: "x",
    }


@pytest.mark.parametrize("forgery", ["unsigned", "by the secret", "by another key", "by a key not there", "no token"])
def test_forged_tokens(house: House, service: SignInService, server: OpenIdServer, forgery: str) -> None:
    server.signs = forgeries(server)[forgery]
    assert who(sign_in(service)) is None
    assert not SignInLink.objects.exists()


def test_a_state_counts_once_and_in_its_own_browser(house: House, service: SignInService) -> None:
    mine, theirs = Client(), Client()
    back = begin(mine, service)
    theirs.get(back)
    assert who(theirs) is None, "a sign-in somebody else began is not carried into this browser"
    again = begin(mine, service)
    mine.get(again)
    assert who(mine) == str(house.olena.pk)
    mine.post("/accounts/logout/")
    mine.get(again)
    assert who(mine) is None
    mine.get(f"/accounts/sso/{service.pk}/done/?code=x&state=made-up")
    assert who(mine) is None


def test_a_code_of_another_sign_in_is_refused(house: House, service: SignInService) -> None:
    """The attacker's own code under the state of the victim's browser: PKCE and nonce both say no."""
    victim, attacker = Client(), Client()
    theirs, mine = (parse_qs(urlsplit(begin(one, service)).query) for one in (victim, attacker))
    victim.get(f"/accounts/sso/{service.pk}/done/", {"state": theirs["state"][0], "code": mine["code"][0]})
    assert who(victim) is None
    assert not SignInLink.objects.exists()


def test_one_service_does_not_answer_for_another(house: House, service: SignInService, server: OpenIdServer) -> None:
    with running(OpenIdServer()) as evil:
        assert isinstance(evil, OpenIdServer)
        other = add_service(house, evil.url, name="Other")
        client = Client()
        back = begin(client, other)
        client.get(back.replace(f"/sso/{other.pk}/", f"/sso/{service.pk}/"))
        assert who(client) is None
        sign_in(service)
        evil.claims |= {"sub": "account-7", "email": "mallory@shop.example"}
        assert who(sign_in(other)) == str(house.mallory.pk), "the same subject elsewhere is somebody else"
        client = Client()
        client.get(begin(client, service) + f"&iss={evil.url}")
        assert who(client) is None


def test_another_account_with_the_same_address_is_another_person(
    house: House, service: SignInService, server: OpenIdServer
) -> None:
    sign_in(service)
    server.claims |= {"sub": "account-8"}
    assert who(sign_in(service)) is None
    assert SignInLink.objects.get().subject == "account-7"


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://accounts.google.com"},
        {"token_endpoint": "http://192.0.2.1/token"},
        {"jwks_uri": "ftp://localhost/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_a_discovery_that_lies(house: House, service: SignInService, server: OpenIdServer, discovery: Any) -> None:
    server.discovery = discovery
    client = Client()
    assert client.get(f"/accounts/sso/{service.pk}/")["Location"] == "/accounts/login/"
    assert who(client) is None


def test_calls_go_through_the_guard(house: House, service: SignInService, server: OpenIdServer, settings: Any) -> None:
    settings.ALLOWED_NETWORKS = []
    asked = len(server.requests)
    assert Client().get(f"/accounts/sso/{service.pk}/")["Location"] == "/accounts/login/"
    assert len(server.requests) == asked


def test_a_second_step_is_asked_for_unless_the_service_asks_itself(
    house: House, service: SignInService, settings: Any
) -> None:
    settings.SECOND_FACTOR = "require"
    client = sign_in(service)
    assert client.get("/profile/")["Location"] == "/profile/security/"
    SignInService.objects.update(has_second_step=True)
    assert sign_in(service).get("/profile/").status_code == 200


def test_who_has_no_password_proves_themselves_there_again(
    house: House, service: SignInService, server: OpenIdServer
) -> None:
    Agent.objects.filter(pk=house.adam.pk).update(password="!")
    server.claims |= {"email": "adam@shop.example"}
    client = sign_in(service)
    session = client.session
    session["account_authentication_methods"] = []
    session.save()
    asked = client.get("/team/agents/new/")
    assert asked["Location"] == f"/accounts/sso/{service.pk}/?next=%2Fteam%2Fagents%2Fnew%2F"
    server.claims |= {"auth_time": 1}
    client.get(begin(client, service, "/team/agents/new/"))
    assert client.get("/team/agents/new/").status_code == 302, "the service did not ask again"
    del server.claims["auth_time"]
    back = client.get(begin(client, service, "/team/agents/new/"))
    assert back["Location"] == "/team/agents/new/"
    assert client.get("/team/agents/new/").status_code == 200


@pytest.mark.parametrize(
    "further", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example"]
)
def test_nobody_is_led_elsewhere(house: House, service: SignInService, further: str) -> None:
    client = Client()
    assert client.get(begin(client, service, further))["Location"] == "/"


def test_microsofts_address_counts_when_the_directory_owns_its_domain(
    house: House, service: SignInService, server: OpenIdServer
) -> None:
    SignInService.objects.update(kind=ServiceKind.MICROSOFT)
    server.claims |= {"email_verified": None}
    assert who(sign_in(service)) is None
    server.claims |= {"xms_edov": True}
    assert who(sign_in(service)) == str(house.olena.pk)


@pytest.mark.parametrize(
    ("kind", "issuer"),
    [
        ("microsoft", "https://login.microsoftonline.com/common/v2.0"),
        ("microsoft", "https://login.microsoftonline.com/organizations/v2.0"),
        ("microsoft", "https://login.microsoftonline.com.evil.example/1/v2.0"),
        ("other", "http://id.shop.example"),
        ("other", "https://id.shop.example/?x=1"),
        ("other", "id.shop.example"),
    ],
)
def test_issuers_that_anybody_could_be(house: House, kind: str, issuer: str) -> None:
    with pytest.raises(Refused):
        add_service(house, issuer, kind=kind)
    assert not SignInService.objects.exists()


def test_the_secret_lies_encrypted_and_goes_nowhere_else(house: House, service: SignInService) -> None:
    assert CLIENT_SECRET not in service.secret
    assert rotate_credentials() == (1, 0)
    page = signed_in(house.adam).get(f"/team/sign-in/{service.pk}/").content.decode()
    assert CLIENT_SECRET not in page
    changes = {
        "kind": "other", "name": "Work", "client_id": CLIENT, "secret": "", "is_active": True, "has_second_step": False,
    }  # fmt: skip
    with pytest.raises(Refused, match="secret again"):
        save_service(service, by=house.adam, issuer="https://id.evil.example", **changes)
    assert SignInService.objects.get().issuer == service.issuer
    assert CLIENT_SECRET not in str([event.data for event in Event.objects.all()])


@pytest.mark.parametrize("who_asks", ["olena", "mallory", "vera"])
def test_only_admins_set_services_up(house: House, service: SignInService, who_asks: str) -> None:
    client, kept = signed_in(getattr(house, who_asks)), SignInService.objects.values().get()
    for path in ("/team/sign-in/", "/team/sign-in/new/", f"/team/sign-in/{service.pk}/"):
        assert client.get(path).status_code == 403
    assert client.post(f"/team/sign-in/{service.pk}/remove/").status_code == 403
    with pytest.raises(PermissionDenied):
        remove_service(service.pk, by=getattr(house, who_asks))
    with pytest.raises(PermissionDenied):
        save_service(
            service, by=getattr(house, who_asks), kind="other", name="x", issuer="https://x.example", client_id="x",
            secret="x", is_active=True, has_second_step=True,
        )  # fmt: skip
    assert SignInService.objects.values().get() == kept


def test_whoever_only_looks_after_people_locks_nobody_out(house: House, service: SignInService) -> None:
    granted = [permission.value for permission in completed({Permission.MANAGE_AGENTS})]
    role = CustomRole.objects.create(name="Keeper", permissions=granted)
    keeper, kept = (
        make_agent("Kira", role=CUSTOM, custom_role=role, granted=granted),
        SignInService.objects.values().get(),
    )
    with pytest.raises(PermissionDenied):
        remove_service(service.pk, by=keeper)
    client = signed_in(keeper)
    assert client.post(f"/team/sign-in/{service.pk}/remove/").status_code == 403
    assert client.get(f"/team/sign-in/{service.pk}/").status_code == 403
    assert SignInService.objects.values().get() == kept
    assert not Event.objects.filter(kind="sign_in_service.removed").exists()


def test_an_agent_takes_their_own_link_away(house: House, service: SignInService) -> None:
    client = sign_in(service)
    assert b"Accounts elsewhere that open yours" in client.get("/profile/security/").content
    assert client.post(f"/profile/sso/{service.pk}/unlink/").status_code == 302
    assert not SignInLink.objects.exists()
    kinds = Event.objects.filter(stream_type="agent", stream_id=house.olena.pk).order_by("id")
    assert list(kinds.values_list("kind", flat=True)) == ["agent.sign_in_linked", "agent.sign_in_unlinked"]
