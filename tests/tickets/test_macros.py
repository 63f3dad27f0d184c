"""Canned replies: filled in or stopped, what else they do, who has them, and each click once."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.test import Client

from people.models import Agent
from people.permissions import PermissionDenied
from people.written_html import text_of_html
from tests.people import House, assert_gapless, events_of, make_house, open_ticket, row_counts
from tickets import actions, placeholders
from tickets.actions.macros import Content, remove_macro, save_macro, use_macro
from tickets.actions.views import Audience
from tickets.errors import InvalidInput, NotFound
from tickets.models import Macro, Message, Ticket
from tickets.placeholders import fill, refuse_unfilled, unknown_placeholders

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel)


def signed_in(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def own(house: House, **fields: object) -> Macro:
    content = Content(**({"name": "Late", "texts": {"": "Sorry."}} | fields))  # type: ignore[arg-type]
    return save_macro(None, content, by=house.olena, audience=Audience(owner=house.olena))


VALUES = {"customer.first_name": "Zoe", "customer.name": "", "ticket.number": "1042", "agent.name": "{{ticket.number}}"}
FILLS = [
    ("Dear {{customer.first_name}}, #{{ ticket.number }}", "Dear Zoe, #1042", ()),
    ("{{customer.name}}!", "{{customer.name}}!", ("customer.name",)),
    ("{{order.number}} {{order.number}} {{x}}", "{{order.number}} {{order.number}} {{x}}", ("order.number", "x")),
    ("{{agent.name}}", "{{ticket.number}}", ()),  # what a value says is no placeholder
    ("{customer.name} {{}} {{ }} {{a b}} { {x} }", "{customer.name} {{}} {{ }} {{a b}} { {x} }", ()),
]


@pytest.mark.parametrize(("text", "filled", "missing"), FILLS)
def test_placeholders(text: str, filled: str, missing: tuple[str, ...]) -> None:
    assert (fill(text, VALUES).text, fill(text, VALUES).missing) == (filled, missing)


@pytest.mark.parametrize("what", ["reply", "note", "forward"])
def test_a_placeholder_left_stops_the_sending_and_says_which(house: House, ticket: Ticket, what: str) -> None:
    rows = row_counts()
    send = {
        "reply": lambda: actions.reply(ticket.pk, by=house.olena, text="Hi {{order.number}} {{x}}"),
        "note": lambda: actions.add_note(ticket.pk, by=house.olena, text="Hi {{order.number}} {{x}}"),
        "forward": lambda: actions.forward(
            ticket.pk, by=house.olena, text="Hi {{order.number}} {{x}}", to=["a@b.example"], confirmed=["a@b.example"]
        ),
    }[what]
    with pytest.raises(InvalidInput) as refused:
        send()
    assert refused.value.message == "Fill in or remove: {{order.number}}, {{x}}."
    assert row_counts() == rows
    refuse_unfilled("{x} and {{ }} are no placeholders")


def test_a_macro_fills_in_and_does_everything_at_once(house: House, ticket: Ticket) -> None:
    macro = own(
        house, texts={"": "Dear {{customer.first_name}}, about #{{ticket.number}}: {{agent.first_name}}"},
        tags=["Late parcel", "vip"], priority=30, assign="me", status="solved", note="{{customer.email}} told",
    )  # fmt: skip
    click, before = uuid4(), events_of(ticket.pk)

    used = use_macro(ticket.pk, macro.pk, by=house.olena, client_id=click)
    again = use_macro(ticket.pk, macro.pk, by=house.olena, client_id=click)

    assert used.reply.text == again.reply.text == f"Dear Zoe, about #{ticket.pk}: Olena"
    assert (used.reply.missing, used.then, again.changes) == ((), "solved", ())
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority, ticket.assignee) == ("open", 30, house.olena)
    assert set(ticket.tags.values_list("name", flat=True)) == {"late parcel", "vip"}
    assert Message.objects.get(ticket=ticket, kind="note").text == "zoe@customer.example told"
    made = ["macro.used", "ticket.tagged", "ticket.tagged", "ticket.prioritised", "ticket.assigned", "note.added"]
    assert events_of(ticket.pk) == before + made
    assert len(used.changes) == 4
    assert_gapless(ticket.pk)
    macro.refresh_from_db()
    assert (macro.used, macro.last_used_at is not None) == (1, True)


def test_without_words_the_status_is_set_at_once(house: House, ticket: Ticket) -> None:
    macro = own(house, texts={}, status="solved", tags=["spam"])

    used = use_macro(ticket.pk, macro.pk, by=house.olena, client_id=uuid4())

    assert (used.reply.text, used.then) == ("", "")
    assert Ticket.objects.get().status == "solved"
    for change in reversed(used.changes):
        actions.undo_change(ticket.pk, change, by=house.olena)
    assert Ticket.objects.get().status == "open"
    assert not Ticket.objects.get().tags.exists()


@pytest.mark.parametrize(
    ("language", "words"), [("uk", "Вибачте."), ("en", "Sorry."), ("de", "Sorry."), ("", "Sorry.")]
)
def test_the_tickets_language_chooses_the_words(house: House, ticket: Ticket, language: str, words: str) -> None:
    macro = own(house, texts={"": "Sorry.", "uk": "Вибачте."})
    Ticket.objects.update(language=language)
    assert use_macro(ticket.pk, macro.pk, by=house.olena, client_id=uuid4()).reply.text == words


def test_one_language_alone_serves_all(house: House, ticket: Ticket) -> None:
    macro = own(house, texts={"uk": "Вибачте."})
    assert use_macro(ticket.pk, macro.pk, by=house.olena, client_id=uuid4()).reply.text == "Вибачте."


def test_what_is_refused_undoes_the_whole_use(house: House, ticket: Ticket) -> None:
    """The assignee can no longer take tickets: no tag either, nothing counted."""
    macro = own(house, tags=["vip"], assign=str(house.ben.pk))
    Agent.objects.filter(pk=house.ben.pk).update(is_active=False)
    rows = row_counts()
    with pytest.raises(InvalidInput):
        use_macro(ticket.pk, macro.pk, by=house.olena, client_id=uuid4())
    assert row_counts() == rows
    assert Macro.objects.get().used == 0


def test_a_note_that_cannot_be_filled_in_stops_it(house: House, ticket: Ticket) -> None:
    macro, rows = own(house, note="{{customer.name}}", tags=["vip"]), row_counts()
    type(ticket.customer).objects.update(name="")
    with pytest.raises(InvalidInput) as refused:
        use_macro(ticket.pk, macro.pk, by=house.olena, client_id=uuid4())
    assert "{{customer.name}}" in refused.value.message
    assert row_counts() == rows


WRONG = [
    {"name": " "}, {"texts": {}}, {"texts": {"": "{{custmer.name}}"}}, {"note": "{{order.colour}}"}, {"status": "closed"},
    {"priority": 7}, {"assign": "boss"}, {"tags": ["x" * 61]}, {"texts": {"xx": "?"}}, {"tags": [str(n) for n in range(11)]},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_macros_nobody_could_use_are_refused(house: House, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        own(house, **wrong)
    assert not Macro.objects.exists()


def test_a_higher_app_teaches_its_placeholders(
    house: House, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(placeholders, "_TAUGHT", {})
    assert unknown_placeholders("{{order.number}}") == ["order.number"]
    placeholders.teach_placeholders("order", ("order.number",), lambda ticket: {"order.number": f"A-{ticket.pk}"})
    macro = own(house, texts={"": "Order {{order.number}}"})
    assert use_macro(ticket.pk, macro.pk, by=house.olena, client_id=uuid4()).reply.text == f"Order A-{ticket.pk}"


@pytest.mark.parametrize("who", ["ben", "mallory", "vera"])
def test_others_use_and_change_nothing(house: House, ticket: Ticket, who: str) -> None:
    agent: Agent = getattr(house, who)
    mine = own(house, tags=["vip"])
    shared = save_macro(
        None, Content("All's", {"": "Hi"}), by=house.adam, audience=Audience()
    )  # fmt: skip
    before, rows = events_of(ticket.pk), row_counts()
    with pytest.raises((NotFound, PermissionDenied)):
        use_macro(ticket.pk, mine.pk, by=agent, client_id=uuid4())
    for macro in (mine, shared):
        with pytest.raises((NotFound, PermissionDenied)):
            remove_macro(macro.pk, by=agent)
        with pytest.raises((NotFound, PermissionDenied)):
            save_macro(macro.pk, Content("Mine", {"": "x"}), by=agent, audience=Audience(owner=agent))
    with pytest.raises(PermissionDenied):
        save_macro(None, Content("For all", {"": "x"}), by=agent, audience=Audience())
    assert (events_of(ticket.pk), row_counts()) == (before, rows)


def test_a_ticket_out_of_sight_takes_no_macro(house: House, ticket: Ticket) -> None:
    shared = save_macro(None, Content("All's", {"": "Hi"}, tags=["vip"]), by=house.adam, audience=Audience())
    rows = row_counts()
    with pytest.raises(NotFound):
        use_macro(ticket.pk, shared.pk, by=house.mallory, client_id=uuid4())
    assert row_counts() == rows


FORM = {
    "name": "Late", "audience": "mine", "text_": "Dear {{customer.first_name}}", "text_uk": "Вітаю", "status": "solved",
    "priority": "30", "assign": "me", "tags": "late, vip", "note": "Asked",
}  # fmt: skip


def test_the_page_keeps_what_was_typed(house: House) -> None:
    client = signed_in(house.olena)
    assert client.post("/macros/new/", FORM).status_code == 302
    macro = Macro.objects.get()
    assert (macro.status, macro.priority, macro.assign, macro.tags, macro.note) == (
        "solved",
        30,
        "me",
        ["late", "vip"],
        "Asked",
    )
    assert dict(macro.texts.values_list("language", "text")) == {"": "Dear {{customer.first_name}}", "uk": "Вітаю"}
    assert "Вітаю" in client.get(f"/macros/{macro.pk}/").content.decode()
    wrong = client.post("/macros/new/", FORM | {"text_": "{{nobody.knows}}"})
    assert (wrong.status_code, "{{nobody.knows}}" in wrong.content.decode()) == (422, True)
    assert client.get("/macros/manage/").status_code == 200
    assert client.get("/macros/").json() == {"macros": [{"id": macro.pk, "name": "Late"}]}
    client.post(f"/macros/{macro.pk}/remove/")
    assert not Macro.objects.exists()


def test_using_one_tells_the_composer(house: House, ticket: Ticket) -> None:
    macro = own(house, texts={"": "Hi {{customer.first_name}}"}, tags=["vip"])
    answer = signed_in(house.olena).post(
        f"/tickets/{ticket.pk}/macro/", {"macro": macro.pk, "client_id": str(uuid4()), "event": "0", "row": "1"}
    )
    told = json.loads(answer.content)
    assert (told["text"], told["missing"], told["then"], len(told["changes"])) == ("Hi Zoe", "", "", 1)
    assert "vip" in told["row"]


# ---- with formatting


def test_formatting_is_kept_cleaned_and_filled_in_as_text(house: House, ticket: Ticket) -> None:
    html = (
        "<p>Dear <strong>{{customer.first_name}}</strong>,</p><ul><li>one</li></ul><script>alert(1)</script>"
        '<p><a href="https://track.example/?q={{ticket.number}}" onclick="x()">Track</a><img src="https://spy.example/x.png"></p>'
    )
    macro = own(house, texts={"": "what the browser made of it"}, htmls={"": html})
    stored = macro.texts.get()
    assert "<strong>{{customer.first_name}}</strong>" in stored.html
    assert not any(bad in stored.html for bad in ("script", "onclick", "spy.example"))
    assert "Dear {{customer.first_name}}" in stored.text, "the text is made of the formatted one"
    ticket.customer.name = "<b>Zoe</b> & co"
    ticket.customer.save()
    used = use_macro(ticket.pk, macro.pk, by=house.olena, client_id=uuid4())
    assert "<strong>&lt;b&gt;Zoe&lt;/b&gt;</strong>" in used.html
    assert f"https://track.example/?q={ticket.pk}" in used.html
    assert "Dear <b>Zoe</b>" in used.reply.text


def test_a_placeholder_cut_by_formatting_is_left_and_stops_the_sending(house: House, ticket: Ticket) -> None:
    macro = own(house, texts={}, htmls={"": "<p>Hi {{customer.<b>name</b>}}</p>"})
    used = use_macro(ticket.pk, macro.pk, by=house.olena, client_id=uuid4())
    with pytest.raises(InvalidInput) as refused:
        actions.reply(ticket.pk, by=house.olena, text=text_of_html(used.html), html=used.html)
    assert refused.value.message == "Fill in or remove: {{customer.name}}."
    assert not Message.objects.filter(kind="outbound").exists()


def test_plain_words_take_the_formatting_away(house: House) -> None:
    macro = own(house, texts={}, htmls={"": "<p><b>Sorry.</b></p>"})
    save_macro(
        macro.pk, Content(name="Late", texts={"": "Sorry."}), by=house.olena, audience=Audience(owner=house.olena)
    )
    assert list(macro.texts.values_list("language", "text", "html")) == [("", "Sorry.", "")]


def test_only_formatting_without_words_is_nothing(house: House) -> None:
    with pytest.raises(InvalidInput):
        own(house, texts={}, htmls={"": "<p><br></p><script>1</script>"})
    assert not Macro.objects.exists()
