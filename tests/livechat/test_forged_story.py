"""Somebody else in a browser of his own: forged and replayed tokens, borrowed ids, pages of origins that are not listed.

Each story listens to all that his browser is told, frames of sockets included, and looks at hers before and after.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from channels_inbound.models import Connection
from events.models import Event
from livechat.channels import create_chat_channel, renew_secret
from livechat.doors import door_for, write_pass
from livechat.models import UnseenReplies, UsedToken, Visitor, VisitorKey
from livechat.signed import make_token
from livechat.talk import cursor_of
from people.models import Customer, Identity
from tests.livechat.overhearing import Overheard, ask_in, dial_in, put_secret, street
from tests.livechat.shop import Shop, make_chat, open_shop
from tests.livechat.test_api import claims
from tests.livechat.test_story import PATIENCE, frame_of, say, visit
from tests.livechat.test_widget_story import SECRET, address, delivered, land
from tests.people import House, make_house
from tests.support.live import LiveStack
from tickets.actions import reply
from tickets.models import Attachment, Conversation, Message, OutboxState, Ticket

KEPT = (Ticket, Conversation, Message, Attachment, Customer, Identity, Visitor, VisitorKey, UsedToken, UnseenReplies)
HER = {"sub": "customer 7", "name": "Canary Vane", "email": "canary@customer.example"}
TOLD = "globalThis.told = []; helpdesk.on('error', ({status, code}) => told.push([status, code]));"


def until(page: Page, true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        page.wait_for_timeout(50)
    assert true()


@dataclass
class Hers:
    """Her conversation, and the browser in which she leads it."""

    connection: Connection
    signing: str
    page: Page
    frame: Frame
    heard: Overheard
    token: str
    secret: str
    visitor: Visitor
    ticket: Ticket

    def new_token(self, **more: Any) -> str:
        return make_token(self.signing, claims(self.connection, **HER) | more)

    def answered(self, by: Any, text: str) -> None:
        """She is answered, and has read it: nothing of hers is still to change by itself."""
        answer = reply(self.ticket.pk, by=by, text=text)
        expect(self.frame.locator(".log .them", has_text=text)).to_be_visible(timeout=PATIENCE)

        def settled() -> bool:
            answer.refresh_from_db()
            return answer.outbox == OutboxState.SENT and "read_at" in answer.marks

        until(self.page, settled)
        # Read before it was noted as unseen, it is passed over by the next look for mails; here nothing waits for that.
        UnseenReplies.objects.all().delete()


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


@pytest.fixture
def hers(live_stack: LiveStack, house: House, shop: Shop, chromium: Browser) -> Iterator[Hers]:
    connection, signing = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    with street(chromium) as (page, heard):
        land(page, shop.url)
        token = make_token(signing, claims(connection, **HER))
        page.evaluate("token => { helpdesk.identify(token); helpdesk.open('talk'); }", token)
        frame = frame_of(page)
        until(page, lambda: UsedToken.objects.exists())
        frame.locator(".status", has_text="Nobody is here").wait_for()
        expect(frame.locator("#ask-email")).to_have_count(0)
        say(frame, "CANARY asks")
        delivered(frame, "CANARY asks")
        visitor, ticket = Visitor.objects.get(), Ticket.objects.get()
        assert visitor.subject == HER["sub"]
        her = Hers(connection, signing, page, frame, heard, token, frame.evaluate(SECRET), visitor, ticket)
        her.answered(house.olena, "CANARY is answered")
        # Who listens would hear it.
        assert "CANARY is answered" in "".join(heard.bodies) and heard.frames and "Canary Vane" in heard.everything()
        yield her


def stored() -> dict[str, list[dict[str, Any]]]:
    """Every row that tells of a conversation or of who leads it, as it stands."""
    rows = {model.__name__: list(model.objects.order_by("pk").values()) for model in KEPT}
    return rows | {"Event": list(Event.objects.filter(stream_type="ticket").order_by("pk").values())}


def kept_as_it_was(before: dict[str, list[dict[str, Any]]]) -> None:
    """What there was is unchanged, whatever came beside it."""
    now = stored()
    for name, rows in before.items():
        assert [row for row in rows if row not in now[name]] == [], name


def heard_nothing_of_her(heard: Overheard) -> None:
    said = heard.everything().lower()
    assert heard.bodies, "it listened"
    assert "canary" not in said, said[max(0, said.find("canary") - 300) :][:600]


def identifies(page: Page, *tokens: str) -> list[list[Any]]:
    """What the page is told of each token."""
    page.evaluate("tokens => { " + TOLD + " tokens.forEach((one) => helpdesk.identify(one)); }", list(tokens))
    page.wait_for_function("count => told.length >= count", arg=len(tokens), timeout=PATIENCE)
    return list(page.evaluate("told"))


def test_a_forged_token_shows_nothing_of_her(hers: Hers, house: House, shop: Shop, chromium: Browser) -> None:
    other, foreign = create_chat_channel(
        name="Other chat", team=house.support, settings={"origins": (shop.url,), "color": "#1f57d6"}
    )
    head, body, signature = hers.new_token().split(".")
    another = make_token(hers.signing, claims(hers.connection, sub="mallory")).split(".")
    forged = [
        make_token("a guessed secret", claims(hers.connection, **HER)),
        f"eyJhbGciOiJub25lIn0.{body}.",
        f"eyJhbGciOiJIUzUxMiJ9.{body}.{signature}",
        f"{head}.{body}.{another[2]}",
        hers.new_token(exp=int(time.time()) - 120),
        hers.new_token(aud=other.key),
        make_token(foreign, claims(hers.connection, **HER)),
        make_token(foreign, claims(other, **HER)),
    ]
    before = stored()
    with street(chromium) as (page, heard):
        frame = visit(page, shop)
        frame.locator(".status", has_text="Nobody is here").wait_for()
        looks = frame.locator("body").inner_text()
        assert identifies(page, *forged) == [[403, "refused"]] * len(forged)
        page.wait_for_timeout(500)
        assert frame.locator("body").inner_text() == looks, "it says nothing of anybody"
        expect(frame.locator(".log > div")).to_have_count(0)
        assert stored() == before
        # And who tried is a stranger like any other.
        address(frame)
        say(frame, "It is me")
        delivered(frame, "It is me")
        expect(frame.locator(".log > div")).to_have_count(1)
        heard_nothing_of_her(heard)
    kept_as_it_was(before)
    assert Message.objects.get(text="It is me").ticket_id != hers.ticket.pk


def test_her_ids_in_his_browser_open_nothing(hers: Hers, house: House, shop: Shop, chromium: Browser) -> None:
    question = Message.objects.get(text="CANARY asks")
    file = Attachment.objects.create(
        message=question, ticket=hers.ticket, filename="CANARY.txt", content_type="text/plain", size=1, sha256="0" * 64
    )
    digest, thread = VisitorKey.objects.get().digest, hers.visitor.thread
    ids = {"visitor": thread, "thread": thread, "ticket": hers.ticket.pk, "conversation": question.conversation_id,
           "subject": "7"}  # fmt: skip
    query = "?" + "&".join(f"{name}={value}" for name, value in {**ids, "secret": digest}.items())
    with street(chromium) as (page, heard):
        frame = visit(page, shop)
        address(frame)
        say(frame, "His own")
        delivered(frame, "His own")
        before = stored()
        # In the address and the body of what he asks, and of what he says.
        places = [cursor_of(one) for one in Message.objects.filter(ticket=hers.ticket)]
        asked = {
            "sync": {**ids, "after": 0, "seen": places, "got": places}, "history": {**ids, "before": 2**50},
            "file": {**ids, "id": str(file.public_id)}, "typing": {**ids, "draft": "x"}, "rating": {**ids, "score": 1},
        }  # fmt: skip
        statuses = {what: ask_in(frame, what, query=query, **said)[0] for what, said in asked.items()}
        assert statuses == {"sync": 200, "history": 200, "file": 403, "typing": 200, "rating": 422}
        assert dial_in(frame, query=query) == '{"kind":"hello"}', "his own line, whatever its address says"
        for shown in (thread, digest, thread.ljust(43, "A"), digest[:43]):
            status, body = ask_in(frame, "sync", secret=shown, query=query, **ids)
            assert status == 403 or '"known": false' in body
            dial_in(frame, query=query, offered=[f"secret.{shown}", f"visitor.{thread}", f"ticket.{hers.ticket.pk}"])
        assert stored() == before
        # With her message's own name he says something of his own.
        status, _ = ask_in(frame, "message", query=query, client=question.external_id, text="Hers now?", **ids)
        assert status == 200
        hers.answered(house.olena, "CANARY hears more")
        page.wait_for_timeout(500)
        heard_nothing_of_her(heard)
        # In his storage, on the next page.
        for shown in (thread, digest, thread.ljust(43, "A")):
            put_secret(frame, shown)
            land(page, shop.url)
            frame = frame_of(page)
            frame.wait_for_selector("#text:visible")
            page.wait_for_timeout(500)
            expect(frame.locator(".log > div")).to_have_count(0)
        heard_nothing_of_her(heard)
    assert Message.objects.get(text="Hers now?").ticket_id != hers.ticket.pk
    kept_as_it_was({name: rows for name, rows in before.items() if name not in ("Ticket", "UnseenReplies")})
    assert list(Message.objects.filter(ticket=hers.ticket).order_by("pk").values_list("text", flat=True)) == [
        "CANARY asks", "CANARY is answered", "CANARY hears more"
    ]  # fmt: skip


def a_strangers(page: Page, shop: Shop) -> Frame:
    """The widget as it looks to somebody of whom nothing is known."""
    frame = visit(page, shop)
    frame.locator(".status", has_text="Nobody is here").wait_for()
    expect(frame.locator(".log > div")).to_have_count(0)
    return frame


def test_a_token_or_a_browsers_key_used_again_after_she_left(
    hers: Hers, house: House, shop: Shop, chromium: Browser
) -> None:
    over = int(time.time()) - 48  # which counts for 12 seconds more
    short, early = hers.new_token(exp=over), hers.new_token()
    hers.page.evaluate("token => helpdesk.identify(token)", short)
    until(hers.page, lambda: UsedToken.objects.count() == 2)
    hers.page.evaluate("helpdesk.logout()")
    until(hers.page, lambda: not VisitorKey.objects.exists())
    hers.page.goto("about:blank")
    hers.heard.forget()
    before = stored()
    # Whoever sits down at her browser next has what its pages held: the tokens, and with more trouble the secret.
    frame = a_strangers(hers.page, shop)
    assert identifies(hers.page, hers.token, short) == [[403, "refused"]] * 2
    with street(chromium) as (page, heard):
        for where in (frame, a_strangers(page, shop)):
            for token in (hers.token, short):
                assert ask_in(where, "identity", secret=hers.secret, token=token)[0] == 403
            status, body = ask_in(where, "sync", secret=hers.secret)
            assert status == 200 and '"known": false' in body
            assert ask_in(where, "history", secret=hers.secret, before=2**50)[0] == 403
            assert dial_in(where, offered=[f"secret.{hers.secret}"]) == '{"kind":"hello"}', "as one who never spoke"
            put_secret(where, hers.secret)
        for one in (hers.page, page):
            a_strangers(one, shop)
        # Changed twice, the secret signs for nobody any more; and what is over stays so.
        for _ in range(2):
            renew_secret(hers.connection.channel_id, by=house.adam)
        page.wait_for_timeout(max(0, (over + 61 - time.time()) * 1000))
        assert identifies(page, early, short) == [[403, "refused"]] * 2
        reply(hers.ticket.pk, by=house.olena, text="CANARY was gone by then")
        page.wait_for_timeout(500)
        heard_nothing_of_her(heard)
        heard_nothing_of_her(hers.heard)
    kept_as_it_was({name: rows for name, rows in before.items() if name != "Ticket"})
    assert not VisitorKey.objects.filter(visitor=hers.visitor).exists()


_TRESPASS = """async ([helpdesk, key, origin, pass, secret]) => {
  const frame = (what, policy) => new Promise((done) => {
    const made = document.createElement('iframe');
    made.referrerPolicy = policy;
    made.onload = () => done();
    made.src = `${helpdesk}/widget/${key}/${what}/?origin=${encodeURIComponent(origin)}&lang=en`;
    document.body.append(made);
  });
  for (const what of ['frame', 'ask']) for (const policy of ['no-referrer', 'unsafe-url']) await frame(what, policy);
  const headers = {'X-Chat-Pass': pass, Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json'};
  const asked = await fetch(`${helpdesk}/widget/${key}/sync/`, {method: 'POST', body: '{}', headers, credentials: 'include'})
    .then(() => 'read', () => 'blocked');
  const line = new WebSocket(helpdesk.replace('http', 'ws') + '/ws/chat/',
    ['helpdesk.chat.v1', `key.${key}`, `pass.${pass.replaceAll(':', '~')}`, `secret.${secret}`]);
  const dialled = await new Promise((done) => { line.onopen = () => done('open'); line.onclose = () => done('refused'); });
  return [asked, dialled];
}"""


def test_a_page_of_an_origin_that_is_not_listed_opens_nothing_in_her_own_browser(
    live_stack: LiveStack, hers: Hers, shop: Shop
) -> None:
    hers.page.goto("about:blank")
    hers.heard.forget()
    before = stored()
    key, shown = hers.connection.key, write_pass(door_for(hers.connection.key, shop.url))
    with open_shop() as elsewhere:
        elsewhere.embed(live_stack.url, key, policy=False)
        # The same host, so that storage and cookies of her frame are within reach, were it let in.
        page = hers.page
        page.goto(elsewhere.url)
        page.wait_for_function("Boolean(window.helpdesk?.open)")
        page.evaluate("token => { helpdesk.identify(token); helpdesk.open('talk'); }", hers.new_token())
        page.wait_for_timeout(1000)
        assert page.locator("helpdesk-widget").count() == 0
        assert [frame.url for frame in page.frames] == [f"{elsewhere.url}/"]
        assert hers.heard.lines == []
        # Nor does what the script does not do: our frames in its page, with the truth about it and without, and, had it
        # come by her secret and a pass, asking and dialling.
        said = page.evaluate(_TRESPASS, [live_stack.url, key, shop.url, shown, hers.secret])
        assert said == ["blocked", "refused"]
        framed = page.frames[1:]
        assert len(framed) == 4
        assert [frame.url for frame in framed if frame.locator("#settings").count()] == []
        assert hers.heard.frames == [] and len(hers.heard.lines) == 1
        assert not [one for one in hers.heard.bodies if "/sync/" in one]
        heard_nothing_of_her(hers.heard)
    assert stored() == before
