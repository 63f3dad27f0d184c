"""The page on which a conversation is begun: plain forms, what it shows of whom, and that a refusal loses no words."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from people.models import Agent, Identity, Role
from tests.people import NOW, House, make_agent, make_house, open_ticket, row_counts
from tickets.actions.macros import Content, save_macro
from tickets.actions.views import Audience
from tickets.inbound import Address
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db
NEW = "new@customer.example"


@pytest.fixture
def house() -> House:
    return make_house()


def signed_in(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def page(client: Client, **query: Any) -> str:
    response = client.get("/inbox/new/", query)
    assert response.status_code == 200
    return response.content.decode()


def words(house: House, **fields: Any) -> dict[str, Any]:
    return {"to": NEW, "way": f"{house.channel.pk}-0", "subject": "Your parcel", "text": "It is here.",
            "client_id": str(uuid.uuid4())} | fields  # fmt: skip


def test_people_are_found_by_name_address_and_what_their_tickets_say(house: House) -> None:
    zoe = open_ticket(house.channel, text="About order UA-4711.").customer
    client = signed_in(house.olena)
    link = f'href="/inbox/new/?customer={zoe.pk}"'
    for typed in ("Zoe", "zoe@customer", "zoe@customer.example", "UA-4711"):
        assert link in page(client, q=typed), typed
    assert "zoe@customer.example" in page(client, q="Zoe")
    assert "?to=" not in page(client, q="zoe@customer.example"), "somebody has it"
    assert 'href="/inbox/new/?to=new%40customer.example"' in page(client, q=NEW)
    assert 'href="/inbox/new/?to=%2B380671110022"' in page(client, q="+38 067 111 00 22")
    assert "Nobody you may see is found by this." in page(client, q="nonsense")
    assert client.get("/inbox/new/", {"to": "zoe@customer.example"})["Location"].startswith(
        f"/inbox/new/?customer={zoe.pk}&address="
    )


def test_an_outsider_is_shown_nobody_and_begins_nothing(house: House) -> None:
    zoe = open_ticket(house.channel, text="About order UA-4711.").customer
    client, before = signed_in(house.mallory), row_counts()
    for typed in ("Zoe", "UA-4711", "zoe@customer.example"):
        html = page(client, q=typed)
        assert "Zoe" not in html.replace('value="Zoe"', "") and f"customer={zoe.pk}" not in html
    # An address of somebody out of sight looks like one that nobody has.
    assert "?to=zoe%40customer.example" in page(client, q="zoe@customer.example")
    assert "Zoe Bauer" not in page(client, to="zoe@customer.example")
    assert client.get("/inbox/new/", {"customer": zoe.pk}).status_code == 404
    identity = Identity.objects.get()
    form = words(house, customer=zoe.pk, way=f"{house.channel.pk}-{identity.pk}")
    assert client.post("/inbox/new/", form).status_code == 404
    assert client.post("/inbox/new/", words(house)).status_code == 422, "a channel of another team"
    for nobody in (house.vera, make_agent("Carl", role=Role.CONTRACTOR, team=house.support)):
        assert signed_in(nobody).get("/inbox/new/").status_code == 403
        assert signed_in(nobody).post("/inbox/new/", words(house)).status_code == 403
        assert "/inbox/new/" not in signed_in(nobody).get("/inbox/open/").content.decode()
    assert {name for name, n in row_counts().items() if n != before[name]} <= {
        "people_agent", "people_membership", "events_auditentry", "people_agentsession", "people_dayseen"
    }  # fmt: skip
    assert not Message.objects.filter(kind="outbound").exists()
    assert Ticket.objects.count() == 1


def test_what_is_written_becomes_a_ticket_once(house: House) -> None:
    client, form = signed_in(house.olena), words(house, html="<p>It is <b>here</b>.</p>")
    html = page(client, to=NEW)
    assert re.search(r'name="way" value="\d+-0" checked', html)
    first = client.post("/inbox/new/", form)
    message = Message.objects.get()
    assert re.fullmatch(rf"/inbox/my-waiting/{message.ticket_id}/\?sent={message.pk}-\d+", first["Location"])
    assert (message.text, message.html, message.subject) == ("It is here.", "<p>It is <b>here</b>.</p>", "Your parcel")
    assert client.post("/inbox/new/", form)["Location"].startswith(f"/inbox/my-waiting/{message.ticket_id}/")
    assert (Ticket.objects.count(), Message.objects.count()) == (1, 1)
    shown = client.get(first["Location"]).content.decode()
    assert "<b>Olena</b> began the conversation by <b>Support</b>" in shown
    assert NEW in shown


def chosen(client: Client, **query: Any) -> str:
    html = client.get("/inbox/new/", query, follow=True).content.decode()
    return re.findall(r'name="way" value="([^"]+)" checked', html)[0]


def test_each_way_says_the_address_it_is_sent_from(house: House) -> None:
    html = page(signed_in(house.adam), to=NEW)
    for channel in (house.channel, house.other_channel):
        assert f"{channel.address} → {NEW}" in html


def test_the_way_chosen_at_first_is_where_they_wrote_last_then_the_own_team_then_the_eldest(house: House) -> None:
    # "Returns" comes first by the alphabet, "Support" by when it was made.
    assert chosen(signed_in(house.adam), to=NEW) == f"{house.channel.pk}-0"
    house.returns.memberships.create(agent=house.adam)
    assert chosen(signed_in(house.adam), to=NEW) == f"{house.other_channel.pk}-0"
    open_ticket(house.other_channel, at=NOW)
    later = NOW + timedelta(days=1)
    zoe = open_ticket(house.channel, at=later, received_at=later).customer
    client, identity = signed_in(house.adam), Identity.objects.get()
    assert chosen(client, customer=zoe.pk) == f"{house.channel.pk}-{identity.pk}"
    latest = later + timedelta(days=1)
    open_ticket(house.other_channel, at=latest, received_at=latest)
    assert chosen(client, customer=zoe.pk) == f"{house.other_channel.pk}-{identity.pk}"


def test_where_somebody_out_of_sight_wrote_chooses_nothing(house: House) -> None:
    open_ticket(house.other_channel, at=NOW)
    assert chosen(signed_in(house.olena), to="zoe@customer.example") == (
        f"{house.channel.pk}-{Identity.objects.get().pk}"
    )


def test_an_address_we_typed_is_not_told_as_the_senders(house: House) -> None:
    client = signed_in(house.olena)
    client.post("/inbox/new/", words(house))
    ticket = Ticket.objects.get()
    for address in (f"/inbox/my-waiting/{ticket.pk}/", f"/customers/{ticket.customer_id}/"):
        html = client.get(address).content.decode()
        assert "Added here or named by others, not verified" in html
        assert "As the sender says" not in html
    open_ticket(house.channel, sender=Address("Nina", NEW))
    html = client.get(f"/customers/{ticket.customer_id}/").content.decode()
    assert "As the sender says, not verified" in html and "Added here" not in html


def test_a_refusal_keeps_what_was_written(house: House) -> None:
    client = signed_in(house.olena)
    response = client.post("/inbox/new/", words(house, subject="", html="<p>It is <b>here</b>.</p>"))
    html = response.content.decode()
    assert response.status_code == 422
    assert "Write a subject." in html
    assert "It is here." in html and "&lt;b&gt;here&lt;/b&gt;" in html
    assert client.post("/inbox/new/", words(house, way="")).status_code == 422
    assert client.post("/inbox/new/", words(house, way="9-9-9-9-x")).status_code == 422
    assert client.post("/inbox/new/", words(house, client_id="x")).status_code == 422
    assert not Ticket.objects.exists()


def test_a_card_is_asked_about_and_leaves_masked(house: House) -> None:
    client, form = signed_in(house.olena), words(house, text="Your card 4111 1111 1111 1111?")
    asked = client.post("/inbox/new/", form)
    assert asked.status_code == 422 and "Send anyway" in asked.content.decode()
    assert not Ticket.objects.exists()
    agreed = re.findall(r'name="confirmed" value="([^"]+)"', asked.content.decode())
    assert len(agreed) == 1
    for _ in range(2):
        assert client.post("/inbox/new/", form | {"confirmed": agreed}).status_code == 302
    message = Message.objects.get()
    assert agreed[0] in message.text and "4111 1111" not in message.text
    assert "4111" not in client.post("/inbox/new/", words(house, subject="4111 1111 1111 1111"))["Location"]
    assert "4111 1111" not in Ticket.objects.latest("pk").subject


def test_a_canned_reply_is_put_in_filled_in_as_far_as_it_can_be(house: House) -> None:
    zoe = open_ticket(house.channel).customer
    here = Content("Here", {"": "Hello {{customer.first_name}}, order {{order.number}}. {{agent.name}}"})
    macro = save_macro(None, here, by=house.adam, audience=Audience())
    theirs = save_macro(None, Content("Theirs", {"": "Secret"}), by=house.adam, audience=Audience(team=house.returns))
    client, identity, before = signed_in(house.olena), Identity.objects.get(), row_counts()
    form = words(
        house, customer=zoe.pk, way=f"{house.channel.pk}-{identity.pk}", text="Good day.", insert="1", macro=macro.pk
    )
    html = client.post("/inbox/new/", form).content.decode()
    assert "Good day.\n\nHello Zoe, order {{order.number}}. Olena" in html
    assert row_counts() == before
    assert "Secret" not in client.post("/inbox/new/", form | {"macro": theirs.pk}).content.decode()
    del form["insert"]
    refused = client.post("/inbox/new/", form | {"text": "order {{order.number}}"})
    assert "{{order.number}}" in refused.content.decode() and refused.status_code == 422


def test_its_queries_do_not_grow(house: House, django_assert_num_queries: Any) -> None:
    client = signed_in(house.olena)
    for number in range(3):
        open_ticket(house.channel, sender=Address(f"Zoe {number}", f"zoe{number}@c.example"), at=NOW)
    page(client, q="Zoe")
    with django_assert_num_queries(FIND):
        page(client, q="Zoe")
    zoe = Ticket.objects.earliest("pk").customer
    with django_assert_num_queries(WRITE):
        page(client, customer=zoe.pk)
    for number in range(9):
        open_ticket(house.channel, sender=Address(f"Zoe {number}9", f"zoe9{number}@c.example"), at=NOW)
        Identity.objects.create(customer=zoe, kind="email", value=f"z{number}@c.example")
    with django_assert_num_queries(FIND):
        page(client, q="Zoe")
    with django_assert_num_queries(WRITE):
        page(client, customer=zoe.pk)


FIND, WRITE = 13, 13


def test_what_is_taken_back_goes_on_in_the_form(house: House) -> None:
    client = signed_in(house.olena)
    html = "<p>It is <b>here</b>.</p>"
    assert client.post("/inbox/new/", words(house, html=html)).status_code == 302
    message = Message.objects.get()
    answer = client.post(f"/messages/{message.pk}/withdrawal/").json()
    assert answer["again"] == f"/inbox/new/?again={message.pk}"
    shown = client.get(answer["again"]).content.decode()
    identity = Identity.objects.get(value=NEW)
    assert "Taken back: nothing was sent." in shown
    assert f'value="{house.channel.pk}-{identity.pk}" checked' in shown
    assert 'value="Your parcel"' in shown
    assert "It is &lt;b&gt;here" in shown or "It is &lt;strong&gt;here" in shown
    assert f'name="customer" value="{identity.customer_id}"' in shown
    # Sent anew: another ticket; what was typed since counts, and a refusal loses none of it.
    again = {
        "again": str(message.pk),
        "customer": str(identity.customer_id),
        "way": f"{house.channel.pk}-{identity.pk}",
    }
    refused = client.post("/inbox/new/", words(house, text="Now it is.", subject="", **again))
    assert refused.status_code == 422 and "Now it is." in refused.content.decode()
    assert client.post("/inbox/new/", words(house, text="Now it is.", **again)).status_code == 302
    assert Message.objects.latest("pk").text == "Now it is."
    assert list(Ticket.objects.order_by("pk").values_list("status", flat=True)) == ["closed", "pending"]


def test_nobody_else_gets_what_was_taken_back(house: House) -> None:
    client = signed_in(house.olena)
    client.post("/inbox/new/", words(house, text="For Nina alone."))
    message = Message.objects.get()
    client.post(f"/messages/{message.pk}/withdrawal/")
    for other in (house.ben, house.mallory):
        shown = signed_in(other).get("/inbox/new/", {"again": message.pk}).content.decode()
        assert "For Nina alone." not in shown and NEW not in shown
    for wrong in ("0", "x", str(message.pk + 1)):
        assert "nothing was sent" not in page(client, again=wrong)
