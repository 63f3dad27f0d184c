"""Erasing a customer: nothing of them is left in any column of any table nor in any file, and figures stay."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import models
from django.utils import timezone

from channels_inbound.inbound import drain_inbound
from channels_inbound.models import DemoMail, RawDelivery, RawState
from channels_inbound.raw import store_raw
from commerce.models import Buyer, Order, Shop, ShopDelivery
from events.delivery import drain
from events.ledger import record_event
from events.models import AuditEntry, Event
from livechat.models import Round, Visitor
from metrics.models import Survey, SurveyAnswer
from people.models import Claim, Customer, CustomerNote, IdempotentRequest, Identity
from people.permissions import PermissionDenied
from privacy import erasing, marks
from privacy.models import Erasure, JobState
from privacy.naming import naming
from privacy.scrubbing import scrubbed
from privacy.steps import STEPS
from tests.channels_inbound.mails import make_mail
from tests.people import NOW, House, make_house, receive, signed_in
from tickets import actions
from tickets.errors import InvalidInput
from tickets.models import Attachment, Call, Message, Ticket, TicketField

pytestmark = pytest.mark.django_db
WORD = "zimorodek4410"
ADDRESS, PHONE = f"{WORD}@customer.example", "+380671234410"


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


def bring_in(house: House, name: str, **fields: Any) -> RawDelivery:
    mail = make_mail(
        From=f"{WORD} Bauer <{ADDRESS}>", Message_ID=f"<{name}-{WORD}@customer.example>", Subject=f"About {WORD}",
        text=f"The {WORD} is missing.\n", html=f"<p>The <b>{WORD}</b> is missing.</p>", **fields,
    )  # fmt: skip
    mail.add_attachment(f"{WORD} inside {name}".encode(), maintype="text", subtype="plain", filename=f"{WORD}.txt")
    [id] = store_raw([house.channel.pk], transport="smtp", content=mail.as_bytes(), envelope={"mail_from": ADDRESS})
    drain_inbound()
    return RawDelivery.objects.get(pk=id)


def fill(house: House) -> Customer:
    """One of everything we may hold of a customer, each with the word in it."""
    message = bring_in(house, "first").message
    assert message is not None
    ticket = Ticket.objects.get(pk=message.ticket_id)
    customer = ticket.customer
    Identity.objects.create(customer=customer, kind="phone", value=PHONE, display_name=WORD)
    actions.reply(ticket.pk, by=house.olena, text=f"Dear {WORD}", undo_seconds=3000)
    actions.add_note(ticket.pk, by=house.olena, text=f"{WORD} again")
    actions.save_draft(ticket.pk, by=house.olena, kind="outbound", text=WORD, recipients={}, revision=0)
    field = TicketField.objects.create(name="Size", key="size", kind="text")
    field.values.create(ticket=ticket, value=WORD, folded=WORD)
    CustomerNote.objects.create(public_id=uuid4(), customer=customer, by=house.olena, text=WORD, at=NOW)
    Claim.objects.create(identity=customer.identities.earliest("pk"), kind="phone", value=WORD)
    Call.objects.create(
        channel=house.channel, external_id="call", direction="in", outcome="missed", number=PHONE, note=WORD,
        started_at=NOW, ticket=ticket,
    )  # fmt: skip
    DemoMail.objects.create(mail_from="x@shop.example", rcpt_tos=[ADDRESS], subject=WORD, content=WORD.encode())
    fill_above(house, ticket)
    stuck = bring_in(house, "stuck", To=house.channel.address)
    RawDelivery.objects.filter(pk=stuck.pk).update(state=RawState.QUARANTINED, message=None, reason=f"{WORD} too slow")
    record_event(("ticket", ticket.pk), "probe.made", by=customer.actor, at=NOW, data={"who": ADDRESS, "n": 3})
    IdempotentRequest.objects.create(
        agent=house.olena, key="k", digest="d", answer=json.dumps({"ticket": ticket.pk, "text": WORD})
    )
    drain()
    return customer


def fill_above(house: House, ticket: Ticket) -> None:
    """What shops, surveys and chats hold."""
    shop = Shop.objects.create(name="Shop", key="k" * 32)
    buyer = Buyer.objects.create(key=ADDRESS, email=ADDRESS, phone=PHONE, name=WORD)
    Order.objects.create(
        shop=shop, external_id="7", number=f"#{WORD}", buyer=buyer, status="paid", currency="EUR", total=1000,
        placed_at=NOW, changed_at=NOW, tracking=WORD,
    )  # fmt: skip
    ShopDelivery.objects.create(
        shop=shop, dedupe_key="1", topic="orders", body=f'{{"email":"{ADDRESS}"}}'.encode(), state="applied"
    )
    survey = Survey.objects.create(name="After help", kind="csat", is_active=False)
    SurveyAnswer.objects.create(
        survey=survey, kind="csat", score=4, comment=WORD, via="mail", answered_at=NOW, ticket=ticket,
        customer_id=ticket.customer_id,
    )  # fmt: skip
    identity = ticket.customer.identities.earliest("pk")
    Visitor.objects.create(channel=house.channel, subject=WORD, identity=identity, name=WORD, email=ADDRESS)
    Round.objects.create(ticket=ticket, number=1, score=5, comment=WORD)


def holders(words: tuple[str, ...]) -> list[str]:
    """Every column of every table, and every file, that holds one of the words."""
    found = []
    for model in apps.get_models():
        for field in model._meta.local_fields:
            for value in model._base_manager.values_list(field.attname, flat=True):
                if any(word in _as_text(value) for word in words):
                    found.append(f"{model._meta.label}.{field.name}")
    return sorted({*found, *(f"file {name}" for name in files_with(words))})


def _as_text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace").lower()
    return (json.dumps(value) if isinstance(value, dict | list) else str(value)).lower()


def files_with(words: tuple[str, ...]) -> Iterator[str]:
    storage = storages["attachments"]
    for folder, _folders, names in os.walk(storage.path("")):
        for name in names:
            path = Path(folder) / name
            if any(word in f"{name} {path.read_bytes().decode('utf-8', 'replace')}".lower() for word in words):
                yield str(path)


def test_nothing_is_left_in_any_column_nor_file(house: House) -> None:
    customer = fill(house)
    receive(house.channel)
    before = holders((WORD, PHONE))
    expected = {
        "tickets.Message.text", "tickets.Message.envelope", "tickets.Attachment.filename", "tickets.SearchEntry.vector",
        "channels_inbound.RawBody.content", "channels_inbound.RawDelivery.envelope", "tickets.Draft.text",
        "people.CustomerNote.text", "people.Claim.value", "people.Identity.value", "tickets.Call.note",
        "commerce.Buyer.key", "commerce.ShopDelivery.body", "metrics.SurveyAnswer.comment", "livechat.Visitor.email",
        "livechat.Round.comment", "events.Event.data", "people.IdempotentRequest.answer", "tickets.FieldValue.value",
        "channels_inbound.DemoMail.content",
    }  # fmt: skip
    assert expected <= set(before), sorted(expected - set(before))
    assert [name for name in before if name.startswith("file ")], "the test must be able to fail for files too"
    figures = list(Message.objects.order_by("pk").values_list("pk", "kind", "at", "sequence"))
    job = erasing.start_erasure(customer, by=house.adam)
    assert erasing.work_erasures() == 1
    assert holders((WORD, PHONE)) == []
    job.refresh_from_db()
    assert (job.state, job.step, job.blobs) == (JobState.DONE, len(STEPS), [])
    assert job.counts["messages"] >= 3 and job.counts["files"] >= 1
    assert list(Message.objects.order_by("pk").values_list("pk", "kind", "at", "sequence")) == figures
    assert (Order.objects.get().total, SurveyAnswer.objects.get().score, Round.objects.get().score) == (1000, 4, 5)
    assert holders(("zoe@customer.example",)), "somebody else's data stays"
    amended = AuditEntry.objects.get(kind="ledger.amended")
    assert (amended.actor_id, amended.what) == (house.adam.pk, f"erasure {job.public_id}")
    kinds = Event.objects.filter(stream_type="customer", stream_id=customer.pk).order_by("id")
    assert list(kinds.values_list("kind", "actor_id"))[-2:] == [
        ("customer.erasure_asked", house.adam.pk),
        ("customer.erased", house.adam.pk),
    ]


def test_what_is_erased_can_still_be_looked_at(house: House) -> None:
    customer = fill(house)
    erasing.start_erasure(customer, by=house.adam)
    erasing.work_erasures()
    client = signed_in(house.adam)
    ticket = Ticket.objects.filter(customer=customer).earliest("pk")
    for path in (f"/tickets/{ticket.pk}/", f"/customers/{customer.pk}/", f"/customers/{customer.pk}/privacy/", "/"):
        assert client.get(path, follow=True).status_code == 200, path


def test_a_mail_that_comes_afterwards_is_of_somebody_new(house: House) -> None:
    content = make_mail(From=f"{WORD} Bauer <{ADDRESS}>", Message_ID=f"<{WORD}@customer.example>").as_bytes()
    first = deliver(house, content, "smtp 1")
    customer = first.ticket.customer
    erasing.start_erasure(customer, by=house.adam)
    erasing.work_erasures()
    assert deliver(house, content, "imap 7") == first, "the same mail from another mailbox is not read a second time"
    assert holders((WORD,)) == ["channels_inbound.RawBody.content"]
    message = bring_in(house, "later").message
    assert message is not None
    assert message.ticket.customer_id != customer.pk


def deliver(house: House, content: bytes, key: str) -> Message:
    [id] = store_raw([house.channel.pk], transport="smtp", transport_key=key, content=content, envelope={})
    drain_inbound()
    message = RawDelivery.objects.get(pk=id).message
    assert message is not None
    return message


@pytest.mark.parametrize("cut", range(len(STEPS)))
def test_cut_off_at_any_step_it_goes_on(house: House, cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = fill(house)
    job = erasing.start_erasure(customer, by=house.adam)

    def break_down(*args: Any) -> dict[str, int]:
        STEPS[cut](*args)
        raise OSError("the machine is gone")

    monkeypatch.setattr("privacy.erasing.STEPS", (*STEPS[:cut], break_down, *STEPS[cut + 1 :]))
    assert erasing.work_erasures() == 0
    job.refresh_from_db()
    assert (job.state in ("waiting", "running"), job.step, job.attempts) == (True, cut, 1)
    monkeypatch.undo()
    assert erasing.work_erasures(at=timezone.now() + timedelta(hours=2)) == 1
    assert holders((WORD, PHONE)) == []


def test_asked_twice_it_is_one_job_and_done_twice_it_is_the_same(house: House) -> None:
    customer = fill(house)
    first, second = (erasing.start_erasure(customer, by=house.adam) for _ in range(2))
    assert first == second
    erasing.work_erasures()
    third = erasing.start_erasure(customer, by=house.adam)
    assert third != first
    assert erasing.work_erasures() == 1
    assert not erasing.work_off(third.pk)


def test_a_hold_keeps_everything_and_says_why(house: House) -> None:
    customer = fill(house)
    before = holders((WORD,))
    with pytest.raises(InvalidInput, match="Say why"):
        erasing.hold(customer, reason=" \x00", by=house.adam)
    erasing.hold(customer, reason="A dispute\x00 at court", by=house.adam)
    with pytest.raises(InvalidInput, match="A dispute at court"):
        erasing.start_erasure(customer, by=house.adam)
    assert not Erasure.objects.exists()
    assert holders((WORD,)) == before
    assert erasing.end_hold(customer, by=house.adam)
    assert not erasing.end_hold(customer, by=house.adam)
    erasing.start_erasure(customer, by=house.adam)
    assert erasing.work_erasures() == 1


@pytest.mark.parametrize("who", ["olena", "mallory", "vera"])
def test_nobody_else_may(house: House, who: str) -> None:
    customer, agent = fill(house), getattr(house, who)
    before = holders((WORD,))
    for act in (
        lambda: erasing.start_erasure(customer, by=agent),
        lambda: erasing.hold(customer, reason="x", by=agent),
        lambda: erasing.end_hold(customer, by=agent),
    ):
        with pytest.raises(PermissionDenied):
            act()
    client = signed_in(agent)
    page = f"/customers/{customer.pk}/privacy/"
    assert client.get(page).status_code == 404
    assert client.post(f"{page}erase/", {"number": str(customer.pk)}).status_code == 404
    assert client.post(f"{page}hold/", {"on": "1", "reason": "x"}).status_code == 404
    assert not Erasure.objects.exists()
    assert holders((WORD,)) == before


def test_the_page_asks_for_the_number(house: House) -> None:
    customer, client = fill(house), signed_in(house.adam)
    page = f"/customers/{customer.pk}/privacy/"
    assert client.get(page).status_code == 200
    client.post(f"{page}erase/", {"number": "1"})
    assert not Erasure.objects.exists()
    client.post(f"{page}erase/", {"number": str(customer.pk)})
    assert Erasure.objects.get().by == house.adam


def test_a_restored_backup_is_erased_again(house: House) -> None:
    customer = fill(house)
    erasing.start_erasure(customer, by=house.adam)
    erasing.work_erasures()
    mark = marks.marks_path().read_text()
    assert WORD not in mark
    # The backup from before: it knows the customer, and nothing of the erasure.
    Erasure.objects.all().delete()
    identity = Identity.objects.filter(customer=customer).earliest("pk")
    Identity.objects.filter(pk=identity.pk).update(value=ADDRESS, display_name=WORD)
    Message.objects.filter(ticket__customer=customer).update(text=WORD)
    out = StringIO()
    call_command("replay_erasures", stdout=out)
    assert "Erased again: 1." in out.getvalue()
    assert holders((WORD,)) == []
    out = StringIO()
    call_command("replay_erasures", stdout=out)
    assert "Erased again: 0. Nothing to do: 1." in out.getvalue()
    with pytest.raises(CommandError, match="There is no"):
        call_command("replay_erasures", file=Path("/nowhere/erasures.jsonl"))


@pytest.mark.parametrize("lost", ["the folder", "the store"])
def test_either_place_is_enough_to_erase_again(house: House, settings: Any, tmp_path: Path, lost: str) -> None:
    """A pod's folder goes with the pod; a store of files may be restored to what it was."""
    customer = fill(house)
    erasing.start_erasure(customer, by=house.adam)
    erasing.work_erasures()
    [kept] = (tmp_path / "attachments" / "erasures").iterdir()
    assert WORD not in kept.read_text() and marks.unmarked() == []
    if lost == "the folder":
        settings.DATA_DIR = tmp_path / "another pod"
        settings.DATA_DIR.mkdir()
    else:
        kept.unlink()
        assert len(marks.unmarked()) == 1
    Erasure.objects.all().delete()
    Message.objects.filter(ticket__customer=customer).update(text=WORD)
    out = StringIO()
    call_command("replay_erasures", stdout=out)
    assert "Erased again: 1." in out.getvalue()
    assert holders((WORD,)) == []
    assert marks.unmarked() == [] and len(list((tmp_path / "attachments" / "erasures").iterdir())) == 2


def test_what_only_the_table_knows_is_marked_by_the_same_command(house: House, tmp_path: Path) -> None:
    customer = fill(house)
    erasing.start_erasure(customer, by=house.adam)
    erasing.work_erasures()
    marks.marks_path().unlink()
    for file in (tmp_path / "attachments" / "erasures").iterdir():
        file.unlink()
    call_command("replay_erasures", stdout=StringIO())
    assert marks.unmarked() == []
    Erasure.objects.all().delete()
    for file in (tmp_path / "attachments" / "erasures").iterdir():
        file.unlink()
    with pytest.raises(CommandError, match="no mark"):
        call_command("replay_erasures", stdout=StringIO())


def test_a_full_disk_lets_no_erasure_count_as_done(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    erasing.start_erasure(fill(house), by=house.adam)
    monkeypatch.setattr(marks, "_append", full)
    assert erasing.work_erasures() == 0
    monkeypatch.undo()
    assert Erasure.objects.get().state != JobState.DONE


def test_a_file_of_somebody_else_too_stays(house: House) -> None:
    """The same bytes are kept once: they go when nobody has them any more."""
    customer = fill(house)
    file = Attachment.objects.filter(message__ticket__customer=customer).earliest("pk")
    other = Ticket.objects.get(pk=receive(house.channel).ticket_id)
    Attachment.objects.create(
        ticket=other, message=other.messages.get(), filename="same.txt", content_type="text/plain", size=1,
        sha256=file.sha256,
    )  # fmt: skip
    erasing.start_erasure(customer, by=house.adam)
    erasing.work_erasures()
    assert [Path(name).name for name in files_with((WORD,))] == [file.sha256]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"to": "a@b.example", "n": 3, "state": "open"}, {"to": "", "n": 3, "state": "open"}),
        ({"at": "2026-03-02T09:00:00+00:00", "x": ["zoe", "mail"]}, {"at": "2026-03-02T09:00:00+00:00", "x": ["", "mail"]}),
        ({"id": "0b6cdd37-6f0c-4b0e-9f51-8f7a1f1f6a52", "name": "Zoe Bauer"}, {"id": "0b6cdd37-6f0c-4b0e-9f51-8f7a1f1f6a52", "name": ""}),
        ({"ok": True, "none": None}, {"ok": True, "none": None}),
    ],
)  # fmt: skip
def test_scrubbing(before: Any, after: Any) -> None:
    assert scrubbed(before, ["zoe"]) == after


def test_who_is_called_like_a_state_takes_no_state_out_of_the_facts() -> None:
    facts = {"from": "open", "to": "closed", "kind": "email", "priority": "30", "who": "open sesame", "x": "opener"}
    assert scrubbed(facts, ["open", "closed", "email"]) == facts | {"who": "", "x": ""}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b'{"email":"ann@x.example"}', True), (b"From: Ann <Ann@X.example>\r\n", True), (b"ann@x.example.", True),
        (b'{"note":"\\u0430\\/\\nann@x.example \\"hm\\""}', True), (b"\x00\xff\\x ann@x.example\x00", True),
        (b"joann@x.example", False), (b"jo.ann@x.example", False), (b"ann@x.example.ua", False),
        (b"ann@x.examples", False), (b"annax.example", False), (b"", False),
    ],
)  # fmt: skip
def test_an_address_is_found_whole_in_bytes_of_any_kind(house: House, content: bytes, named: bool) -> None:
    shop = Shop.objects.create(name="Shop", key="k" * 32)
    ShopDelivery.objects.create(shop=shop, dedupe_key="1", topic="orders", body=content)
    assert ShopDelivery.objects.extra(**naming("body", "ann@x.example")).exists() == named


def test_what_others_wrote_and_nobody_has_read_yet_comes_in_whole(house: House) -> None:
    """Somebody of a similar address, and somebody who names the erased one: their mails were accepted."""
    customer = fill(house)
    mails = [
        make_mail(From=f"Jo <jo{ADDRESS}>", Message_ID="<jo@customer.example>", text="Where is my parcel?\n"),
        make_mail(Message_ID="<zoe@customer.example>", text=f"Please ask {ADDRESS} too.\n"),
    ]
    ids = [store_raw([house.channel.pk], transport="smtp", content=mail.as_bytes(), envelope={})[0] for mail in mails]
    erasing.start_erasure(customer, by=house.adam)
    assert erasing.work_erasures() == 1
    drain_inbound()
    said = {row.message.text for row in RawDelivery.objects.filter(pk__in=ids) if row.message}
    assert any("my parcel" in one for one in said) and any("Please ask" in one for one in said)


def test_it_waits_for_their_own_mail_to_be_read_and_takes_it_along(house: House) -> None:
    customer = fill(house)
    mail = make_mail(From=f"{WORD} <{ADDRESS}>", Message_ID="<last@customer.example>", Subject=f"Last {WORD}")
    store_raw([house.channel.pk], transport="smtp", content=mail.as_bytes(), envelope={"mail_from": ADDRESS})
    job = erasing.start_erasure(customer, by=house.adam)
    assert erasing.work_erasures() == 0
    drain_inbound()
    assert erasing.work_erasures(at=timezone.now() + timedelta(hours=1)) == 1
    assert holders((WORD, PHONE)) == []
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_what_they_write_while_it_runs_goes_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = fill(house)
    erasing.start_erasure(customer, by=house.adam)
    wrote: list[int] = []

    def write_meanwhile(*args: Any) -> dict[str, int]:
        if not wrote:
            wrote.append(bring_in(house, "meanwhile").pk)
        return STEPS[5](*args)

    monkeypatch.setattr("privacy.erasing.STEPS", (*STEPS[:5], write_meanwhile, *STEPS[6:]))
    assert erasing.work_erasures() == 1
    assert wrote and holders((WORD, PHONE)) == []


def test_a_torn_mark_and_a_hold_keep_nobody_else_from_being_erased_again(house: House) -> None:
    customer = fill(house)
    held = Ticket.objects.get(pk=receive(house.channel).ticket_id).customer
    erasing.hold(held, reason="A dispute at court", by=house.adam)
    lines = [json.dumps({"erasure": "x", "customers": [str(one.public_id)]}) for one in (held, customer)]
    marks.marks_path().write_text("\n".join([lines[0], '{"erasure": "0b6c', '["x"]', lines[1][:40]]))
    erasing.start_erasure(customer, by=house.adam)
    erasing.work_erasures()
    assert marks.marks_path().read_text().endswith("}\n")
    identity = Identity.objects.filter(customer=customer).earliest("pk")
    Identity.objects.filter(pk=identity.pk).update(value=ADDRESS, display_name=WORD)
    out = StringIO()
    with pytest.raises(CommandError, match=r"dispute at court(.|\n)*line 2 (.|\n)*line 3 (.|\n)*line 4 "):
        call_command("replay_erasures", stdout=out)
    assert "Erased again: 1." in out.getvalue()
    assert holders((WORD,)) == []


def test_models_have_no_files_of_their_own() -> None:
    """A FileField would be a store the erasure does not know."""
    assert not [m for m in apps.get_models() for f in m._meta.local_fields if isinstance(f, models.FileField)]
