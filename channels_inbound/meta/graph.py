"""Calling the Graph API, and what its refusals mean."""

from __future__ import annotations

from typing import Any

from channels_inbound.hooks.provider import Account, SendError, retry_after
from channels_inbound.hooks.reading import line, number, text, thing, things
from people.http_client import Answer, Unanswered

TRANSIENT = frozenset({
    1, 2, 4, 17, 32, 613, 80007, 130429, 131048, 131056, 133016, 131064, 131000, 131016, 131057, 135000,
})  # fmt: skip
AUTH = frozenset({0, 3, 102, 190, 131005, 131030, 131031, 131042, 131045, 368, *range(200, 300)})
RECIPIENT = frozenset({551, 131026, 1545041})
POLICY = frozenset({131047, 131049, 131050})
WINDOW_SUBCODES = frozenset({2018278, 2534022})
# They want no more marketing: whatever else we answer stays allowed.
NO_MARKETING = 131050
# A test number writes to those on its list only: said of one recipient.
ALLOW_LIST = 131030
# A second message to the same person has to wait six seconds, which keeps nobody else waiting; a number called too
# eager, longer. The limits of an app, a page or a number come without a hint mostly.
PAIR = 131056
EAGER = 131048
WAITS = {PAIR: 6.0, EAGER: 600.0, 131049: 86_400.0} | dict.fromkeys((4, 17, 32, 613, 80007, 130429, 131064), 60.0)
# The page may write to nobody for a while.
RESTRICTED = 1893063


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
    if code == 10 and subcode == RESTRICTED:
        return SendError("policy", said, alarm=True)
    if code in POLICY:
        return SendError("policy", said, stops="marketing" if code == NO_MARKETING else "")
    if code in RECIPIENT or subcode in RECIPIENT:
        return SendError("recipient", said, refuses="unreachable")
    if code in TRANSIENT or error.get("is_transient") is True or (code is None and answer.status >= 500):
        wait = retry_after(answer) or WAITS.get(code or 0)
        return SendError("transient", said, wait=wait, theirs=code == PAIR, alarm=code == EAGER)
    if code == 10 or code in AUTH or (code is None and answer.status in (401, 403)):
        return SendError("auth", said)
    if answer.status == 429:
        return SendError("transient", said, wait=retry_after(answer) or 60.0)
    return SendError("permanent", said)


def status_error(status: dict[str, Any]) -> SendError:
    """What a failed status says: by its code, as a refused call would. Nobody asks for it again."""
    error = next(things(status, "errors"), {})
    code = number(error, "code")
    said = line(error, "error_data", "details", most=400) or line(error, "message") or line(error, "title")
    said = said or "the provider says that it was not delivered"
    if code in AUTH and code != ALLOW_LIST:
        return SendError("auth", said)
    if code in RECIPIENT:
        return SendError("recipient", said, refuses="unreachable")
    return SendError("permanent", said, stops="marketing" if code == NO_MARKETING else "", alarm=code == EAGER)


def sent_id(body: dict[str, Any]) -> str:
    """The id of what was sent, by either product."""
    found = text(body, "message_id") or text(next(things(body, "messages"), {}), "id") or text(body, "id")
    if not found:
        raise Unanswered("the provider took it without an id")
    return found
