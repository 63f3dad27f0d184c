"""The processes as they really run: readiness, one port, logs, and what a killed one does."""

from __future__ import annotations

import json
import smtplib
import time
import urllib.error
import urllib.request
from contextlib import suppress
from email.message import EmailMessage
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from people.tokens import create_token
from tests.people import make_agent, make_house
from tests.support.live import LiveStack
from tests.support.smtp_sink import STEPS, SmtpSink


def test_ready_names_every_part(live_stack: LiveStack) -> None:
    assert live_stack.ready() == {
        "ready": True, "web": "ok", "database": "ok", "redis": "ok", "durability": "ok", "worker": "ok", "mail": "ok",
    }  # fmt: skip


def test_not_ready_without_mail_but_ready_for_a_balancer(live_stack: LiveStack) -> None:
    live_stack.kill("mail")
    with pytest.raises(urllib.error.HTTPError) as refused:
        _wait_past_memory()
        urllib.request.urlopen(f"{live_stack.url}/readyz")
    assert refused.value.code == 503
    assert json.load(refused.value)["mail"] == "no answer"
    with urllib.request.urlopen(f"{live_stack.url}/readyz?role=web") as answer:
        assert answer.status == 200
    live_stack.revive()
    live_stack.wait_until_ready()


def test_request_id_is_handed_back_and_logged(live_stack: LiveStack) -> None:
    make_agent("Olena")
    request = urllib.request.Request(f"{live_stack.url}/accounts/login/", headers={"X-Request-Id": "trace-0123456789"})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["X-Request-Id"] == "trace-0123456789"
    lines = [json.loads(line) for line in (live_stack.log_dir / "web.log").read_text().splitlines()]
    mine = [line for line in lines if line.get("trace") == "trace-0123456789"]
    assert [(line["message"], line["status"]) for line in mine] == [("GET /accounts/login/", 200)]


def test_one_id_follows_a_mail_and_one_its_answer(live_stack: LiveStack, smtp_sink: SmtpSink) -> None:
    house = make_house()
    token, _ = create_token(house.olena, "test")
    time.sleep(3.1)  # what the listener remembers of its mailboxes
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "zoe@customer.example", house.channel.address, "Parcel"
    message.set_content("Where is it?")
    with smtplib.SMTP(*live_stack.smtp_address, timeout=10) as client:
        client.send_message(message)
    (stored,) = _wait_for_lines(live_stack, "mail", message="mail stored")
    (placed,) = _wait_for_lines(live_stack, "worker", message="mail new", trace=stored["trace"])

    answer = urllib.request.Request(
        f"{live_stack.url}/api/v1/tickets/{placed['ticket']}/messages/",
        data=json.dumps({"kind": "reply", "text": "Tomorrow.", "expected_sequence": 1}).encode(),
        headers={"Authorization": f"Token {token}", "Content-Type": "application/json", "X-Request-Id": "answer-0001"},
    )
    with urllib.request.urlopen(answer) as done:
        assert done.status == 201
    (asked,) = _wait_for_lines(live_stack, "web", trace="answer-0001")
    assert (asked["status"], asked["agent"]) == (201, house.olena.pk)
    smtp_sink.wait_for(1)
    (sent,) = _wait_for_lines(live_stack, "worker", message="reply accepted", trace="answer-0001")
    assert sent["attempt"] == 1
    logs = "".join((live_stack.log_dir / f"{name}.log").read_text() for name in ("web", "worker", "mail"))
    for private in (token, "Where is it?", "Tomorrow."):
        assert private not in logs


def _wait_for_lines(stack: LiveStack, process: str, **facts: Any) -> list[dict[str, Any]]:
    """The log lines of a process that hold these facts, once there is one."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        text = (stack.log_dir / f"{process}.log").read_text()
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        if found := [line for line in lines if facts.items() <= line.items()]:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{process}.log never said {facts}\n{stack.last_words()}")


def test_metrics_for_this_machine_only(live_stack: LiveStack) -> None:
    with urllib.request.urlopen(f"{live_stack.url}/metrics") as answer:
        text = answer.read().decode()
    assert "helpdesk_database_up 1\n" in text
    assert 'helpdesk_queue_length{queue="critical"}' in text
    assert 'helpdesk_http_request_seconds_bucket{le="+Inf"}' in text
    forwarded = urllib.request.Request(f"{live_stack.url}/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(forwarded)
    assert refused.value.code == 403


def test_a_browser_shows_the_login_page(browser_page: Page) -> None:
    make_agent("Olena")
    browser_page.goto("/accounts/login/")
    expect(browser_page.get_by_label("email")).to_be_visible()


def test_an_empty_helpdesk_leads_to_its_first_run(browser_page: Page) -> None:
    browser_page.goto("/accounts/login/")
    expect(browser_page.get_by_role("button", name="Start the helpdesk")).to_be_visible()


@pytest.mark.parametrize("step", STEPS)
def test_the_sink_fails_where_told_and_works_afterwards(smtp_sink: SmtpSink, step: str) -> None:
    """The tool of the delivery tests: it must be trusted before they are."""
    smtp_sink.fail(step)  # type: ignore[arg-type]
    outcomes = [_send(smtp_sink), _send(smtp_sink)]
    assert outcomes == (["sent", "sent"] if step == "quit" else ["failed", "sent"])
    assert len(smtp_sink.mails) == (2 if step in ("answer", "quit") else 1)


def _send(sink: SmtpSink) -> str:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Try"
    message.set_content("text")
    try:
        client = smtplib.SMTP(sink.host, sink.port, timeout=5)
        try:
            client.send_message(message)
        except (smtplib.SMTPException, OSError):
            return "failed"
        with suppress(smtplib.SMTPException, OSError):
            client.quit()
    except (smtplib.SMTPException, OSError):
        return "failed"
    return "sent"


def _wait_past_memory() -> None:
    """/readyz remembers each part for a second."""
    time.sleep(1.1)
