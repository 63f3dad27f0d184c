"""Cards, documents, passwords and keys in messages: masked wherever anything is shown or kept, seen only on purpose,
gone for good when somebody says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from channels_inbound.inbound import drain_inbound
from channels_inbound.models import DemoMail, RawBody
from channels_inbound.raw import store_raw
from channels_inbound.redacting import redacted_json, redacted_mail
from events.delivery import drain
from events.models import AuditEntry, Event, EventDelivery
from people.credentials import rotate_credentials
from people.models import CustomerNote, Role
from people.permissions import PermissionDenied
from privacy import redacting
from tests.channels_inbound.mails import make_mail
from tests.people import (
    NOW,
    House,
    events_of,
    mail,
    make_agent,
    make_house,
    open_ticket,
    receive,
    row_counts,
    signed_in,
)
from tests.privacy.test_erasing import holders
from tickets import actions
from tickets.actions.changes import message_edited
from tickets.actions.secrets import redact_secret, redact_text, reveal_secret
from tickets.errors import InvalidInput, NotFound
from tickets.ingest import ingest_batch
from tickets.models import Attachment, Draft, Message, Reminder, Secret, Ticket
from tickets.sensitive.masking import FoundSecret

pytestmark = pytest.mark.django_db
CARD, PASSWORD = "4242 4242 4242 4242", "Zimorodek-4410!"
BARE = CARD.replace(" ", "")
TEXT = f"Please charge {CARD} again.\nMy password: {PASSWORD}\n"


@pytest.fixture
def house(settings: Any, tmp_path: Path) -> House:
    settings.DATA_DIR = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "attachments": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "attachments")},
        },
    }
    return make_house()


@pytest.fixture
def lead(house: House) -> Any:
    return make_agent("Lena", role=Role.MANAGER, team=house.support)


def set_manner(house: House, manner: str) -> None:
    house.channel.secrets = manner
    house.channel.save(update_fields=["secrets"])


def bring_in(house: House, name: str = "first", **fields: Any) -> Message:
    fields = {
        "Subject": f"Card {CARD}",
        "text": TEXT,
        "html": f"<p>Charge <b>{CARD}</b>. Password: {PASSWORD}</p>",
    } | fields
    content = make_mail(Message_ID=f"<{name}@customer.example>", **fields).as_bytes()
    store_raw([house.channel.pk], transport="smtp", transport_key=name, content=content, envelope={})
    drain_inbound()
    return Message.objects.latest("pk")


def test_words_are_masked_before_anything_keeps_them(house: House) -> None:
    message = bring_in(house)
    assert message.subject == "Card •••• 4242"
    assert message.text.splitlines() == ["Please charge •••• 4242 again.", "My password: ••••"]
    assert "•••• 4242" in message.html
    assert (message.ticket.subject, message.ticket.preview) == (
        "Card •••• 4242", "Please charge •••• 4242 again. My password: ••••",
    )  # fmt: skip
    assert holders((CARD, BARE, PASSWORD.lower())) == ["channels_inbound.RawBody.content"]
    kept = list(Secret.objects.order_by("kind").values_list("kind", "ends", "going", "gone_at"))
    assert kept == [("card", "4242", False, None), ("password", "", False, None)]
    found = Event.objects.get(kind="secrets.found")
    assert found.data == {"message": message.pk, "kinds": {"card": 1, "password": 1}, "redacted": False}
    assert events_of(message.ticket_id)[:3] == ["ticket.opened", "message.received", "secrets.found"]


def test_a_mail_that_holds_nothing_leaves_nothing(house: House) -> None:
    ticket = open_ticket(house.channel, text="Order 4242424242424242 of yesterday")
    assert Message.objects.get().text == "Order 4242424242424242 of yesterday"
    assert not Secret.objects.exists()
    assert "secrets.found" not in events_of(ticket.pk)


def test_a_channel_may_leave_words_as_they_are(house: House) -> None:
    set_manner(house, "off")
    assert bring_in(house).text == TEXT.strip()
    assert not Secret.objects.exists()


def test_a_channel_may_take_them_out_for_good(house: House) -> None:
    set_manner(house, "redact")
    message = bring_in(house)
    assert Secret.objects.filter(going=True).count() == 2
    drain()
    assert holders((CARD, BARE, PASSWORD.lower())) == []
    assert list(Secret.objects.values_list("secret", "going").distinct()) == [("", False)]
    source = bytes(RawBody.objects.get(delivery__message=message).content)
    assert redacted_mail(source, [FoundSecret("card", CARD)]) == source, "what is left is a mail without them"
    assert b"Where is" not in source and b"From: Zoe Bauer" in source
    drain()
    assert EventDelivery.objects.exclude(state="done").count() == 0


def test_a_batch_hides_each_ones_own(house: House) -> None:
    ingest_batch([mail(house.channel, text=f"{n}: password: Secret-{n}{n}!") for n in range(5)])
    texts = Message.objects.order_by("pk").values_list("text", flat=True)
    assert list(texts) == [f"{n}: password: ••••" for n in range(5)]
    assert [one.message.text[0] for one in Secret.objects.order_by("message")] == list("01234")


def test_quotes_of_later_mails_are_masked_too(house: House) -> None:
    bring_in(house)
    later = bring_in(
        house, "second", text=f"Any news?\n\nOn Monday Zoe wrote:\n> Please charge {CARD} again.\n", html="",
        In_Reply_To="<first@customer.example>", Subject="Re: Card",
    )  # fmt: skip
    assert "4242 4242" not in later.text and "> Please charge •••• 4242 again." in later.text
    start, end = later.quoted[0]
    assert later.text[start:end].strip().startswith("On Monday Zoe wrote:")


def test_the_keys_of_the_house_may_change(house: House, lead: Any) -> None:
    bring_in(house)
    assert rotate_credentials()[1] == 0
    assert reveal_secret(Secret.objects.get(kind="card").pk, by=lead) == CARD


def test_without_keys_a_message_is_not_refused_and_nobody_sees_the_words(
    house: House, lead: Any, settings: Any
) -> None:
    settings.CREDENTIALS_KEYS = []
    bring_in(house)
    with pytest.raises(NotFound):
        reveal_secret(Secret.objects.get(kind="card").pk, by=lead)


def test_what_a_provider_says_was_edited_is_masked(house: House) -> None:
    ticket = open_ticket(house.channel, text="My card is coming")
    message = ticket.messages.get()
    assert message_edited(message.pk, f"My card is {CARD}", at=NOW)
    assert not message_edited(message.pk, f"My card is {CARD}", at=NOW)
    message.refresh_from_db()
    assert message.text == "My card is •••• 4242"
    assert Secret.objects.count() == 1
    assert holders((CARD,)) == []


# Seeing them


def test_whoever_may_sees_them_and_that_stays(house: House, lead: Any) -> None:
    message = bring_in(house)
    card = Secret.objects.get(kind="card")
    client = signed_in(lead)
    assert client.post(f"/secrets/{card.pk}/reveal/").json() == {"value": CARD}
    entry = AuditEntry.objects.get(kind="mask.lifted")
    assert (entry.actor_id, entry.ticket_id, entry.what) == (lead.pk, message.ticket_id, f"card {card.pk}")
    page = client.get(f"/tickets/{message.ticket_id}/", follow=True).content.decode()
    assert "Card number" in page and "•••• 4242" in page and CARD not in page and PASSWORD not in page


@pytest.mark.parametrize(("who", "status"), [("olena", 404), ("vera", 404), ("mallory", 404)])
def test_nobody_else_sees_or_takes_them_out(house: House, who: str, status: int) -> None:
    message = bring_in(house)
    client, before = signed_in(getattr(house, who)), row_counts()
    for card in Secret.objects.all():
        assert client.post(f"/secrets/{card.pk}/reveal/").status_code == status
        assert client.post(f"/secrets/{card.pk}/redact/").status_code == status
    assert client.post(f"/messages/{message.pk}/redact/", {"text": "Please charge"}).status_code == status
    assert client.get(f"/messages/{message.pk}/redacting/").status_code == 404
    assert client.get(f"/messages/{message.pk}/source/").status_code == 404
    assert row_counts() == before
    assert not Secret.objects.filter(going=True).exists()
    assert client.get(f"/tickets/{message.ticket_id}/", follow=True).content.decode().count(CARD) == 0


def test_another_teams_lead_finds_nothing(house: House) -> None:
    message = bring_in(house)
    stranger, before = make_agent("Ruth", role=Role.MANAGER, team=house.returns), row_counts()
    with pytest.raises(NotFound):
        reveal_secret(Secret.objects.get(kind="card").pk, by=stranger)
    with pytest.raises(NotFound):
        redact_secret(Secret.objects.get(kind="card").pk, by=stranger)
    with pytest.raises(NotFound):
        redact_text(message.pk, text="Please charge", by=stranger)
    assert row_counts() == before | {"people_agent": before["people_agent"]}


def test_the_source_is_for_those_who_may_see_what_is_masked(house: House, lead: Any) -> None:
    message = bring_in(house)
    assert signed_in(house.olena).get(f"/messages/{message.pk}/source/").status_code == 404
    assert signed_in(lead).get(f"/messages/{message.pk}/source/").status_code == 200
    plain = bring_in(house, "plain", text="Hello", html="", Subject="Hello")
    assert signed_in(house.olena).get(f"/messages/{plain.pk}/source/").status_code == 200


def test_the_page_costs_no_query_more(house: House, django_assert_num_queries: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client: Client = signed_in(house.olena)
    plain = open_ticket(house.channel, text="Nothing here")
    hiding = bring_in(house).ticket
    counts = []
    for ticket in (plain, plain, hiding):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(f"/tickets/{ticket.pk}/pane/")
        counts.append(len(queries))
    assert counts[1] == counts[2]


# Taking words out


WORDS = "Baker Street 221b, flat of my mother"


def fill(house: House) -> Message:
    """The words in everything that may hold them."""
    text = f"Do not tell anybody: {WORDS}.\n"
    message = bring_in(
        house, Subject=f"About {WORDS}", text=text, html="<p>Not <b>Baker</b> Street&nbsp;221b, flat of my mother</p>"
    )
    ticket = message.ticket
    bring_in(
        house, "second", text="Well?\n\nOn Monday Zoe wrote:\n> Do not tell anybody: Baker\n> Street 221b, flat of my mother.\n",
        html="", In_Reply_To="<first@customer.example>", Subject="Re: About it",
    )  # fmt: skip
    bring_in(house, "elsewhere", text=f"Once more: {WORDS}", html="", Subject="Another thing")
    actions.add_note(ticket.pk, by=house.ben, text=f"She lives at {WORDS}")
    actions.reply(ticket.pk, by=house.ben, text=f"We send it to {WORDS}", undo_seconds=3000)
    actions.save_draft(ticket.pk, by=house.olena, kind="outbound", text=WORDS, recipients={}, revision=1)
    Reminder.objects.create(ticket=ticket, agent=house.olena, text=WORDS, at=NOW)
    CustomerNote.objects.create(public_id="0" * 32, customer=ticket.customer, by=house.olena, text=WORDS, at=NOW)
    DemoMail.objects.create(
        message=ticket.messages.get(kind="outbound"), mail_from="a@shop.example", rcpt_tos=["z@customer.example"],
        subject=WORDS, content=make_mail(text=f"We send it to {WORDS}\n").as_bytes(),
    )  # fmt: skip
    drain()
    return message


LEFT = ("baker street 221b", "street 221b, flat", "flat of my mother")


def test_an_agent_takes_words_out_of_everything(house: House, lead: Any) -> None:
    message = fill(house)
    assert len(holders(LEFT)) >= 9
    redact_text(message.pk, text=f"  {WORDS}\n", by=lead)
    drain()
    assert holders(LEFT) == []
    message.refresh_from_db()
    assert message.text.strip() == "Do not tell anybody: ••••."
    assert message.ticket.messages.get(kind="note").text == "She lives at ••••"
    assert Draft.objects.get().text == "••••"
    event = Event.objects.get(kind="message.redacted")
    assert event.data.keys() == {"message", "kind", "also"} and event.data["message"] == message.pk
    assert "Baker" not in str(event.data)
    assert not Ticket.objects.exclude(preview__contains="Baker").filter(preview__contains="221b").exists()
    secret = Secret.objects.get()
    assert (secret.secret, secret.going, secret.gone_at is not None) == ("", False, True)
    assert not signed_in(house.olena).get("/search/?q=mother").content.count(b"msg-")
    assert b"Lena</b> took text out of a message for good" in signed_in(lead).get(
        f"/tickets/{message.ticket_id}/", follow=True
    ).content  # fmt: skip


def test_a_job_that_is_cut_off_goes_on(house: House, lead: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    message = fill(house)
    redact_text(message.pk, text=WORDS, by=lead)
    event = Event.objects.get(kind="message.redacted")

    def break_down(*_args: object, **_more: object) -> int:
        raise OSError("the machine is gone")

    with monkeypatch.context() as broken, pytest.raises(OSError):
        broken.setattr(redacting, "redact_copies", break_down)
        redacting.redact_everywhere(event)
    for _ in range(2):
        redacting.redact_everywhere(event)
    assert holders(LEFT) == []


def test_what_is_masked_is_taken_out_once(house: House, lead: Any) -> None:
    message = bring_in(house)
    card = Secret.objects.get(kind="card")
    client = signed_in(lead)
    for _ in range(2):
        assert client.post(f"/secrets/{card.pk}/redact/").status_code == 200
        drain()
    assert events_of(message.ticket_id).count("message.redacted") == 1
    assert holders((CARD, BARE)) == []
    assert client.post(f"/secrets/{card.pk}/reveal/").status_code == 404
    assert Secret.objects.get(kind="password").secret, "the other one is still there for those who may see it"


@pytest.mark.parametrize("text", ["", "Ba", "Baker Street 222", "aker Street 221b", "\x00\x00\x00\x00"])
def test_words_that_do_not_stand_there_change_nothing(house: House, lead: Any, text: str) -> None:
    message, before = fill(house), holders(LEFT)
    with pytest.raises(InvalidInput):
        redact_text(message.pk, text=text, by=lead)
    assert holders(LEFT) == before
    assert not Secret.objects.exists()


def test_a_reply_that_is_just_leaving_is_waited_for(house: House, lead: Any) -> None:
    message = fill(house)
    message.ticket.messages.filter(kind="outbound").update(outbox="sending")
    with pytest.raises(InvalidInput, match="just leaving"):
        redact_text(message.pk, text=WORDS, by=lead)
    with pytest.raises(PermissionDenied):
        redact_text(message.pk, text=WORDS, by=house.olena)


# Copies


def test_a_mail_is_written_anew_only_where_it_held_them() -> None:
    content = make_mail(text=f"card {CARD}\n", html=f"<p>{CARD}</p>", Subject=f"Card {CARD}").as_bytes()
    after = redacted_mail(content, [FoundSecret("card", CARD, "4242")])
    assert after is not None and CARD.encode() not in after and b"zoe@customer.example" in after
    assert redacted_mail(after, [FoundSecret("card", CARD, "4242")]) == after
    plain = make_mail(text="Hello\n").as_bytes()
    assert redacted_mail(plain, [FoundSecret("card", CARD, "4242")]) == plain


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: x\nX-Other: 4242 4242 4242 4242\n\nHello",
        b"Content-Type: application/octet-stream\n\n4242424242424242",
        b"Content-Type: text/plain\nContent-Transfer-Encoding: x-odd\nX-Card: 4242424242424242\n\n4242424242424242",
    ],
)
def test_a_mail_that_holds_them_elsewhere_goes_whole(content: bytes) -> None:
    assert redacted_mail(content, [FoundSecret("card", CARD)]) is None


def test_calls_of_providers_are_cleaned_as_what_they_are() -> None:
    secret = [FoundSecret("card", CARD, "4242")]
    assert (
        redacted_json(b'{"a": [{"text": "my 4242424242424242"}]}', secret)
        == '{"a": [{"text": "my •••• 4242"}]}'.encode()
    )
    assert redacted_json(b'{"a": 1}', secret) == b'{"a": 1}'
    assert redacted_json(b"Body=4242+4242+4242+4242", [FoundSecret("card", "Body=4242", "")]) is None


def test_files_stay_as_they_are(house: House, lead: Any) -> None:
    receive(house.channel, text="password: Secret-11!")
    assert not Attachment.objects.exists()
