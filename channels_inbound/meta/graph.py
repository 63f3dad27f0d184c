"""Calling the Graph API, and what its refusals mean."""

from __future__ import annotations

from typing import Any

from channels_inbound.hooks.provider import Account, SendError, retry_after
from channels_inbound.hooks.reading import line, number, text, thing, things
from people.http_client import Answer, Unanswered

TRANSIENT = frozenset({
    1, 2, 4, 17, 32, 613, 80007, 130429, 131048, 131056, 133016, 131064, 131000, 131016, 131053, 131057, 135000,
})  # fmt: skip
AUTH = frozenset({0, 3, 102, 190, 131005, 131030, 131031, 131042, 131045, 368, *range(200, 300)})
RECIPIENT = frozenset({551, 131026, 1545041})
POLICY = frozenset({131047, 131049, 131050})
WINDOW_SUBCODES = frozenset({2018278, 2534022})
STOPPED = 131050
# A second message to the same person has to wait six seconds; a number called too eager, longer.
WAITS = {131056: 6.0, 131048: 600.0, 131049: 86_400.0}


def bearer(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.secrets.get('token', '')}"}


def result(answer: Answer) -> dict[str, Any]:
    """The body of a call that went well. SendError says what a refusal means."""
    body = answer.json()
    if answer.ok and "error" not in body:
        if not body:
            raise Unanswered("the provider's answer cannot be read")
        return body
    raise refusal(thing(body, "error"), answer)


def refusal(error: dict[str, Any], answer: Answer) -> SendError:
    code, subcode = number(error, "code"), number(error, "error_subcode")
    said = line(error, "error_data", "details") or line(error, "error_user_msg") or line(error, "message", most=400)
    said = said or f"the provider answered {answer.status}"
    if subcode in WINDOW_SUBCODES:
        return SendError("policy", said)
    if code == 10 and subcode == 1893063:
        return SendError("policy", said)
    if code in POLICY:
        return SendError("policy", said, refuses="stopped" if code == STOPPED else "")
    if code in RECIPIENT or subcode in RECIPIENT:
        return SendError("recipient", said)
    if code in TRANSIENT or error.get("is_transient") is True or (code is None and answer.status >= 500):
        return SendError("transient", said, wait=retry_after(answer) or WAITS.get(code or 0))
    if code == 10 or code in AUTH or (code is None and answer.status in (401, 403)):
        return SendError("auth", said)
    if answer.status == 429:
        return SendError("transient", said, wait=retry_after(answer) or 60.0)
    return SendError("permanent", said)


def status_error(status: dict[str, Any]) -> tuple[str, str]:
    """What a failed status says, and whether they want nothing from us any more."""
    error = next(things(status, "errors"), {})
    said = line(error, "error_data", "details", most=400) or line(error, "message") or line(error, "title")
    return said or "the provider says that it was not delivered", "stopped" if number(error, "code") == STOPPED else ""


def sent_id(body: dict[str, Any]) -> str:
    """The id of what was sent, by either product."""
    found = text(body, "message_id") or text(next(things(body, "messages"), {}), "id") or text(body, "id")
    if not found:
        raise Unanswered("the provider took it without an id")
    return found
