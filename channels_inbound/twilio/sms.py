"""SMS, and WhatsApp by Twilio: in, out and their receipts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.facts import Agreed, Echo, Fact, Heard, Ignored, Reachable, Receipt, RemoteFile
from channels_inbound.hooks.provider import (
    Account,
    Field,
    Hook,
    Listed,
    Malformed,
    Part,
    Provider,
    Reading,
    Seen,
    Template,
)
from channels_inbound.hooks.reading import ident, key_of, line, number, text, things
from channels_inbound.hooks.words import FORWARDED, language_of, spot_of, subject_of, worded
from channels_inbound.twilio.door import (
    AT_FIELD,
    FILES_AT,
    SENT_FIELD,
    TAG_FIELD,
    basic,
    body_with_tag,
    fields_of,
    listed,
    result,
    verify_twilio,
)
from channels_inbound.twilio.lists import list_messages, media_of
from channels_inbound.twilio.opting import wish_of
from channels_inbound.twilio.templates import MOST_PAGES, read_content
from people.http_client import HttpClient
from tickets.inbound import Address, InboundMessage
from tickets.kinds import Traits

CHAT = gettext_noop("Text message")
UNSHOWN = gettext_noop("A message of a kind that cannot be shown here (%(kind)s)")
PLACE = gettext_noop("Location: %(place)s")
ADVERT = gettext_noop("From an advertisement: %(what)s")
MOST_FILE = 5 * 1024 * 1024
FAILED = {"undelivered", "failed", "canceled"}


class TwilioMessages(Provider):
    """What both have in common."""

    account_field = "number"
    looks = True
    apis, file_hosts = FILES_AT
    guide = _("Enter the webhook address at the number's messaging settings, for incoming messages (HTTP POST).")

    def verify(self, hook: Hook, account: Account) -> None:
        verify_twilio(hook, account)

    def body_of(self, hook: Hook) -> bytes:
        return body_with_tag(hook)

    def answer(self, hook: Hook, account: Account) -> tuple[str, str]:
        # Answers are sent by the API, so that they are recorded.
        return "text/xml", "<Response/>"

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        return parse_message(fields_of(body), self.kind, reading)

    def send(self, part: Part, account: Account, http: HttpClient) -> str:
        prefix = "whatsapp:" if self.kind == "twilio_whatsapp" else ""
        to = part.to if part.to.startswith("+") else part.to.removeprefix("whatsapp:")
        fields = [
            ("To", prefix + to), ("From", prefix + account.account),
            ("StatusCallback", f"{account.hook_url}?tag={quote(part.tag)}"),
            *_content(part),
        ]  # fmt: skip
        url = f"{endpoint('twilio')}/2010-04-01/Accounts/{account.settings['account_sid']}/Messages.json"
        return str(result(http.post_form(url, fields, headers=basic(account)))["sid"])

    def locate(self, ref: Mapping[str, Any], account: Account, http: HttpClient) -> tuple[str, dict[str, str]]:
        return str(ref.get("url", "")), basic(account)

    def look(self, account: Account, since: datetime, http: HttpClient) -> Seen:
        prefix = "whatsapp:" if self.kind == "twilio_whatsapp" else ""
        return list_messages(account, prefix + account.account, since, http)

    def fetched(self, item: Listed, account: Account, http: HttpClient) -> str:
        fields = dict(item.fields)
        if count := number(fields, "NumMedia"):
            fields |= media_of(item.external_id, count, account, http)
        return urlencode(fields)

    def check(self, account: Account, http: HttpClient) -> str:
        url = f"{endpoint('twilio')}/2010-04-01/Accounts/{account.settings['account_sid']}.json"
        return line(result(http.get(url, headers=basic(account))), "friendly_name")


FIELDS = (
    Field("number", _("Number"), help=_("With country code, for example +380440000100.")),
    Field("account_sid", _("Account SID")),
    Field("auth_token", _("Auth token"), secret=True, many=True, help=_("It signs the webhooks and opens the API.")),
)  # fmt: skip


class Sms(TwilioMessages):
    """Files go as MMS, which only some numbers can send: the channel's settings say whether this one does."""

    traits = Traits(
        "sms", _("SMS"), icon="smartphone", max_text=1600, max_reply=4800, files=0, max_file=MOST_FILE, receipts=True,
        reached_by=("phone",), begins=True, thread="sms:{address}:{last}",
    )  # fmt: skip
    fields = (
        *FIELDS,
        Field("sends_files", _("The number sends MMS"), needed=False, flag=True,
              help=_("Then replies may carry files of up to 5 MB. Not every number can: see it at the provider.")),
    )  # fmt: skip


class TwilioWhatsApp(TwilioMessages):
    """What was approved goes by its ContentSid. SMS needs no template: it may be written at any time."""

    traits = Traits(
        "twilio_whatsapp", _("WhatsApp by Twilio"), icon="message-circle-more", window=timedelta(hours=24),
        max_text=1600, max_reply=8000, max_file=MOST_FILE, receipts=True,
        reached_by=("phone", "page_user:whatsapp:"), templates=True,
    )  # fmt: skip
    fields = FIELDS

    def templates(self, account: Account, http: HttpClient) -> list[Template]:
        found: list[Template] = []
        query = "PageSize=100"
        for _page in range(MOST_PAGES):
            body = listed(
                http.get(f"{endpoint('twilio_content')}/v1/ContentAndApprovals?{query}", headers=basic(account))
            )
            found += [one for item in things(body, "contents") if (one := read_content(item)) is not None]
            # Never the address the answer names: it would carry our token wherever it leads.
            query = urlsplit(text(body, "meta", "next_page_url", most=4000)).query
            if not query:
                break
        return found


def _content(part: Part) -> list[tuple[str, str]]:
    if part.template is not None:
        return _template(part.template)
    # Twilio takes no bytes: it fetches the file.
    return [("Body", part.text)] if part.file is None else [("MediaUrl", part.file.link())]


def _template(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was approved, with its variables by their names or places."""
    named, values = list(given.get("fields") or ()), list(given.get("values", ()))
    filled = {named[n] if n < len(named) else str(n + 1): value for n, value in enumerate(values)}
    variables = [("ContentVariables", json.dumps(filled, ensure_ascii=False))] if filled else []
    return [("ContentSid", str(given.get("id", ""))), *variables]


def parse_message(fields: Mapping[str, str], kind: str, reading: Reading) -> list[Fact]:
    """The facts of one form: a message, or how far one of ours came. Malformed."""
    sid = ident(fields, "MessageSid") or ident(fields, "SmsSid")
    status = text(fields, "MessageStatus", most=30)
    if not sid:
        raise Malformed("there is no MessageSid")
    if text(fields, SENT_FIELD, most=1):
        to = text(fields, "To", most=200).removeprefix("whatsapp:")
        words, at = text(fields, "Body").strip(), _said_at(fields, reading)
        return [Echo(sid, f"{kind}:{reading.account}:{to}", words, at, by_us=True)]
    if status and status != "received":
        return [_receipt(sid, status, fields, reading)]
    # A company may write under a name, with spaces in it.
    sender, to = line(fields, "From"), line(fields, "To")
    if not sender or not to:
        raise Malformed("a message without its sender or recipient")
    number_ = sender.removeprefix("whatsapp:")
    wish = wish_of(text(fields, "Body", most=100), text(fields, "OptOutType", most=10), chat=kind != Sms.traits.kind)
    if wish in ("STOP", "START"):
        at, stopped = reading.received_at, wish == "STOP"
        return [
            Reachable("phone", number_, "stopped" if stopped else "", at),
            Agreed("phone", number_, "messages", not stopped, at),
        ]
    if wish:
        return [Ignored(f"an opt-out word answered by the provider ({line(wish)})")]
    return [_heard(sid, number_, fields, kind, reading)]


def _receipt(sid: str, status: str, fields: Mapping[str, str], reading: Reading) -> Fact:
    tag = text(fields, TAG_FIELD, most=100)
    if status in FAILED:
        code = number(fields, "ErrorCode")
        error = line(fields, "ErrorMessage") or (f"error {code}" if code else status)
        return Receipt("failed", reading.received_at, sid, tag, error=error, refuses="stopped" if code == 21610 else "")
    if status in ("delivered", "read"):
        return Receipt(status, reading.received_at, sid, tag)
    return Ignored(f"a status that changes nothing ({line(status)})")


def _heard(sid: str, sender: str, fields: Mapping[str, str], kind: str, reading: Reading) -> Heard:
    count = min(number(fields, "NumMedia") or 0, 10)
    files = tuple(
        RemoteFile({"url": url}) for n in range(count) if (url := text(fields, f"MediaUrl{n}")).startswith("http")
    )
    named = ", ".join(p for p in (line(fields, "Label"), line(fields, "Address"), _spot(fields)) if p)
    place = worded(reading.locale, PLACE, place=named) if _spot(fields) else ""
    words = "\n".join(p for p in (text(fields, "Body").strip() or line(fields, "ButtonText"), place) if p)
    advert = line(fields, "ReferralHeadline") or line(fields, "ReferralBody") or line(fields, "ReferralSourceUrl")
    if not words and not files:
        words = worded(reading.locale, UNSHOWN, kind=line(fields, "MessageType", most=40) or "?")
    phone = sender.startswith("+")
    # Short numbers and names of companies: known again, and never answered.
    named = f"sms:{sender}" if kind == Sms.traits.kind else f"whatsapp:{sender}"
    scoped = ident(fields, "ExternalUserId")
    also = (("page_user", scoped),) if phone and scoped.startswith("whatsapp:") else ()
    message = InboundMessage(
        channel_id=reading.channel_id,
        dedupe_key=key_of("twilio", reading.channel_id, sid),
        external_id=sid,
        at=_said_at(fields, reading),
        received_at=reading.received_at,
        sender=Address(line(fields, "ProfileName") or sender, sender if phone else named),
        subject=subject_of(words, worded(reading.locale, CHAT)),
        text=words,
        identity_kind="phone" if phone else "page_user",
        verdict="pass",
        language=language_of(words, reading.locale),
        in_reply_to=ident(fields, "OriginalRepliedMessageSid"),
        thread_id=f"{kind}:{reading.account}:{sender}",
        also_known_as=also,
        timed_by_provider=True,
        about=worded(reading.locale, ADVERT, what=advert) if advert else _forwarded(fields, reading),
        files_to_come=len(files),
    )
    return Heard(message, files, text(fields, "ButtonPayload", most=1000))


def _said_at(fields: Mapping[str, str], reading: Reading) -> datetime:
    """When it came to us, as far as they say: what was found later says when it was sent."""
    seconds = number(fields, AT_FIELD)
    if seconds is None or not 10**9 < seconds < 4 * 10**9:
        return reading.received_at
    return min(datetime.fromtimestamp(seconds, UTC), reading.received_at)


def _spot(fields: Mapping[str, str]) -> str:
    try:
        return spot_of(float(fields.get("Latitude", "")), float(fields.get("Longitude", "")))
    except ValueError:
        return ""


def _forwarded(fields: Mapping[str, str], reading: Reading) -> str:
    passed_on = "true" in (fields.get("Forwarded", "").lower(), fields.get("FrequentlyForwarded", "").lower())
    return worded(reading.locale, FORWARDED) if passed_on else ""
