"""Cards, documents, passwords and keys that our own people write, that names of files hold, and that links carry."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from channels_inbound.delivery import claim_replies
from channels_inbound.models import RawBody
from channels_inbound.redacting import redacted_mail
from events.delivery import drain
from events.models import AuditEntry
from people.models import Agent, CustomerNote, Role
from people.permissions import Permission
from people.roles import save_role
from people.tokens import create_token
from tests.channels_inbound.mails import make_mail
from tests.people import NOW, House, events_of, make_agent, make_house, open_ticket, receive, row_counts, signed_in
from tests.privacy.test_erasing import holders
from tests.privacy.test_secrets import bring_in, set_manner
from tickets import actions
from tickets.actions.changes import message_joined
from tickets.actions.customer_notes import note_customer
from tickets.actions.files import upload_attachment
from tickets.actions.secrets import redact_text, reveal_secret
from tickets.errors import MaskedWords, NotFound
from tickets.inbound import InboundAttachment
from tickets.models import Attachment, Message, Secret, Ticket
from tickets.sensitive.masking import FoundSecret
from tickets.templatetags.helpdesk_ui import linked

pytestmark = pytest.mark.django_db
CARD, BARE = "4242 4242 4242 4242", "4242424242424242"
IBAN = "DE89 3704 0044 0532 0130 00"
RESET = "https://bank.example/reset?token=9f8e7d6c5b4a3f2e1d"


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel)


# Notes


def test_a_note_keeps_nothing_in_clear(house: House, ticket: Ticket) -> None:
    text = f"She said card {CARD}, account {IBAN}, password: Kite-7731!"
    note = actions.add_note(ticket.pk, by=house.olena, text=text, html=f"<p>She said card <b>{CARD}</b>, {IBAN}</p>")
    assert note.text == "She said card •••• 4242, account •••• 3000, password: ••••"
    assert "•••• 4242" in note.html and CARD not in note.html
    assert holders((CARD, BARE, IBAN, "kite-7731!")) == []
    assert list(Secret.objects.order_by("kind").values_list("kind", "message")) == [
        ("card", note.pk), ("iban", note.pk), ("password", note.pk),
    ]  # fmt: skip
    assert events_of(ticket.pk)[-1] == "note.added"


def test_the_same_click_again_is_one_note_and_one_mask(house: House, ticket: Ticket) -> None:
    click = uuid4()
    written = [actions.add_note(ticket.pk, by=house.olena, text=f"card {CARD}", client_id=click) for _ in range(2)]
    assert written[0].pk == written[1].pk
    assert Secret.objects.count() == 1


@pytest.mark.parametrize(("manner", "text", "kept"), [("off", f"card {CARD}", 0), ("redact", "card •••• 4242", 1)])
def test_the_channel_says_what_becomes_of_it(house: House, ticket: Ticket, manner: str, text: str, kept: int) -> None:
    set_manner(house, manner)
    assert actions.add_note(ticket.pk, by=house.olena, text=f"card {CARD}").text == text
    assert Secret.objects.count() == kept
    assert not Secret.objects.exclude(secret="").exists()
    assert not Secret.objects.filter(going=True).exists()


def test_a_note_on_a_customer_keeps_none_at_all(house: House, ticket: Ticket) -> None:
    note_customer(ticket.customer_id, by=house.olena, text=f"Pays by {CARD}", client_id=uuid4())
    assert CustomerNote.objects.get().text == "Pays by •••• 4242"
    assert holders((CARD, BARE)) == []


# Replies


def test_a_card_never_leaves(house: House, ticket: Ticket) -> None:
    message = actions.reply(
        ticket.pk, by=house.olena, text=f"Is it {CARD}?", html=f"<p>Is it {CARD}?</p>", undo_seconds=0
    )
    assert (message.text, message.html) == ("Is it •••• 4242?", "<p>Is it •••• 4242?</p>")
    ticket.refresh_from_db()
    assert ticket.preview == "Is it •••• 4242?"
    assert holders((CARD, BARE)) == []
    [leaving] = claim_replies(5, at=timezone.now() + timedelta(seconds=1))
    assert leaving.message_id == message.pk and BARE not in f"{leaving.text}{leaving.html}".replace(" ", "")


def test_what_is_written_on_purpose_leaves_as_it_is(house: House, ticket: Ticket) -> None:
    text = f"Pay to {IBAN}. Your first password: Kite-7731! Then {RESET}"
    assert actions.reply(ticket.pk, by=house.olena, text=text).text == text
    assert not Secret.objects.exists()


def test_an_agent_is_asked_before_and_nothing_is_written_until_then(house: House, ticket: Ticket) -> None:
    client, before = signed_in(house.olena), row_counts()
    form = {"kind": "reply", "text": f"Is it {CARD}?", "client_id": str(uuid4()), "expected": "1"}
    asked = client.post(f"/tickets/{ticket.pk}/messages/", form)
    assert (asked.status_code, asked.json()["code"], asked.json()["masks"]) == (409, "masked_words", ["•••• 4242"])
    assert row_counts() == before
    again = client.post(f"/tickets/{ticket.pk}/messages/", form | {"confirmed": "•••• 4242"})
    assert again.status_code == 200
    assert Message.objects.get(kind="outbound").text == "Is it •••• 4242?"
    repeated = client.post(f"/tickets/{ticket.pk}/messages/", form | {"confirmed": "•••• 4242"})
    assert repeated.json()["message"] == again.json()["message"]


def test_who_has_agreed_to_one_is_asked_about_another(house: House, ticket: Ticket) -> None:
    with pytest.raises(MaskedWords) as asked:
        actions.reply(
            ticket.pk, by=house.olena, text=f"{CARD} or 4111 1111 1111 1111", confirmed=["•••• 4242"], ask_masks=True
        )
    assert asked.value.masks == ("•••• 1111",)


def test_what_is_passed_on_is_masked_too(house: House, ticket: Ticket) -> None:
    where = {"to": ["bank@post.example"], "confirmed": ["bank@post.example"]}
    with pytest.raises(MaskedWords):
        actions.forward(ticket.pk, by=house.olena, text=f"Card {CARD}", ask_masks=True, **where)
    assert not Message.objects.filter(kind="outbound").exists()
    assert actions.forward(ticket.pk, by=house.olena, text=f"Card {CARD}", **where).text == "Card •••• 4242"


def test_the_words_of_an_album_are_masked(house: House) -> None:
    message = Message.objects.get(pk=receive(house.channel, text="Look").message_id)
    assert message_joined(message.pk, f"my card {CARD}", files=1, at=NOW)
    message.refresh_from_db()
    assert message.text == "Look\nmy card •••• 4242"


# Names of files


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (f"card_{BARE}.jpg", "card_•••• 4242.jpg"),
        ("4242_4242_4242_4242.tar.gz", "•••• 4242.tar.gz"),
        (f"IBAN {IBAN}.pdf", "IBAN •••• 3000.pdf"),
        ("order_4242424242424242.pdf", "order_4242424242424242.pdf"),
        ("scan 2026-11-30.pdf", "scan 2026-11-30.pdf"),
    ],
)
def test_names_of_files(house: House, ticket: Ticket, name: str, shown: str) -> None:
    file = InboundAttachment(name, "application/pdf", 3, "a" * 64)
    message = Message.objects.get(pk=receive(house.channel, attachments=(file,)).message_id)
    assert Attachment.objects.get(message=message).filename == shown
    assert Secret.objects.filter(message=message).count() == int(name != shown)
    uploaded = upload_attachment(ticket.pk, by=house.olena, upload=io.BytesIO(b"abc"), filename=name)
    assert uploaded.filename == shown


def test_words_taken_out_go_from_names_too(house: House) -> None:
    lead = make_agent("Lena", role=Role.MANAGER, team=house.support)
    file = InboundAttachment("flat of my mother.pdf", "application/pdf", 3, "a" * 64)
    done = receive(house.channel, text="It is the flat of my mother", attachments=(file,))
    redact_text(done.message_id, text="flat of my mother", by=lead)
    assert Attachment.objects.get().filename == "••••.pdf"
    assert holders(("mother",)) == []
    mail = make_mail(text="See the file")
    mail.add_attachment(b"x", maintype="application", subtype="pdf", filename="flat of my mother.pdf")
    assert redacted_mail(mail.as_bytes(), [FoundSecret("chosen", "flat of my mother")]) is None


# Links


def test_a_link_that_opens_something_is_masked_and_leads_nowhere(house: House) -> None:
    html = f'<p>It does not work: <a href="{RESET}&amp;x=1">Reset</a>, <a href="https://shop.example/7">seven</a></p>'
    message = bring_in(house, text=f"It does not work: {RESET}\n", html=html, Subject="Help")
    assert message.text.strip() == "It does not work: https://bank.example/reset?token=••••"
    assert "9f8e7d6c" not in message.html and ">Reset</a>" in message.html
    assert message.html.count("href") == 1 and "https://shop.example/7" in message.html
    assert "<a" not in linked(message.text)
    assert "<a" in linked("https://shop.example/7")
    assert holders(("9f8e7d6c5b4a",)) == ["channels_inbound.RawBody.content"]


def test_a_link_hidden_behind_words_is_found(house: House) -> None:
    message = bring_in(house, text="Reset", html=f'<p><a href="{RESET}">Reset</a></p>', Subject="Help")
    assert "9f8e7d6c" not in message.html
    assert Secret.objects.get().kind == "key"
    set_manner(house, "redact")
    bring_in(house, "second", text="Reset", html=f'<p><a href="{RESET}0">Reset</a></p>', Subject="Help")
    drain()
    assert not any(b"9f8e7d6c5b4a3f2e1d0" in bytes(body.content) for body in RawBody.objects.all())


# Who may see an account


@pytest.fixture
def accounts(house: House) -> Secret:
    bring_in(house, text=f"Refund to {IBAN}, card {CARD}", html="", Subject="Refund")
    return Secret.objects.get(kind="iban")


def test_an_agent_sees_the_account_a_refund_goes_to_and_that_stays(house: House, accounts: Secret) -> None:
    client = signed_in(house.olena)
    page = client.get(f"/tickets/{accounts.message.ticket_id}/", follow=True).content.decode()
    assert page.count('data-cmd="reveal"') == 1 and IBAN not in page
    assert client.post(f"/secrets/{accounts.pk}/reveal/").json() == {"value": IBAN}
    entry = AuditEntry.objects.get(kind="mask.lifted")
    assert (entry.actor_id, entry.ticket_id, entry.what) == (
        house.olena.pk, accounts.message.ticket_id, f"iban {accounts.pk}",
    )  # fmt: skip


def test_the_card_beside_it_is_still_not_theirs(house: House, accounts: Secret) -> None:
    client, card, before = signed_in(house.olena), Secret.objects.get(kind="card"), row_counts()
    assert client.post(f"/secrets/{card.pk}/reveal/").status_code == 404
    assert client.get(f"/messages/{accounts.message_id}/source/").status_code == 404, "the card stands in the source"
    assert client.post(f"/secrets/{accounts.pk}/redact/").status_code == 404
    assert row_counts() == before


def test_where_only_an_account_is_masked_the_source_is_theirs(house: House) -> None:
    message = bring_in(house, text=f"Refund to {IBAN}", html="", Subject="Refund")
    assert signed_in(house.olena).get(f"/messages/{message.pk}/source/").status_code == 200


@pytest.mark.parametrize(
    ("role", "granted", "may"),
    [
        (Role.VIEWER, [], False), (Role.LIGHT, [], False), (Role.AGENT, [], True), (Role.MANAGER, [], True),
        ("custom", ["read_tickets", "read_team_tickets"], False),
        ("custom", ["read_tickets", "read_team_tickets", "reveal_accounts"], True),
        ("custom", ["read_tickets", "read_team_tickets", "reveal_secrets"], True),
    ],
)  # fmt: skip
def test_by_role(house: House, accounts: Secret, role: str, granted: list[str], may: bool) -> None:
    own = save_role(None, by=house.adam, name="Own", permissions=granted, channels=[]) if granted else None
    somebody = make_agent("Somebody", role=role, granted=granted, custom_role=own, team=house.support)
    before = row_counts()
    status = signed_in(somebody).post(f"/secrets/{accounts.pk}/reveal/").status_code
    assert status == (200 if may else 404)
    assert AuditEntry.objects.filter(kind="mask.lifted").count() == int(may)
    if not may:
        assert row_counts() == before


def test_another_teams_agent_sees_no_account(house: House, accounts: Secret) -> None:
    before = row_counts()
    assert signed_in(house.mallory).post(f"/secrets/{accounts.pk}/reveal/").status_code == 404
    with pytest.raises(NotFound):
        reveal_secret(accounts.pk, by=house.mallory)
    assert row_counts() == before


def test_a_contractor_sees_no_account_of_what_is_assigned_to_them(house: House, accounts: Secret) -> None:
    connie: Agent = make_agent("Connie", role=Role.CONTRACTOR, team=house.support)
    Ticket.objects.filter(pk=accounts.message.ticket_id).update(assignee=connie)
    assert signed_in(connie).post(f"/secrets/{accounts.pk}/reveal/").status_code == 404
    assert not connie.may(Permission.REVEAL_ACCOUNTS)
    assert not AuditEntry.objects.filter(kind="mask.lifted").exists()


# What this keeps away from elsewhere


def test_a_card_that_is_searched_for_does_not_stay_in_the_audit(house: House, ticket: Ticket) -> None:
    client = signed_in(house.olena)
    assert client.get("/search/", {"q": f"card {CARD}"}).status_code == 200
    assert AuditEntry.objects.get(kind="searched").what == "card •••• 4242"
    token = create_token(house.ben, "till", ("read",), 1)[0]
    answer = client.get("/api/v1/tickets/", {"q": f"card {CARD}"}, headers={"Authorization": f"Token {token}"})
    assert answer.status_code == 200
    assert holders((CARD, BARE)) == []


def test_three_digits_go_alone_and_out_of_nothing_longer(house: House, ticket: Ticket) -> None:
    html = '<p>CVV: 123, order <a href="https://shop.example/51234">51234</a></p>'
    message = actions.reply(ticket.pk, by=house.olena, text="CVV: 123, order 51234", html=html)
    assert message.text == "CVV: ••••, order 51234"
    assert "CVV: ••••" in message.html and "https://shop.example/51234" in message.html
