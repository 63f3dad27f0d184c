"""Signing in with a second step, as agents do it: in Chromium, with its own make-believe security key."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from people.models import Agent
from tests.people import PASSWORD, make_house
from tests.support.browser import accessibility_violations

OpenPage = Callable[..., Page]
KEY = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip
LOOKS = [(1440, "light"), (390, "dark")]


def plug_in(page: Page) -> None:
    """A platform authenticator that says yes."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})


def fill_in(page: Page, agent: Agent) -> None:
    """The sign-in page, by keyboard."""
    page.goto("/accounts/login/")
    page.locator("#id_login").fill(agent.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("/accounts/login/"))


def sign_out(page: Page) -> None:
    page.context.clear_cookies()


def look(page: Page) -> None:
    assert accessibility_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_an_app_is_set_up_and_asked_for(open_page: OpenPage, width: int, scheme: str) -> None:
    house = make_house()
    page = open_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    fill_in(page, house.olena)
    page.goto("/profile/security/")
    look(page)
    page.get_by_role("link", name="Set up").click()
    page.get_by_text("Cannot scan it?").click()
    secret = re.sub(r"\s", "", page.locator(".by-hand code").inner_text())
    look(page)
    page.get_by_label("Code that the app shows").fill("000000")
    page.keyboard.press("Enter")
    expect(page.locator(".err")).to_be_visible()
    look(page)
    assert page.locator(".by-hand code").text_content() == secret, "a wrong code does not change the key"
    page.get_by_label("Code that the app shows").fill(code_of(secret, step=-1))
    page.keyboard.press("Enter")
    expect(page.locator(".codes li")).to_have_count(10)
    codes = page.locator(".codes code").all_inner_texts()
    look(page)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", name="Second step")).to_contain_text("On")
    look(page)

    sign_out(page)
    fill_in(page, house.olena)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    look(page)
    page.get_by_label("Code", exact=True).fill(code_of(secret))
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("/accounts/"))

    sign_out(page)
    fill_in(page, house.olena)
    page.get_by_label("Code", exact=True).fill(codes[3])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).not_to_have_url(re.compile("/accounts/"))


def test_a_passkey_opens_alone_and_as_second_step(open_page: OpenPage) -> None:
    house = make_house()
    page = open_page()
    plug_in(page)
    fill_in(page, house.olena)
    page.goto("/profile/security/")
    page.get_by_role("link", name="Add", exact=True).click()
    look(page)
    page.get_by_label("What to call it").fill("Laptop")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".codes li")).to_have_count(10)
    assert Authenticator.objects.filter(user=house.olena, type="webauthn").count() == 1

    sign_out(page)
    page.goto("/accounts/login/")
    look(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).not_to_have_url(re.compile("/accounts/"))
    page.goto("/profile/security/")
    expect(page.locator("b", has_text="Laptop")).to_be_visible()

    sign_out(page)
    fill_in(page, house.olena)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).not_to_have_url(re.compile("/accounts/"))

    Agent.objects.filter(pk=house.olena.pk).update(is_active=False)
    sign_out(page)
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="No access")).to_be_visible()
    page.goto("/profile/")
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_a_browser_that_gives_no_passkey_says_so(open_page: OpenPage) -> None:
    make_house()
    page = open_page()
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY | {"isUserVerified": False}})
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The browser gave no passkey")
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_another_browser_is_signed_out_from_the_list(open_page: OpenPage) -> None:
    house = make_house()
    here, there = (
        open_page(),
        open_page(user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    )
    for page in (here, there):
        fill_in(page, house.olena)
        expect(page).not_to_have_url(re.compile("/accounts/"))
    there.goto("about:blank")  # or its socket, sent away, would be an error of the console
    here.goto("/profile/security/")
    row = here.locator(".lines li", has_text="Firefox on Linux")
    row.get_by_role("button").focus()
    here.keyboard.press("Enter")
    expect(here.get_by_text("That browser is signed out.")).to_be_visible()
    there.goto("/profile/")
    expect(there).to_have_url(re.compile("/accounts/login/"))


def code_of(secret: str, *, step: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))
