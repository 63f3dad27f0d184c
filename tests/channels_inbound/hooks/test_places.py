"""Files of messages: fetched from the provider's hosts alone, and its token goes to its own alone, whatever a webhook
names and wherever a redirect leads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from channels_inbound.hooks.accounts import hook_url
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.media import drain_media
from channels_inbound.hooks.places import may_hold_files, may_see_secrets
from channels_inbound.hooks.registry import provider
from channels_inbound.models import RemoteMedia
from people.http_client import Elsewhere, HttpClient
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import House, make_house
from tests.providers import twilio
from tests.providers.server import Reply, Request, Simulator, running
from tests.providers.webhooks import Webhook
from tickets.models import Attachment, Message

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(40)
SHOP = "+380440000100"


class Place(Simulator):
    """Gives a picture, or sends on."""

    leads_to = ""

    def answer(self, request: Request) -> Reply:
        if self.leads_to:
            return Reply(302, b"", {"Location": self.leads_to})
        return Reply(200, PNG, {"Content-Type": "image/png"})


@pytest.fixture
def house(db: None, settings: Any) -> House:
    settings.CREDENTIALS_KEYS = [KEY]
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    return make_house()


@pytest.fixture
def own() -> Iterator[Place]:
    with running(Place()) as found:
        yield found  # type: ignore[misc]


@pytest.fixture
def other() -> Iterator[Place]:
    with running(Place()) as found:
        yield found  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "url", "files", "secrets"),
    [
        ("whatsapp", "https://graph.facebook.com/v25.0/1", True, True),
        ("whatsapp", "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", True, True),
        ("messenger", "https://lookaside.fbsbx.com/x", True, False),
        ("messenger", "https://scontent.xx.fbcdn.net/v/a.jpg", True, False),
        ("instagram", "https://scontent-fra3-1.cdninstagram.com/a.jpg", True, False),
        ("messenger", "https://fbcdn.net.evil.example/a.jpg", False, False),
        ("messenger", "https://evilfbcdn.net/a.jpg", False, False),
        ("messenger", "https://cdn.example.net/a.jpg", False, False),
        ("telegram", "https://api.telegram.org/file/bot1:a/b.png", True, True),
        ("telegram", "https://api.telegram.org.evil.example/a", False, False),
        ("telegram", "https://api.telegram.org@evil.example/a", False, False),
        ("telegram", "http://api.telegram.org/a", False, False),
        ("telegram", "https://api.telegram.org:8443/a", False, False),
        ("sms", "https://api.twilio.com/2010-04-01/Accounts/AC/Messages/MM/Media/ME", True, True),
        ("phone", "https://media.twiliocdn.com/AC/1", True, False),
        ("sms", "https://evil.example/2010-04-01/Accounts", False, False),
        ("x", "https://ton.twitter.com/i/ton/data/dm/1/a.jpg", True, True),
        ("x", "https://pbs.twimg.com/media/a.jpg", True, False),
        ("x", "https://t.co/a", False, False),
        ("aircall", "https://recordings.s3.eu-west-1.amazonaws.com/a.mp3", True, False),
        ("http", "https://files.marketplace.example/a.jpg", True, False),
    ],
)
def test_hosts_of_each_provider(name: str, url: str, files: bool, secrets: bool) -> None:
    handler = provider(name)
    assert handler is not None
    assert (may_hold_files(url, handler), may_see_secrets(url, handler)) == (files, secrets)


def test_an_operator_may_name_further_hosts_which_see_no_token(settings: Any) -> None:
    settings.PROVIDER_ENDPOINTS = {"twilio_files": "*.cdn.example media.example", "aircall_files": "media.example"}
    sms, aircall = provider("sms"), provider("aircall")
    assert sms is not None and aircall is not None
    assert may_hold_files("https://a.cdn.example/1", sms) and not may_see_secrets("https://a.cdn.example/1", sms)
    assert may_hold_files("https://media.example/1", aircall) and not may_hold_files("https://a.cdn.example/1", aircall)
    assert not may_hold_files("https://cdn.example/1", sms), "below the name, not the name"


def picture(house: House, place: str) -> Message:
    """An MMS whose picture is said to lie at `place`."""
    values = {"number": SHOP, "account_sid": twilio.SID, "auth_token": twilio.TOKEN}
    connection = connect(house, "sms", values)
    fields = {
        "MessageSid": "MM1", "AccountSid": twilio.SID, "From": "+380671234567", "To": SHOP, "Body": "See",
        "NumMedia": "1", "MediaUrl0": place, "MediaContentType0": "image/png",
    }  # fmt: skip
    webhook: Webhook = twilio.form(hook_url(connection), fields)
    assert deliver(connection, webhook).status_code == 200
    assert drain_hooks() == {"new": 1}
    return Message.objects.get()


def test_what_lies_at_the_provider_comes_with_the_token(house: House, own: Place, settings: Any) -> None:
    settings.PROVIDER_ENDPOINTS = {"twilio": own.url}
    picture(house, f"{own.url}/media/1.png")
    assert drain_media() == {"done": 1}
    assert own.requests[0].headers["authorization"].startswith("Basic ")
    assert Attachment.objects.get().content_type == "image/png"


def test_a_file_said_to_lie_elsewhere_is_not_asked_for(house: House, own: Place, other: Place, settings: Any) -> None:
    settings.PROVIDER_ENDPOINTS = {"twilio": own.url}
    message = picture(house, f"{other.url}/1.png")
    assert drain_media() == {"failed": 1}
    assert (own.requests, other.requests) == ([], [])
    media = RemoteMedia.objects.get()
    assert (media.state, "not the provider's" in media.error) == ("failed", True)
    message.refresh_from_db()
    assert not Attachment.objects.exists() and message.marks["not_fetched"] == 1
    assert drain_media() == {}, "and never again"


def test_a_redirect_elsewhere_is_not_followed(house: House, own: Place, other: Place, settings: Any) -> None:
    settings.PROVIDER_ENDPOINTS = {"twilio": own.url}
    own.leads_to = f"{other.url}/1.png"
    picture(house, f"{own.url}/media/1.png")
    assert drain_media() == {"failed": 1}
    assert len(own.requests) == 1 and other.requests == []
    assert not Attachment.objects.exists()


def test_a_redirect_to_another_host_takes_no_token_along(own: Place, other: Place, settings: Any) -> None:
    """Two hosts of Meta's: both may hold files and see the token, but a redirect does not carry it over."""
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.PROVIDER_ENDPOINTS = {"graph": own.url, "instagram": other.url}
    handler = provider("whatsapp")
    assert handler is not None
    own.leads_to = f"{other.url}/1.png"
    answer = HttpClient().fetch(
        f"{own.url}/1", headers={"Authorization": "Bearer SECRET"}, limit=1000,
        allowed=lambda url: may_hold_files(url, handler),
    )  # fmt: skip
    assert answer.body == PNG
    assert own.requests[0].headers["authorization"] == "Bearer SECRET"
    assert "authorization" not in other.requests[0].headers
    # Nor when the way leads back to where it may be seen.
    other.leads_to, own.leads_to = f"{own.url}/2", f"{other.url}/1.png"
    own.requests.clear()
    with pytest.raises(OSError, match="too many redirects"):
        HttpClient().fetch(f"{own.url}/1", headers={"Authorization": "Bearer SECRET"}, limit=1000)
    assert ["authorization" in one.headers for one in own.requests] == [True, False]
    with pytest.raises(Elsewhere):
        HttpClient().fetch(f"{own.url}/1", headers={}, limit=1000, allowed=lambda url: False)
