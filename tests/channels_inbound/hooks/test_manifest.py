"""The reference folder of payloads, all of it: what its manifest says signs each of them opens the door, a changed byte
does not; and what providers answer to us is of the class its contract names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from channels_inbound.email.parse import parse_email
from channels_inbound.hooks import registry
from channels_inbound.hooks.provider import Account, BadSignature, Hook, Part, Provider, SendError, Taken
from channels_inbound.mail_services import mailgun
from commerce import hooks as shop_hooks
from livechat.signed import BadToken, read_token
from people.http_client import Answer
from tests.channels_inbound.hooks.house import PAYLOADS, payload, payload_json
from tests.commerce.test_hooks import PAYLOADS as OF_SHOPS

MANIFEST: list[dict[str, Any]] = payload_json("manifest.json")
FORM = "application/x-www-form-urlencoded"
# The first beginning that fits says whose it is.
KINDS = {
    "instagram_comment": "ig_comments", "instagram": "instagram", "messenger": "messenger", "page_": "fb_comments",
    "whatsapp": "whatsapp", "x_": "x", "telegram": "telegram", "twilio_voice": "phone", "twilio_recording": "phone",
    "twilio_sms": "sms", "twilio_message": "sms", "twilio_whatsapp": "twilio_whatsapp", "aircall": "aircall",
    "postmark": "postmark", "mailgun": "mailgun",
}  # fmt: skip
SECRETS = {
    "meta_sha256": "app_secret", "x_sha256": "consumer_secret", "twilio_sha1": "auth_token",
    "body_token": "webhook_token", "mailgun_hex": "signing_key", "http_basic": "login",
}  # fmt: skip
OVER_THE_BODY = {"meta_sha256", "x_sha256", "twilio_sha1"}
# A minute after the samples that say when they were signed.
WHEN = 1795260160.0
BY_HOOK = [one for one in MANIFEST if one["scheme"] in {*SECRETS, "telegram_token"}]
BY_SHOP = [one for one in MANIFEST if one["scheme"] in ("shopify_b64", "woo_b64")]


def handler_of(name: str) -> Provider:
    found = registry.provider(next(kind for start, kind in KINDS.items() if name.startswith(start)))
    assert found is not None
    return found


def body_of(one: Mapping[str, Any]) -> bytes:
    content = payload(one["file"])
    return urlencode(json.loads(content)).encode() if one["file"].endswith(".form.json") else content


def account_of(one: Mapping[str, Any], body: bytes) -> Account:
    secrets = {SECRETS[one["scheme"]]: one["secret"]} if one["scheme"] in SECRETS else {}
    token = one["secret"] if one["scheme"] == "telegram_token" else ""
    sid = dict(parse_qsl(body.decode("utf-8", "replace"))).get("AccountSid", "")
    return Account(7, "", {"account_sid": sid}, secrets, verify_token=token)


def hook_of(one: Mapping[str, Any], body: bytes, headers: Mapping[str, str] | None = None) -> Hook:
    kind = one.get("content_type") or "application/json"
    given = {"content-type": kind} | {k.lower(): v for k, v in (one["headers"] if headers is None else headers).items()}
    url = one.get("url") or "https://desk.example.com/hooks/x/"
    form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True) if kind == FORM else []
    return Hook("POST", url, body, given, dict(parse_qsl(urlsplit(url).query)), form)


def changed(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.fixture(autouse=True)
def _then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailgun, "time", SimpleNamespace(time=lambda: WHEN))


def refused(handler: Provider, hook: Hook, account: Account) -> bool:
    try:
        handler.verify(hook, account)
    except BadSignature:
        return True
    return False


@pytest.mark.parametrize("one", BY_HOOK, ids=lambda one: one["file"])
def test_what_signs_it_opens_the_door_and_a_changed_byte_does_not(one: dict[str, Any]) -> None:
    body = body_of(one)
    handler, account = handler_of(one["file"]), account_of(one, body)
    handler.verify(hook_of(one, body), account)
    if one["scheme"] in OVER_THE_BODY:
        let_in = [n for n in range(len(body)) if not refused(handler, hook_of(one, changed(body, n)), account)]
        assert let_in == []
    for name, value in one["headers"].items():
        for wrong in ("", value[:-1], value + "0", *(changed(value.encode(), n).decode() for n in range(len(value)))):
            headers = one["headers"] | {name: wrong}
            # The name of a scheme has no case.
            assert refused(handler, hook_of(one, body, headers), account) or wrong.lower() == value.lower(), wrong
    other = one | {"secret": one["secret"][:-1] + "x"}
    assert refused(handler, hook_of(one, body), account_of(other, body)), "another connection's secret"
    assert refused(handler, hook_of(one, body, {}), account_of(one, body)) or not one["headers"]


@pytest.mark.parametrize(
    "name", ["aircall_call_ended.json", "aircall_call_missed.json", "mailgun_tracking_failed.json"]
)
def test_what_is_signed_in_the_body_is_looked_for_there(name: str) -> None:
    one = next(one for one in MANIFEST if one["file"] == name)
    body = body_of(one)
    content = json.loads(body)
    signed = content["signature"] if "signature" in content else {"token": content["token"]}
    for said in signed.values():
        begins = body.index(f'"{said}"'.encode()) + 1
        for place in range(begins, begins + len(said)):
            wrong = changed(body, place)
            assert refused(handler_of(name), hook_of(one, wrong), account_of(one, wrong)), place


@pytest.mark.parametrize("one", BY_SHOP, ids=lambda one: one["file"])
def test_shops_sign_every_byte(one: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_hooks, "secrets_of", lambda shop: [one["secret"]])
    body = (OF_SHOPS / one["file"]).read_bytes()
    kind = "shopify" if one["scheme"] == "shopify_b64" else "woocommerce"
    shop: Any = SimpleNamespace(pk=1, kind=kind, address=one["headers"].get("X-Shopify-Shop-Domain", "").lower())

    def believed(content: bytes, headers: Mapping[str, str]) -> bool:
        request: Any = SimpleNamespace(headers=headers)
        return shop_hooks._is_signed(request, shop, content)

    assert believed(body, one["headers"])
    assert not any(believed(changed(body, n), one["headers"]) for n in range(len(body)))
    name = next(n for n in one["headers"] if n.endswith(("Hmac-Sha256", "Signature")))
    value = one["headers"][name]
    for wrong in ("", value[:-1], *(changed(value.encode(), n).decode() for n in range(len(value)))):
        assert not believed(body, one["headers"] | {name: wrong})


def test_the_unsigned_ping_of_a_new_webhook_is_known() -> None:
    body = urlencode(json.loads((OF_SHOPS / "woo_ping.form.json").read_bytes())).encode()
    request: Any = SimpleNamespace(content_type=FORM)
    assert shop_hooks._is_ping(request, body) and not shop_hooks._is_ping(request, body + b"&order=1")


@pytest.mark.parametrize(
    "one", payload_json("handshakes.json"), ids=lambda one: f"{one['provider']}-{one['expect_status']}"
)
def test_handshakes(one: dict[str, Any]) -> None:
    handler = registry.provider("messenger" if one["provider"] == "meta" else one["provider"])
    assert handler is not None
    account = Account(7, "", {}, {"consumer_secret": one.get("secret", "")}, verify_token="verify-token-for-tests")
    hook = Hook("GET", "https://desk.example.com/hooks/", b"", {}, one["query"])
    if one["expect_status"] == 403:
        with pytest.raises(BadSignature):
            handler.handshake(hook, account)
        return
    answer = handler.handshake(hook, account)
    assert answer is not None
    if "expect_json" in one:
        assert (answer[0], json.loads(answer[1])) == ("application/json", one["expect_json"])
    else:
        assert answer == (one["content_type"], one["expect_body"])


class OneAnswer:
    """Somebody who answers this, whatever is asked."""

    def __init__(self, one: Mapping[str, Any]) -> None:
        headers = {name.lower(): str(value) for name, value in one["headers"].items()}
        self.answer = Answer(int(one["status"]), headers, payload(one["file"]))

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **values: self.answer


# What becomes of a reply: its id at the provider, or the class of the refusal and what it means.
OUTCOMES: dict[str, Any] = {
    "resp_messenger_sent.json": "m_AgentReply0010",
    "resp_graph_window_closed.json": {"kind": "policy"},
    "resp_graph_token_expired.json": {"kind": "auth"},
    "resp_graph_rate_limited.json": {"kind": "transient", "wait": 60.0},
    "resp_whatsapp_sent.json": Taken("wamid.OUTBOUND0001==", (("page_user", "whatsapp:UA.73510092837465501"),)),
    "resp_whatsapp_pair_rate.json": {"kind": "transient", "wait": 6.0, "theirs": True},
    "resp_telegram_sent.json": "telegram:7100000001:551230001:45",
    "resp_telegram_429.json": {"kind": "transient", "wait": 7.0},
    "resp_telegram_blocked.json": {"kind": "recipient", "refuses": "blocked"},
    "resp_x_dm_sent.json": "2090000000000000102",
    "resp_x_rate_limited.json": {"kind": "transient"},
    "resp_twilio_message_queued.json": "SM00000000000000000000000000000021",
    "resp_twilio_opted_out.json": {"kind": "policy", "refuses": "stopped"},
}
WHOSE = {"resp_graph": "messenger", "resp_twilio": "sms"}
THREADS = {"telegram": "telegram:551230001", "x": "x:1450000000000000001:1450000000000000002"}


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_what_a_provider_answers_is_of_its_class(name: str) -> None:
    one = next(one for one in MANIFEST if one["file"] == name)
    kind = next((kind for start, kind in WHOSE.items() if name.startswith(start)), name.split("_")[1])
    handler = registry.provider(kind)
    assert handler is not None
    account = Account(7, "7100000001" if kind == "telegram" else "1", {"account_sid": "AC1"}, {"token": "7100000001:t"})
    part = Part("msg:1.0.1", "+380671110022", THREADS.get(kind, f"{kind}:1:2"), text="Завтра!")
    http: Any = OneAnswer(one)
    expected = OUTCOMES[name]
    if not isinstance(expected, dict):
        assert handler.send(part, account, http) == expected
        return
    with pytest.raises(SendError) as error:
        handler.send(part, account, http)
    means = {n: v for n in ("kind", "wait", "refuses", "theirs") if (v := getattr(error.value, n))}
    assert {n: v for n, v in means.items() if n != "wait" or "wait" in expected} == expected


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("new", {"kind": "human", "verdict": "pass", "in_reply_to": None}),
        ("reply_gmail_uk", {"kind": "human", "verdict": "pass", "reply": "Дякую, фото надішлю ввечері."}),
        ("auto_reply", {"kind": "auto_reply", "silent": True}),
        ("dsn_bounce", {"kind": "bounce", "silent": True, "bounced": [("failed", "5.1.1")]}),
        ("list_unsubscribe", {"kind": "list", "silent": True}),
        ("spoofed", {"kind": "human", "verdict": "fail"}),
    ],
)
def test_what_a_mail_is(name: str, means: dict[str, Any]) -> None:
    mail = parse_email(payload(f"email_{name}.eml"), trusted_authserv_ids=["mx.shop.example.org"])
    found = {
        "kind": mail.kind, "verdict": mail.auth.dmarc, "in_reply_to": mail.in_reply_to, "reply": mail.reply_text.strip(),
        "silent": mail.suppress_auto_reply, "bounced": [(one.action, one.status) for one in mail.bounces],
    }  # fmt: skip
    assert {key: found[key] for key in means} == means


def test_a_signed_visitor_is_who_the_shop_says_and_no_changed_byte_is() -> None:
    said = payload_json("widget_identify_jwt.json")
    secret = next(one for one in MANIFEST if one["file"] == "widget_identify_jwt.json")["secret"]
    at = datetime.fromtimestamp(said["decoded_claims"]["iat"] + 60, UTC)
    identity = read_token(said["token"], [secret], audience="helpdesk-widget", at=at)
    assert (identity.subject, identity.name, identity.email) == ("cust_10042", "Olena Kovalenko", "olena@example.com")
    for place in range(len(said["token"]) - 1):  # of the last sign only some bits say anything
        with pytest.raises(BadToken):
            wrong = changed(said["token"].encode(), place).decode()
            read_token(wrong, [secret], audience="helpdesk-widget", at=at)


def unread() -> Iterator[str]:
    """What of the folder no test stands for, and why."""
    yield from ("magento_orders_poll.json", "resp_shopify_user_errors.json", "resp_shopify_throttled.json")  # not asked
    yield "widget_identify_hmac.json"  # visitors show tokens only


def test_every_payload_is_here() -> None:
    missing = [one["file"] for one in MANIFEST if not any((at / one["file"]).exists() for at in (PAYLOADS, OF_SHOPS))]
    assert sorted(missing) == sorted(unread())
