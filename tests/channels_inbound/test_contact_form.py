"""The contact form: what comes in and how, and what the guard turns away without asking anybody else."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from channels_inbound.contact_form import guard, pages
from channels_inbound.contact_form.guard import Refusal, is_worked, judge, new_token, work
from channels_inbound.contact_form.taking import set_contact_form
from channels_inbound.models import ContactForm
from events.doorbell import probe_client
from events.models import Event
from people.models import Claim, Identity, Trust
from people.permissions import PermissionDenied
from tests.people import House, events_of, make_house, open_ticket, row_counts
from tickets.actions.fields import archive_field, save_field
from tickets.errors import NotFound
from tickets.models import Attachment, FieldValue, Message, Ticket, TicketField

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def contact(house: House, monkeypatch: pytest.MonkeyPatch) -> ContactForm:
    monkeypatch.setattr(guard, "SOONEST", 0.0)
    return set_contact_form(
        house.channel.pk, by=house.adam, is_active=True, greeting="Hello!", origins=["https://shop.example"]
    )


def fields(contact: ContactForm, **more: Any) -> dict[str, Any]:
    html = Client().get(f"/contact/{contact.key}/", {"lang": "en"}).content.decode()
    found = re.search(r'name="token" value="([^"]+)"', html)
    assert found
    return {"name": "Zoe Bauer", "email": "Zoe@Customer.example", "phone": "067 111 00 22", "subject": "", "website": "",
            "text": "Where is my parcel?", "token": found[1], "work": work(found[1]), **more}  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh_counters() -> None:
    client = probe_client()
    for key in client.scan_iter("contact:*"):
        client.delete(key)


def send(contact: ContactForm, values: dict[str, Any], **more: str) -> Any:
    return Client().post(f"/contact/{contact.key}/?lang=en", values, **more)


def test_what_the_same_page_sends_later_is_thanked_for_only_when_it_is_taken(
    house: House, contact: ContactForm
) -> None:
    """The answer did not come, the customer adds something and sends it again."""
    values = fields(contact)
    send(contact, values)
    later = send(contact, values | {"text": "SECOND: please cancel my order"})
    assert (later.status_code, b"SECOND: please cancel my order" in later.content) == (422, True)
    again = fields(contact) | {"text": "SECOND: please cancel my order"}
    assert send(contact, again).status_code == 200
    assert sorted(Message.objects.values_list("text", flat=True)) == [
        "SECOND: please cancel my order", "Where is my parcel?",
    ]  # fmt: skip


def test_a_message_becomes_a_mail_of_a_claimed_address(house: House, contact: ContactForm) -> None:
    known = open_ticket(house.channel, verdict="pass")
    values = fields(contact, files=[SimpleUploadedFile("../a.txt", b"hello")])
    answer = send(contact, values)
    assert (answer.status_code, b"Your message has arrived" in answer.content) == (200, True)
    values["files"] = [SimpleUploadedFile("a.txt", b"hello")]
    assert send(contact, values).status_code == 200
    ticket = Ticket.objects.exclude(pk=known.pk).get()
    message = Message.objects.get(ticket=ticket)
    assert (message.text, message.verdict, ticket.subject) == ("Where is my parcel?", "none", "Where is my parcel?")
    assert message.envelope["from"] == {"name": "Zoe Bauer", "address": "zoe@customer.example"}
    assert [(f.filename, f.size) for f in Attachment.objects.all()] == [("a.txt", 5)]
    assert Claim.objects.get().value == "+380671110022"
    assert Identity.objects.get(value="zoe@customer.example").trust == Trust.VERIFIED
    assert events_of(ticket.pk) == ["ticket.opened", "message.received"]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"website": "https://spam.example"}, 200), ({"token": ""}, 422), ({"token": "x.y.z"}, 422), ({"work": ""}, 422),
        ({"work": "1"}, 422), ({"work": "-5"}, 422), ({"work": "９"}, 422), ({"email": "nobody"}, 422), ({"text": " "}, 422),
        ({"text": "x" * 20_001}, 422), ({"email": "a@b"}, 422), ({"name": "n" * 121}, 422),
    ],
)  # fmt: skip
def test_what_is_turned_away_leaves_nothing(
    house: House, contact: ContactForm, wrong: dict[str, str], status: int
) -> None:
    before = row_counts()
    answer = send(contact, fields(contact) | wrong)
    assert answer.status_code == status
    assert row_counts() == before
    assert not Ticket.objects.exists()
    if status == 422:
        assert b'name="token"' in answer.content, "the form is there again, with what was written"


def test_another_form_s_token_and_too_many_or_large_files(house: House, contact: ContactForm) -> None:
    other = set_contact_form(house.other_channel.pk, by=house.adam, is_active=True, greeting="", origins=[])
    values = fields(contact)
    assert send(other, values).status_code == 422
    assert (
        send(contact, values | {"files": [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(5)]}).status_code == 422
    )
    assert not Ticket.objects.exists()


def test_a_closed_form_is_none(house: House, contact: ContactForm) -> None:
    set_contact_form(house.channel.pk, by=house.adam, is_active=False, greeting="", origins=[])
    assert Client().get(f"/contact/{contact.key}/").status_code == 404
    assert Client().get("/contact/nothing/").status_code == 404


def test_one_address_is_slowed_down(house: House, contact: ContactForm) -> None:
    statuses = [send(contact, {"token": ""}, REMOTE_ADDR="203.0.113.7").status_code for _ in range(8)]
    assert statuses == [422] * 6 + [429] * 2
    assert send(contact, fields(contact), REMOTE_ADDR="203.0.113.8").status_code == 200


def test_where_it_may_be_shown_and_in_which_language(house: House, contact: ContactForm) -> None:
    answer = Client().get(f"/contact/{contact.key}/", headers={"Accept-Language": "uk"})
    html = answer.content.decode()
    assert '<html lang="uk"' in html
    assert "Hello!" in html
    assert "frame-ancestors 'self' https://shop.example" in answer["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer
    assert not answer.cookies
    assert '<html lang="en"' in Client().get(f"/contact/{contact.key}/?lang=en").content.decode()


# ---- the guard alone


def test_the_time_a_person_needs() -> None:
    token = new_token("k")
    answer, now = work(token), time.time()
    assert judge("k", token, answer, "", at=now) == Refusal.HASTY
    assert judge("k", token, answer, "", at=now + 3) is None
    assert judge("k", token, answer, "", at=now + 13 * 3600) == Refusal.STALE
    assert judge("other", token, answer, "", at=now + 3) == Refusal.FORGED
    assert judge("k", token[:-1], answer, "", at=now + 3) == Refusal.FORGED
    assert judge("k", token, answer, "x", at=now + 3) == Refusal.TRAPPED
    assert judge("k", token, "", "", at=now + 3) == Refusal.IDLE


@pytest.mark.parametrize("answer", ["", "-1", "1.5", "x", "1" * 13, "٣"])
def test_what_is_no_work(answer: str) -> None:
    assert not is_worked("token", answer, bits=0)


# ---- settings


def test_only_admins_open_a_form(house: House) -> None:
    values: dict[str, Any] = {"is_active": True, "greeting": "", "origins": []}
    for by in (house.olena, house.vera, house.mallory):
        with pytest.raises(PermissionDenied):
            set_contact_form(house.channel.pk, by=by, **values)
    with pytest.raises(NotFound):
        set_contact_form(999, by=house.adam, **values)
    assert not ContactForm.objects.exists()
    client = Client()
    client.force_login(house.adam)
    path = f"/channels/{house.channel.pk}/contact-form/"
    assert (
        client.post(path, {"is_active": "on", "origins": "https://shop.example/\nhttp://localhost:8001"}).status_code
        == 302
    )
    assert ContactForm.objects.get().origins == ["https://shop.example", "http://localhost:8001"]
    html = client.get(path).content.decode()
    assert "&lt;script async src=" in html
    for wrong in (
        "shop.example",
        "https://a b",
        "https://x;script-src *",
        "javascript:alert(1)",
        "https://x/path",
        "https://*.x",
    ):
        assert client.post(path, {"origins": wrong}).status_code == 422
    client.force_login(house.olena)
    assert client.get(path).status_code == 404
    assert pages.MOST_ORIGINS == 20


def test_only_a_named_page_hears_how_tall_it_is(house: House, contact: ContactForm) -> None:
    def shown(query: str) -> str:
        return Client().get(f"/contact/{contact.key}/?{query}").content.decode()

    assert 'data-parent="https://shop.example"' in shown("in=https://shop.example&theme=dark")
    assert 'data-theme="dark"' in shown("in=https://shop.example&theme=dark")
    for query in ("in=https://evil.example", "in=", "in=%22%3E%3Cscript%3E", 'theme=dark"x'):
        html = shown(query)
        assert "data-parent" not in html
        assert "data-theme" not in html


def test_the_script_for_other_pages_is_small_and_may_be_loaded_anywhere() -> None:
    answer = Client().get("/contact.js", headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer["Content-Encoding"], answer["Content-Type"]) == (
        200, "gzip", "text/javascript; charset=utf-8",
    )  # fmt: skip
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert len(answer.content) < 1024
    assert not answer.cookies
    assert Client().post("/contact.js").status_code == 405


class TestFieldsOfTheShop:
    """Fields of the shop's own that the form asks, by setting."""

    @pytest.fixture
    def asked(self, house: House, contact: ContactForm) -> list[TicketField]:
        made = [
            save_field(None, by=house.adam, name=name, kind=kind, choices=choices)
            for name, kind, choices in (
                ("Cause", "choice", ["Courier", "Us"]), ("Amount", "number", []), ("Bought on", "date", []),
                ("Insured", "checkbox", []), ("Model", "text", []), ("Not asked", "text", []),
            )
        ]  # fmt: skip
        of_others = save_field(None, by=house.adam, name="Theirs", kind="text", team=house.returns)
        set_contact_form(
            house.channel.pk, by=house.adam, is_active=True, greeting="", origins=[],
            fields=[*(one.pk for one in made[:5]), of_others.pk, 10**9],
        )  # fmt: skip
        return made

    def test_what_is_asked_stands_on_the_ticket_as_theirs(self, contact: ContactForm, asked: list[TicketField]) -> None:
        contact.refresh_from_db()
        assert contact.fields == [one.pk for one in asked[:5]]
        said = ("Us", "12,50", "2026-03-02", "on", "Fjellrev  40")
        values = fields(contact, **{f"field_{one.pk}": value for one, value in zip(asked, said, strict=False)})
        assert send(contact, values).status_code == 200
        ticket = Ticket.objects.get()
        kept = dict(FieldValue.objects.filter(ticket=ticket).values_list("field__name", "value"))
        assert kept == {
            "Cause": "Us", "Amount": "12.5", "Bought on": "2026-03-02", "Insured": "1", "Model": "Fjellrev 40"
        }  # fmt: skip
        set_by = Event.objects.filter(kind="ticket.field_set").values_list("actor_kind", "actor_id").distinct()
        assert list(set_by) == [("customer", ticket.customer_id)]
        before = row_counts()
        assert send(contact, values).status_code == 200, "the same once more"
        assert row_counts() == before

    def test_nothing_need_be_said(self, contact: ContactForm, asked: list[TicketField]) -> None:
        assert send(contact, fields(contact)).status_code == 200
        assert not FieldValue.objects.exists() and Ticket.objects.count() == 1

    @pytest.mark.parametrize(
        ("which", "value", "said"),
        [
            (0, "Nobody", "is one of: Courier, Us"), (1, "many", "is a number"), (1, "1e999999", "is a number"),
            (2, "yesterday", "is a date"), (4, "x" * 501, "At most 500"), (5, "smuggled", "This form has changed"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_kept_is_said_and_nothing_is_lost(
        self, contact: ContactForm, asked: list[TicketField], which: int, value: str, said: str
    ) -> None:
        before = row_counts()
        answer = send(contact, fields(contact, **{f"field_{asked[which].pk}": value}))
        page = answer.content.decode()
        assert (answer.status_code, said in page) == (422, True), page[-3000:]
        assert "Where is my parcel?" in page and "Zoe@Customer.example" in page
        assert row_counts() == before

    def test_a_manager_chooses_and_an_archived_one_is_asked_no_more(
        self, house: House, contact: ContactForm, asked: list[TicketField]
    ) -> None:
        client = Client()
        client.force_login(house.adam)
        address = f"/channels/{house.channel.pk}/contact-form/"
        page = client.get(address).content.decode()
        assert "Ask also for" in page and "Not asked" in page and "Theirs" not in page
        chosen = {"is_active": "on", "fields_asked": [asked[0].pk, asked[5].pk]}
        assert client.post(address, chosen).status_code == 302
        contact.refresh_from_db()
        assert contact.fields == [asked[0].pk, asked[5].pk]
        archive_field(asked[0].pk, by=house.adam)
        page = Client().get(f"/contact/{contact.key}/", {"lang": "en"}).content.decode()
        assert "Not asked" in page and "Cause" not in page
        assert client.post(address, {"fields_asked": [10**9]}).status_code == 422
