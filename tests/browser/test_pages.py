"""Every page beside the inbox, in a real browser: no accessibility violation, no sideways scroll, no script error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from channels_inbound.models import Mailbox, RawBody, RawDelivery, RawState
from events.models import Event
from people.invitations import password_link
from people.models import Agent, Customer, Identity, MailKind
from people.unsubscribing import unsubscribe_url
from tests.people import House, make_house, open_ticket
from tests.support.browser import accessibility_violations
from tickets import actions
from tickets.models import Notification

OpenPage = Callable[..., Page]
LOOKS = [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")]
STRANGERS = (
    "/accounts/login/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-used-up/",
    "/accounts/password/reset/key/done/",
    "/accounts/signup/",
    "/accounts/inactive/",
    "{invitation}",
    "/not/there/",
)
ADMINS = (
    "/profile/",
    "/profile/security/",
    "/profile/tokens/",
    "/customers/{customer}/privacy/",
    "/team/tokens/",
    "/team/sign-in/",
    "/team/sign-in/new/",
    "/accounts/2fa/app/add/",
    "/accounts/2fa/codes/new/",
    "/accounts/passkeys/add/",
    "/accounts/reauthenticate/",
    "/accounts/logout/",
    "/accounts/password/change/",
    "/team/",
    "/team/agents/new/",
    "/team/agents/{ben}/",
    "/team/teams/new/",
    "/team/teams/{team}/",
    "/notifications/",
    "/bulk/jobs/",
    "/merging/",
    "/channels/",
    "/channels/new/",
    "/channels/{channel}/",
    "/channels/{channel}/outgoing/new/?provider=google",
    "/channels/mailboxes/new/?provider=microsoft",
    "/channels/mailboxes/{mailbox}/",
    "/quarantine/",
    "/health/",
    "/views/",
    "/not/there/",
)


def fill_house() -> House:
    """People, a ticket with a notice, and a mail in quarantine."""
    house = make_house()
    ticket = open_ticket(house.channel)
    actions.assign_ticket(ticket.pk, by=house.ben, assignee=house.adam)
    event = Event.objects.filter(kind="ticket.assigned").latest("id")
    Notification.objects.get_or_create(event=event, agent=house.adam, defaults={"ticket": ticket})
    delivery = RawDelivery.objects.create(
        channel=house.channel, transport="smtp", transport_key="1", size=40, state=RawState.QUARANTINED,
        reason="timeout: reading took longer than 10 s",
    )  # fmt: skip
    Mailbox.objects.create(
        channel=house.channel, is_active=False, host="imap.shop.example", username="support@shop.example", secret="",
        auth="oauth", authorize_url="https://sign-in.example/", token_url="https://sign-in.example/token", client_id="x",
    )  # fmt: skip
    half = RawDelivery.objects.create(
        channel=house.channel, transport="imap", transport_key="2", size=40, state=RawState.QUARANTINED,
        reason="the server gives this mail without its text", envelope={"incomplete": True},
    )  # fmt: skip
    RawBody.objects.create(delivery=half, content=b"From: Zoe <zoe@customer.example>\r\nSubject: Big\r\n\r\n")
    RawBody.objects.create(delivery=delivery, content=b"From: Zoe <zoe@customer.example>\r\nSubject: Hi\r\n\r\nHello")
    return house


def look_at(page: Page, path: str) -> list[str]:
    """What is wrong with the page, each with its address."""
    answer = page.goto(path)
    assert answer is not None
    expected = 404 if path == "/not/there/" else 200
    problems = [] if answer.status == expected else [f"answered {answer.status}"]
    problems += accessibility_violations(page)
    if (over := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
        problems.append(f"scrolls sideways by {over} px")
    if page.locator("h1").count() != 1:
        problems.append("has not one h1")
    return [f"{path}: {problem}" for problem in problems]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_is_for_everybody(open_page: OpenPage, width: int, scheme: str) -> None:
    house = fill_house()
    look: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    stranger, admin = open_page(**look), open_page(house.adam, **look)
    link = urlsplit(unsubscribe_url(Identity.objects.earliest("pk").pk, MailKind.SURVEY, "en")).path
    invitation = urlsplit(password_link(house.ben)).path
    problems = [
        problem for path in (*STRANGERS, link) for problem in look_at(stranger, path.format(invitation=invitation))
    ]
    ids = {"ben": house.ben.pk, "team": house.support.pk, "channel": house.channel.pk}
    ids["mailbox"] = Mailbox.objects.get().pk
    ids["customer"] = Customer.objects.earliest("pk").pk
    problems += [problem for path in ADMINS for problem in look_at(admin, path.format(**ids))]
    assert problems == []


def test_a_form_says_what_is_wrong(open_page: OpenPage) -> None:
    house = fill_house()
    page = open_page(house.adam, viewport={"width": 390, "height": 800})
    page.goto("/team/agents/new/")
    page.get_by_label("Name").fill("Second Ben")
    page.get_by_label("E-mail address").fill(house.ben.email)
    page.get_by_role("button", name="Create and invite").click()
    field = page.get_by_label("E-mail address")
    assert field.get_attribute("aria-invalid") == "true"
    error = page.locator(f"#{field.get_attribute('aria-describedby')}")
    assert error.inner_text() == "Somebody has this address already."
    assert accessibility_violations(page) == []
    assert Agent.objects.filter(email=house.ben.email).count() == 1


def test_an_empty_helpdesk_makes_its_first_admin(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 390, "height": 800})
    page.goto("/")
    page.wait_for_url("**/setup/**")
    assert accessibility_violations(page) == []
    page.get_by_label("Your name").fill("Olena Shevchuk")
    page.get_by_label("E-mail address").fill("olena@shop.example")
    page.get_by_label("Password").fill("a long and private one")
    page.get_by_role("button", name="Start the helpdesk").click()
    page.wait_for_url("**/inbox/**")
    assert Agent.objects.get().role == "admin"


def test_an_admin_adds_a_mail_channel(open_page: OpenPage) -> None:
    house = fill_house()
    page = open_page(house.adam)
    page.goto("/channels/")
    page.get_by_role("link", name="Channel", exact=True).click()
    page.get_by_role("link", name="Email", exact=True).click()
    page.get_by_label("Name").fill("Wholesale")
    page.get_by_label("Email address").fill("b2b@shop.example")
    page.get_by_label("Team").select_option(label="Support")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/channels/")
    assert page.get_by_text("b2b@shop.example").is_visible()
    page.get_by_role("link", name="Wholesale b2b@shop.example").click()
    page.get_by_label("Takes mail").uncheck()
    page.get_by_role("button", name="Save").click()
    assert page.get_by_text("Switched off").is_visible()
