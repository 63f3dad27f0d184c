"""A shop with two teams, and in each team one of everything a page could show, marked with that team's own word."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from functools import cache
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from assistant.models import Bot
from channels_inbound.email.headers_out import POLICY
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import (
    CallImport,
    Connection,
    DemoMail,
    DkimKey,
    FetchedMail,
    Mailbox,
    OutgoingServer,
    PushSubscription,
    RawDelivery,
    RawState,
)
from channels_inbound.raw import store_raw
from commerce.models import OrderImport, Shop
from events.delivery import drain
from events.statements import prepared
from livechat.channels import create_chat_channel
from livechat.doors import door_for
from livechat.models import Greeting
from livechat.talk import say
from livechat.visitors import digest_of, visitor_begins, visitor_claims
from metrics.models import (
    Annotation,
    BusinessCalendar,
    FollowUp,
    Policy,
    Survey,
    SurveyAnswer,
    Voucher,
    VoucherPool,
    Webhook,
)
from metrics.rules import ensure_defaults
from people.models import Agent, Brand, BrandLogo, Identity, Membership, Role, Team
from privacy.models import RetentionRule
from tests.channels_inbound.mails import make_mail, raw_mail
from tests.people import NOW, House, freshness, make_agent, make_house, our_tables
from tickets import actions
from tickets.actions import delivery
from tickets.files import inline_picture_url
from tickets.models import (
    Attachment,
    Call,
    Channel,
    CustomStatus,
    Macro,
    MacroText,
    Message,
    Participant,
    SavedView,
    Secret,
    Ticket,
    TicketField,
)
from tickets.sensitive.keeping import sealed

SUPPORT_WORD, RETURNS_WORD = "kanarek7391", "slowik5528"


@dataclass
class Corner:
    """What one team has: ids to put into addresses, and the word nobody else may read."""

    word: str
    team: Team
    channel: Channel
    ids: dict[str, Any] = field(default_factory=dict)


@dataclass
class World:
    house: House
    support: Corner
    returns: Corner
    people: dict[str, Agent]


def make_world() -> World:
    """Both teams full. Olena and Mallory are their agents, Marta and Petro manage them, Vera and Vlad look on."""
    house = make_house()
    people = {
        "admin": house.adam, "agent": house.olena, "viewer": house.vera, "outsider": house.mallory,
        "manager": make_agent("Marta", role=Role.MANAGER, team=house.support),
        "outside manager": make_agent("Petro", role=Role.MANAGER, team=house.returns),
        "outside viewer": make_agent("Vlad", role=Role.VIEWER, team=house.returns),
        # In no team: sees what belongs to no team, and nothing else.
        "loose agent": make_agent("Lucy"),
        "light": make_agent("Lena", role=Role.LIGHT, team=house.support),
        "outside light": make_agent("Leo", role=Role.LIGHT, team=house.returns),
        # See only what is assigned to them, which is nothing here, whatever team they are of.
        "contractor": make_agent("Cora", role=Role.CONTRACTOR),
        "own contractor": make_agent("Carl", role=Role.CONTRACTOR, team=house.support),
        # Of the team, but only for the other team's channel.
        "limited agent": make_agent("Liam", team=house.support, channels=[house.other_channel.pk]),
        "switched off": make_agent("Otto", team=house.support),
    }  # fmt: skip
    support = Corner(SUPPORT_WORD, house.support, house.channel)
    returns = Corner(RETURNS_WORD, house.returns, house.other_channel)
    fill(support, house.olena, house.ben)
    fill(returns, house.mallory, people["outside manager"])
    Membership.objects.get_or_create(agent=people["manager"], team=house.support)
    return World(house, support, returns, people)


def fill(corner: Corner, agent: Agent, other: Agent) -> None:
    """One of everything."""
    word, ids = corner.word, corner.ids
    first = _bring_in(corner, _mail(word, corner.channel.address, "first"))
    ticket = Ticket.objects.get(pk=first.ticket_id)
    ids |= {"ticket": ticket.pk, "message": first.pk, "customer": ticket.customer_id}
    note_file = _upload(ticket, agent, f"{word}-note.png", picture())
    note = actions.add_note(ticket.pk, by=agent, text=f"{word} in a note", attachments=[note_file.public_id])
    sent = actions.reply(ticket.pk, by=agent, text=f"{word} in a reply", undo_seconds=0)
    _stranger(corner, sent)
    failed = actions.reply(ticket.pk, by=agent, text=f"{word} failed", undo_seconds=0)
    unknown = actions.reply(ticket.pk, by=agent, text=f"{word} unknown", undo_seconds=0)
    for claimed in delivery.claim_replies(10, at=timezone.now()):
        {sent.pk: _accept, failed.pk: _fail, unknown.pk: _lose}[claimed.message_id](claimed.message_id, claimed.attempt)
    waiting = actions.reply(ticket.pk, by=agent, text=f"{word} waits", undo_seconds=3000)
    tomorrow = timezone.now() + timedelta(days=1)
    later = actions.reply(ticket.pk, by=agent, text=f"{word} later", send_at=tomorrow, hold_on_answer=False)
    ids["later"] = later.pk
    actions.save_draft(ticket.pk, by=agent, kind="outbound", text=f"{word} in a draft", recipients={}, revision=0)
    actions.assign_ticket(ticket.pk, by=other, assignee=agent)
    upload = _upload(ticket, agent, f"{word}-draft.txt", word.encode())
    stuck = RawDelivery.objects.get(pk=store_raw(
        [corner.channel.pk], transport="smtp", envelope={"mail_from": f"{word}@q.example"},
        content=_mail(word, corner.channel.address, "stuck"))[0])  # fmt: skip
    RawDelivery.objects.filter(pk=stuck.pk).update(state=RawState.QUARANTINED, reason=f"{word} too slow")
    demo = DemoMail.objects.create(
        message=sent, mail_from=corner.channel.address, rcpt_tos=[f"{word}@customer.example"], subject=f"Re: {word}",
        content=b"From: a@b.example\r\nSubject: Re: " + word.encode() + b"\r\n\r\n" + word.encode())  # fmt: skip
    connected = _connection(corner, word)
    call = Call.objects.create(
        channel=corner.channel, external_id=f"{word}-call", direction="in", outcome="missed", number="+380671110022",
        note=f"{word} said", started_at=timezone.now(), callback_at=timezone.now(),
    )  # fmt: skip
    log_file = storages["attachments"].save(f"imports/{word}.log", ContentFile(b"a,b\n1,2\n"))
    log = CallImport.objects.create(
        channel=_line(corner), filename=f"{word}.csv", stored_as=log_file, kind="table", zone="UTC", region="UA"
    )
    mailbox = Mailbox.objects.create(
        channel=corner.channel, is_active=False, host=f"{word}.example", username=f"{word}@mailbox.example", secret=""
    )
    folded = _bring_in(corner, raw_mail(
        From=f"{word} Bauer <{word}@customer.example>", To=corner.channel.address, Message_ID=f"<folded-{word}@customer.example>",
        Subject=f"Re: {word}", text=f"New {word}.\n\nOn Tue, 3 Nov 2026, 12:30 Shop, <{corner.channel.address}> wrote:\n> Old {word}.\n"))  # fmt: skip
    asking = Mailbox.objects.create(
        channel=corner.channel, is_active=False, host=f"{word}.example", username=f"{word}-asks", secret="",
        auth="oauth", authorize_url="https://sign-in.example/", token_url="https://sign-in.example/", client_id="x",
    )  # fmt: skip
    half = RawDelivery.objects.get(pk=store_raw(
        [corner.channel.pk], transport="imap", envelope={"incomplete": True},
        content=_mail(word, corner.channel.address, "half"))[0])  # fmt: skip
    RawDelivery.objects.filter(pk=half.pk).update(state=RawState.QUARANTINED, reason=f"{word} too large")
    FetchedMail.objects.create(mailbox=mailbox, epoch=0, uid=1, digest=b"", delivery=half)
    ids["folded"] = folded.pk
    PushSubscription.objects.create(
        agent=agent, endpoint=f"https://push.example/told-{word}", p256dh="x", auth="x", session_key="x", created_at=NOW
    )
    ids["rule"] = RetentionRule.objects.create(kind="raw", channel=corner.channel, days=365, saved_at=timezone.now()).pk
    ids["secret"] = Secret.objects.create(message=folded, kind="key", secret=sealed(word)).pk
    twin, merged = (
        _bring_in(corner, _mail(word, corner.channel.address, name)).ticket_id for name in ("twin", "merged")
    )
    ids |= {"twin": twin, "merged": merged}
    courier = f"{word}@courier.example"
    asked = actions.ask_aside(
        ticket.pk, by=agent, to=[courier], text=f"{word} aside", confirmed=[courier], undo_seconds=3000
    )
    ids["aside"] = asked.conversation_id
    ids["relocation"] = actions.merge_ticket(merged, by=agent, into=twin).pk
    outer = make_mail(
        From=f"{word} Bauer <{word}@customer.example>",
        To=corner.channel.address,
        Message_ID=f"<outer-{word}@customer.example>",
    )
    outer.add_attachment(message_from_bytes(_mail(word, corner.channel.address, "inner"), policy=POLICY))
    ids["mail"] = Attachment.objects.get(message=_bring_in(corner, outer.as_bytes())).public_id
    Identity.objects.filter(customer=ticket.customer_id).update(hard_bounces=1)
    reached = Identity.objects.create(customer=ticket.customer, kind="email", value=f"{word}.too@customer.example")
    ids["way"] = f"{corner.channel.pk}-{reached.pk}"
    ids["bounced"] = Identity.objects.filter(customer=ticket.customer_id).earliest("pk").pk
    ids |= _chat(corner)
    corner.channel.health, corner.channel.health_detail = "failing", f"{word} refused us"
    corner.channel.save()
    drain()
    file = Attachment.objects.filter(message=first, content_id="").get()
    inline = Attachment.objects.filter(message=first).exclude(content_id="").get()
    for name in ("first", word):
        saved = SavedView.objects.create(
            name=f"{word} {name}", team=corner.team, where={"text": [word]}, position=len(name)
        )
    ids["saved_view"] = saved.pk
    macro = Macro.objects.create(name=f"{word} macro", team=corner.team, tags=[f"macro {corner.team.pk}"])
    MacroText.objects.create(macro=macro, text=f"{word} in a macro")
    ids["macro"] = macro.pk
    own_field = TicketField.objects.create(name=f"Field {corner.team.pk}", key=f"field_{corner.team.pk}", kind="text")
    ids["own_field"] = own_field.pk
    ids["own_status"] = CustomStatus.objects.create(name=f"Status {corner.team.pk}", category="on_hold").pk
    brand = Brand.objects.create(name=f"Brand {corner.team.pk}", logo_key=uuid4())
    BrandLogo.objects.create(key=brand.logo_key, brand=brand, content=b"", content_type="image/png")
    ids["brand"] = brand.pk
    job = actions.start_bulk(
        actions.Selection(ids=[ticket.pk]), by=agent, do="tag", value=f"bulk {corner.team.pk}", client_id=uuid4()
    )
    actions.work_bulk(at=timezone.now(), job_id=job.pk)
    ids["bulk"] = job.pk
    given = actions.add_tag(ticket.pk, by=agent, name=f"given {corner.team.pk}")
    ids["change_made"] = given.recorded
    pending = Participant.objects.get(conversation__ticket=ticket, state="pending")
    OutgoingServer.objects.create(channel=corner.channel, position=0, host=f"{word}.first.example")
    domain = corner.channel.address.rpartition("@")[2]
    key = DkimKey.objects.get_or_create(
        domain=domain, selector="signs", defaults={"record": "p=x", "signs_since": NOW}
    )[0]
    server = OutgoingServer.objects.create(channel=corner.channel, position=1, host=f"{word}.example", username=word)
    ids |= _disappointed(corner, ticket)
    ids |= _shop(corner, agent)
    ensure_defaults()
    policy = Policy.objects.order_by("pk").first()
    assert policy is not None
    spare = BusinessCalendar.objects.get_or_create(
        name="Spare", defaults={"time_zone": "UTC", "weekly": [[[0, 1440]]] * 7}
    )
    hook, _new = Webhook.objects.get_or_create(name="Pager", defaults={"url": "https://pager.example/", "secret": ""})
    ids |= {"policy": policy.pk, "calendar": policy.calendar_id, "spare": spare[0].pk, "webhook": hook.pk}
    ids |= {
        "key": key.pk, "server": server.pk, "mailbox": mailbox.pk, "connected": connected.channel_id, "call": call.pk, "log": log.pk, "sent": sent.pk, "failed": failed.pk, "unknown": unknown.pk, "waiting": waiting.pk, "note": note.pk,
        "file": file.public_id, "picture": note_file.public_id, "upload": upload.public_id, "stuck": stuck.pk, "half": half.pk, "asking": asking.pk,
        "demo": demo.pk, "inline": inline_picture_url(inline.public_id).strip("/"), "team": corner.team.pk,
        "conversation": pending.conversation_id, "identity": pending.identity_id, "colleague": other.pk,
        "agent": agent.pk, "channel": corner.channel.pk,
    }  # fmt: skip


def _line(corner: Corner) -> Channel:
    return Channel.objects.create(
        kind="phone", name=f"Line {corner.channel.pk}", address=f"+38044{corner.channel.pk:07}", team=corner.team
    )


def _shop(corner: Corner, agent: Agent) -> dict[str, int]:
    """A shop of the whole house, with a file on its way in."""
    shop, _new = Shop.objects.get_or_create(name="Files", defaults={"key": "k" * 32})
    stored = storages["attachments"].save(f"imports/{corner.word}.csv", ContentFile(b"order_id,total\n1,2\n"))
    row = OrderImport.objects.create(shop=shop, by=agent, filename="orders.csv", stored_as=stored)
    return {"shop": shop.pk, "import": row.pk}


def _disappointed(corner: Corner, ticket: Ticket) -> dict[str, int]:
    """A low score of the corner's customer that waits for a lead."""
    survey, _new = Survey.objects.get_or_create(name="After help", defaults={"kind": "csat", "is_active": False})
    spare, _new = Survey.objects.get_or_create(
        name="Spare", defaults={"kind": "nps", "is_active": False, "position": 1}
    )
    now, by = timezone.now(), {"ticket": ticket, "customer_id": ticket.customer_id}
    answer = SurveyAnswer.objects.create(
        survey=survey, kind="csat", score=1, comment=f"{corner.word} never came", via="mail", answered_at=now,
        channel_id=corner.channel.pk, team_id=corner.team.pk, **by,
    )  # fmt: skip
    row = FollowUp.objects.create(answer=answer, team=corner.team, opened_at=now, due_at=now, **by)
    noted = Annotation.objects.create(day=now.date(), text=f"{corner.word} courier", team=corner.team)
    pool, new = VoucherPool.objects.get_or_create(name="Sorry")
    if new:
        Voucher.objects.bulk_create([Voucher(pool=pool, code=f"SORRY-{n}") for n in range(50)])
    return {
        "survey": survey.pk, "spare_survey": spare.pk, "follow_up": row.pk, "annotation": noted.pk, "pool": pool.pk,
    }  # fmt: skip


def _chat(corner: Corner) -> dict[str, int]:
    """A chat channel of the team and a ticket of a visitor there."""
    origin = f"https://{corner.word.lower()}.example"
    made, _ = create_chat_channel(
        name=f"Chat {corner.channel.pk}", team=corner.team, settings={"origins": [origin], "color": "#1f57d6"}
    )
    door = door_for(made.key, origin)
    visitor = visitor_begins(door, digest_of(corner.word.ljust(43, "x")[:43]), language="en")
    visitor_claims(visitor, name=f"{corner.word} Visitor", email=f"{corner.word}@visitor.example")
    said = say(door, visitor, client_id=uuid4(), text=f"{corner.word} in a chat", at=timezone.now())
    greeting = Greeting.objects.create(channel_id=made.channel_id, name=corner.word, texts={"en": corner.word})
    Bot.objects.create(channel=made.channel, when="out_of_hours")
    return {"chat": made.channel_id, "chat_ticket": said.ticket_id, "greeting": greeting.pk}


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return out.getvalue()


def signed_in(agent: Agent | None) -> Client:
    client = Client(raise_request_exception=False)
    if agent is not None:
        client.force_login(agent)
        session = client.session
        session.update(freshness(agent))
        session.save()
    return client


# What the mere asking changes.
_PASSING = {"people_agentsession", "people_idempotentrequest"}


@cache
def _digests() -> str:
    """One statement over all tables: hundreds of requests are looked at before and after."""
    return " UNION ALL ".join(
        f"SELECT '{table}', md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM \"{table}\" t"
        for table in our_tables()
        if table not in _PASSING
    )


def everything() -> dict[str, str | None]:
    """A digest of all rows of each of our tables, but for what the mere asking changes."""
    with prepared() as cursor:
        cursor.execute(_digests())
        return dict(cursor.fetchall())


def changed(before: dict[str, str | None], after: dict[str, str | None]) -> list[str]:
    return [table for table in before if before[table] != after[table]]


def _mail(word: str, to: str, name: str) -> bytes:
    mail = make_mail(
        From=f"{word} Bauer <{word}@customer.example>", To=f"{to}, {word}-copied@customer.example",
        Subject=f"About {word} {name}", Message_ID=f"<{name}-{word}@customer.example>", text=f"The {word} is missing.\n",
        html=f'<p>The <b>{word}</b> is missing. <img src="cid:pic"></p>',
    )  # fmt: skip
    mail.add_attachment(f"{word} inside".encode(), maintype="text", subtype="plain", filename=f"{word}.txt")
    mail.add_attachment(
        picture(), maintype="image", subtype="png", filename=f"{word}.png", cid="<pic>", disposition="inline"
    )
    return mail.as_bytes()


def _bring_in(corner: Corner, content: bytes) -> Message:
    [delivery_id] = store_raw([corner.channel.pk], transport="smtp", content=content, envelope={})
    drain_inbound()
    return RawDelivery.objects.get(pk=delivery_id).message  # type: ignore[return-value]


def _connection(corner: Corner, word: str) -> Connection:
    """A bot of the corner's, whose secret and words nobody else may see."""
    channel = Channel.objects.create(
        # Names and addresses of channels are known to the whole house.
        kind="telegram",
        name=f"Bot {corner.channel.pk}",
        address=f"bot-{corner.channel.pk}",
        team=corner.channel.team,
    )
    return Connection.objects.create(
        channel=channel, key=f"{word}-hook-key", provider="telegram", account=f"{word}-bot", verify_token=f"{word}-verify",
        trouble=f"{word} trouble",
    )  # fmt: skip


def _stranger(corner: Corner, sent: Message) -> None:
    """Somebody who holds our mail but takes no part."""
    address = corner.channel.address.replace("@", f"+{sent.reply_token}@")
    mail = make_mail(
        From=f"{corner.word} stranger <{corner.word}@elsewhere.example>", To=address, Subject="Re: it",
        Message_ID=f"<stranger-{corner.word}@elsewhere.example>", text=f"{corner.word} from a stranger\n",
    )  # fmt: skip
    store_raw([corner.channel.pk], transport="smtp", content=mail.as_bytes(), envelope={"rcpt_tos": [address]})
    drain_inbound()


def _upload(ticket: Ticket, agent: Agent, name: str, content: bytes) -> Attachment:
    return actions.upload_attachment(ticket.pk, by=agent, upload=SimpleUploadedFile(name, content), filename=name)


def _accept(pk: int, attempt: int) -> None:
    delivery.record_accepted(pk, attempt, at=timezone.now())


def _fail(pk: int, attempt: int) -> None:
    delivery.record_permanent_failure(pk, attempt, error="550 no", at=timezone.now())


def _lose(pk: int, attempt: int) -> None:
    delivery.record_unknown(pk, attempt, error="cut", at=timezone.now())
