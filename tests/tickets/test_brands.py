"""Brands: what customers see of a shop, and the channels that belong to it."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from channels_inbound.contact_form.taking import set_contact_form
from channels_inbound.email.compose import compose_mail
from channels_inbound.email.parse import parse_email
from events.models import AuditEntry, Event
from livechat.channels import create_chat_channel
from people.colours import PRODUCT_COLOR
from people.models import Brand
from people.permissions import PermissionDenied
from tests.api.client import Api
from tests.people import NOW, House, make_house, open_ticket
from tickets import actions
from tickets.actions.brands import BrandSaid, remove_brand, save_brand
from tickets.actions.delivery import claim_replies
from tickets.actions.macros import Content, save_macro, use_macro
from tickets.actions.views import Audience, save_view
from tickets.conditions import ticket_q
from tickets.counts import view_counts
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.catalogue import View, views_for
from tickets.inbox.rows import list_page
from tickets.models import Channel, Ticket, ViewOrder
from tickets.outbound import OutboundMessage
from tickets.search.finder import search_tickets


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def make(house: House, name: str, *channels: Channel, **said: Any) -> Brand:
    return save_brand(None, BrandSaid(name, **said), by=house.adam, channels=[one.pk for one in channels])


def kept() -> tuple[Any, ...]:
    """All there is of brands."""
    channels = list(Channel.objects.order_by("pk").values_list("pk", "brand"))
    return (
        list(Brand.objects.order_by("pk").values()),
        channels,
        Event.objects.count(),
        AuditEntry.objects.filter(what__startswith="brand").count(),
    )


def told(brand_id: int) -> list[tuple[str, Any]]:
    events = Event.objects.filter(stream_type="brand", stream_id=brand_id).order_by("sequence")
    return [(event.kind, event.data) for event in events]


def test_a_brand_has_its_channels_and_says_so_once(house: House) -> None:
    brand = make(house, "  Nordvik   Outdoor ", house.channel, color="#1F57D6", url="https://nordvik.example")

    assert (brand.name, brand.color) == ("Nordvik Outdoor", "#1f57d6")
    assert list(brand.channels.all()) == [house.channel]
    before = kept()
    said = BrandSaid("Nordvik Outdoor", color="#1f57d6", url="https://nordvik.example")
    save_brand(brand.pk, said, by=house.adam, channels=[house.channel.pk])
    assert kept() == before
    number = house.channel.pk
    changed = ["name", "color", "url"]
    assert told(brand.pk) == [("brand.made", {"changed": changed, "moved": [number], "channels": [number]})]


def test_a_channel_is_of_one_brand_and_comes_over_from_another(house: House) -> None:
    one, two = make(house, "One", house.channel, house.other_channel), make(house, "Two")

    save_brand(two.pk, BrandSaid("Two"), by=house.adam, channels=[house.channel.pk])

    assert list(one.channels.all()) == [house.other_channel]
    assert list(two.channels.all()) == [house.channel]
    save_brand(two.pk, BrandSaid("Two"), by=house.adam, channels=[])
    house.channel.refresh_from_db()
    assert house.channel.brand is None
    number = house.channel.pk
    assert told(two.pk)[-1] == ("brand.changed", {"changed": [], "moved": [number], "channels": []})


def test_what_changed_stands_in_the_audit(house: House) -> None:
    brand = make(house, "One")
    save_brand(brand.pk, BrandSaid("Uno", review_url="https://reviews.example/uno"), by=house.adam)

    entry = AuditEntry.objects.get(what=f"brand {brand.pk}")
    assert entry.actor_id == house.adam.pk
    assert entry.data == {"name": ["One", "Uno"], "review_url": ["", "https://reviews.example/uno"]}


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "ONE"}),
        ("name", {"name": "x" * 61}),
        ("color", {"color": "red"}),
        ("color", {"color": "#1f57d6;}"}),
        ("locale", {"locale": "xx"}),
        ("url", {"url": "javascript:alert(1)"}),
        ("review_url", {"review_url": "http://reviews.example"}),
        ("signature", {"signature": "{ticket.secret}"}),
    ],
)
def test_what_no_customer_should_see_is_refused(house: House, field: str, said: dict[str, str]) -> None:
    make(house, "One")
    before = kept()
    with pytest.raises(InvalidInput) as refused:
        save_brand(None, BrandSaid(**({"name": "Two"} | said)), by=house.adam, channels=[house.channel.pk])
    assert refused.value.field == field
    assert kept() == before


def test_a_channel_or_brand_that_is_not_there_is_refused(house: House) -> None:
    before = kept()
    with pytest.raises(InvalidInput):
        make(house, "One", Channel(pk=999_999))
    with pytest.raises(NotFound):
        save_brand(999_999, BrandSaid("One"), by=house.adam)
    assert kept() == before


def test_removing_lets_the_channels_go_and_is_safe_twice(house: House) -> None:
    brand = make(house, "One", house.channel)

    for _ in range(2):
        remove_brand(brand.pk, by=house.adam)

    house.channel.refresh_from_db()
    assert house.channel.brand is None
    removed = {"name": "One", "channels": [], "moved": [house.channel.pk]}
    assert [one for one in told(brand.pk) if one[0] == "brand.removed"] == [("brand.removed", removed)]


@pytest.mark.parametrize("who", ["olena", "mallory", "vera"])
def test_who_does_not_manage_channels_changes_nothing(house: House, who: str, client: Client) -> None:
    brand = make(house, "One", house.channel)
    before, agent = kept(), getattr(house, who)
    with pytest.raises(PermissionDenied):
        save_brand(None, BrandSaid("Two"), by=agent)
    with pytest.raises(PermissionDenied):
        save_brand(brand.pk, BrandSaid("Two"), by=agent, channels=[])
    with pytest.raises(PermissionDenied):
        remove_brand(brand.pk, by=agent)
    client.force_login(agent)
    assert client.get("/brands/").status_code == 403
    assert client.post(f"/brands/{brand.pk}/", {"name": "Two"}).status_code == 403
    assert client.post(f"/brands/{brand.pk}/remove/").status_code == 403
    assert kept() == before


def test_the_pages_make_change_and_remove(house: House, client: Client) -> None:
    client.force_login(house.adam)
    number = house.channel.pk
    refused = client.post("/brands/new/", {"name": "One", "color": "red"})
    assert refused.status_code == 422 and not Brand.objects.exists()
    made = client.post("/brands/new/", {"name": "One", "channels": [number], "color": "#aa0000"})
    assert made.status_code == 302
    brand = Brand.objects.get()
    other = make(house, "Two", house.other_channel)
    page = client.get(f"/brands/{brand.pk}/").content.decode()
    assert "Returns (now of Two)" in page and "Its 1 channel stays" in page
    with CaptureQueriesContext(connection) as few:
        assert "Support" in client.get("/brands/").content.decode()
    for name in ("Three", "Four", "Five"):
        make(house, name)
    with CaptureQueriesContext(connection) as many:
        client.get("/brands/")
    assert len(many) == len(few)
    client.post(f"/brands/{brand.pk}/remove/")
    client.post(f"/brands/{other.pk}/", {"name": "Two", "channels": [number]})
    assert set(Channel.objects.values_list("pk", "brand")) == {(number, other.pk), (house.other_channel.pk, None)}


def test_a_colour_is_picked_kept_and_given_back(house: House, client: Client) -> None:
    client.force_login(house.adam)
    assert 'type="color"' in client.get("/brands/new/").content.decode()
    # As a browser sends an untouched form: the picker is never empty.
    plain = {"name": "One", "color": "#1f57d6", "plain": "on"}
    client.post("/brands/new/", plain)
    brand = Brand.objects.get()
    path, colours = f"/brands/{brand.pk}/", []
    for said in ({}, {"color": "#aa0000"}, {"color": "#aa0000", "plain": ""}, {"color": "#aa0000"}):
        client.post(path, {name: value for name, value in (plain | said).items() if value})
        colours.append(Brand.objects.get().color)
    assert colours == ["", "#aa0000", "#aa0000", ""]
    assert '<a href="/channels/connect/">' in client.get("/brands/").content.decode()


def test_a_house_with_one_brand_sees_none_among_its_channels(house: House, client: Client) -> None:
    client.force_login(house.adam)
    make(house, "Nordvik", house.channel)
    assert "Nordvik" not in client.get("/channels/").content.decode()
    make(house, "Sudvik", house.other_channel)
    page = client.get("/channels/").content.decode()
    assert "Nordvik" in page and "Sudvik" in page


def test_the_api_shows_brands_and_whose_a_channel_is(house: House) -> None:
    brand = make(house, "Nordvik", house.channel, color="#aa0000", url="https://nordvik.example")
    api = Api.of(house.olena)

    found = api.get("brands/").body["results"]
    assert found == [
        {
            "id": brand.pk, "name": "Nordvik", "color": "#aa0000", "locale": "", "url": "https://nordvik.example",
            "review_url": "", "signature": "", "signature_html": "",
            "channels": [{"id": house.channel.pk, "name": "Support", "kind": "email"}],
        }
    ]  # fmt: skip
    assert api.get(f"channels/{house.channel.pk}/").body["brand"] == {"id": brand.pk, "name": "Nordvik"}
    assert api.get(f"channels/{house.other_channel.pk}/").body["brand"] is None


def sent(house: House, channel: Channel) -> OutboundMessage:
    """A reply of Olena's as its channel sends it."""
    ticket = open_ticket(channel)
    message = actions.reply(ticket.pk, by=house.adam, text="Hi", undo_seconds=0)
    assert message.not_before is not None
    (found,) = claim_replies(10, at=message.not_before)
    return found


def test_customers_read_the_brand_and_its_signature(house: House) -> None:
    make(house, "Nordvik", house.channel, signature="{brand.name} for {customer.first_name}")
    found = sent(house, house.channel)
    assert (found.channel_name, found.signature) == ("Nordvik", "Nordvik for Zoe")
    assert parse_email(compose_mail(found, at=NOW, load=lambda file: b"").content).sender.name == "Adam (Nordvik)"

    plain = sent(house, house.other_channel)
    assert (plain.channel_name, plain.signature) == ("Returns", "")


def test_a_channels_own_signature_stands_before_the_brands(house: House) -> None:
    make(house, "Nordvik", house.channel, signature="of the brand")
    Channel.objects.filter(pk=house.channel.pk).update(signature="of {channel.name}, {brand.name}")
    assert sent(house, house.channel).signature == "of Support, Nordvik"


@override_settings(SHOP_NAME="The house")
def test_a_canned_reply_names_the_brand_or_the_house(house: House) -> None:
    make(house, "Nordvik", house.channel, url="https://nordvik.example")
    content = Content("Bye", {"": "{{brand.name}} {{brand.url}}"})
    macro = save_macro(None, content, by=house.adam, audience=Audience())

    for channel, said in (
        (house.channel, "Nordvik https://nordvik.example"),
        (house.other_channel, "The house {{brand.url}}"),
    ):
        ticket = open_ticket(channel)
        assert use_macro(ticket.pk, macro.pk, by=house.adam, client_id=uuid4()).reply.text == said


def test_the_brand_is_offered_for_filling_in_only_where_there_are_several(house: House, client: Client) -> None:
    client.force_login(house.adam)
    make(house, "Nordvik", house.channel)
    pages = ("/macros/new/", f"/channels/{house.channel.pk}/")
    assert not any("brand.name" in client.get(page).content.decode() for page in pages)
    make(house, "Sudvik", house.other_channel)
    assert all("brand.name" in client.get(page).content.decode() for page in pages)


@pytest.mark.parametrize(
    ("own", "shown"),
    [
        ({"color": PRODUCT_COLOR}, ("Nordvik", "#aa0000")),
        ({"color": "#00aa00", "brand": "Nordvik chat"}, ("Nordvik chat", "#00aa00")),
    ],
)
def test_a_chat_without_a_look_of_its_own_has_the_brands(
    house: House, client: Client, own: dict[str, str], shown: tuple[str, str]
) -> None:
    shop = "https://shop.example"
    chat, _secret = create_chat_channel(name="Chat", team=house.support, settings={"origins": [shop], **own})
    make(house, "Nordvik", chat.channel, color="#aa0000")

    frame = client.get(f"/widget/{chat.key}/frame/", {"origin": shop}).content.decode()
    assert f'"brand": "{shown[0]}"' in frame and f'"color": "{shown[1]}"' in frame


@pytest.fixture
def two(house: House) -> tuple[Brand, Brand]:
    return make(house, "Nordvik", house.channel), make(house, "Sudvik", house.other_channel)


def saved(house: House, **where: list[Any]) -> View:
    """A view for everyone, as the sidebar has it."""
    made = save_view(None, by=house.adam, name="B", where=where, order=ViewOrder.NEWEST, audience=Audience())
    return next(one for one in views_for(house.adam) if one.key == f"saved-{made.pk}")


def listed(house: House, view: View) -> set[int]:
    return {row.number for row in list_page(house.adam, view.where).rows}


def test_a_view_by_brand_is_one_by_its_channels_and_counted_like_those(house: House, two: tuple[Brand, Brand]) -> None:
    north, south = open_ticket(house.channel).pk, open_ticket(house.other_channel).pk
    lone = Channel.objects.create(name="Lone", address="lone@shop.example")
    alone = open_ticket(lone).pk
    Channel.objects.filter(pk=house.channel.pk).update(is_active=False)  # its tickets are the brand's all the same

    for chosen, found in (
        ([two[0].pk], {north}),
        ([two[0].pk, two[1].pk], {north, south}),
        ([None], {alone}),
        ([999_999], set()),
    ):
        view = saved(house, brand=chosen)
        assert view.counted and not view.deep and set(view.where) == {"channel"}
        assert listed(house, view) == found
        assert (view_counts(house.adam, {view.key: view.where})[view.key] or 0) == len(found)
        assert set(Ticket.objects.filter(ticket_q({"brand": tuple(chosen)})).values_list("pk", flat=True)) == found
    both = saved(house, brand=[two[0].pk], channel=[house.other_channel.pk])
    assert listed(house, both) == set()


def test_the_search_knows_brands(house: House, two: tuple[Brand, Brand], client: Client) -> None:
    north, south = open_ticket(house.channel).pk, open_ticket(house.other_channel).pk

    assert set(search_tickets(house.adam, "brand:nord parcel").ids) == {north}
    assert set(search_tickets(house.adam, "parcel -brand:nord").ids) == {south}
    assert set(search_tickets(house.adam, "brand:none").ids) == set()
    assert set(search_tickets(house.olena, "brand:sud").ids) == set()  # of the other team
    client.force_login(house.olena)
    assert client.get("/search/hints/", {"q": "br"}).json()["hints"] == ["brand:"]
    assert client.get("/search/hints/", {"q": "brand:su"}).json()["hints"] == ["brand:Sudvik"]
    remove_brand(two[1].pk, by=house.adam)
    assert client.get("/search/hints/", {"q": "br"}).json()["hints"] == []


def test_the_api_narrows_tickets_to_a_brand(house: House, two: tuple[Brand, Brand]) -> None:
    north, south = open_ticket(house.channel).pk, open_ticket(house.other_channel).pk
    api = Api.of(house.adam)
    numbers = {
        asked: [one["id"] for one in api.get(f"tickets/?brand={asked}").body["results"]]
        for asked in (two[0].pk, two[1].pk, "none")
    }
    assert numbers == {two[0].pk: [north], two[1].pk: [south], "none": []}
    assert api.get("tickets/?brand=nord").status == 400
    assert Api.of(house.olena).get(f"tickets/?brand={two[1].pk}").body["results"] == []


def test_several_brands_are_told_apart_in_the_list_and_on_the_ticket(house: House, client: Client) -> None:
    ticket = open_ticket(house.channel)
    client.force_login(house.olena)
    make(house, "Nordvik", house.channel)

    def pages() -> list[str]:
        return [client.get(f"/inbox/open/{ticket.pk}/").content.decode(), client.get("/views/new/").content.decode()]

    assert not any("Nordvik" in page for page in pages())
    with CaptureQueriesContext(connection) as few:
        pages()
    make(house, "Sudvik", house.other_channel)
    with CaptureQueriesContext(connection) as many:
        inbox, view = pages()
    assert inbox.count("Nordvik") == 2 and "Sudvik" not in inbox
    assert "Nordvik" in view and "Sudvik" in view and "No brand" in view
    assert len(many) == len(few)


@pytest.mark.django_db(transaction=True)
def test_at_once_one_name_is_one_brand_and_a_channel_goes_to_one() -> None:
    house = make_house()
    barrier, refused = threading.Barrier(4), []

    def save(number: int) -> None:
        barrier.wait()
        try:
            make(house, f"Brand {number % 2}", house.channel)
        except InvalidInput as error:
            refused.append(error.field)
        connections.close_all()

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Brand.objects.values_list("name", flat=True)) == ["Brand 0", "Brand 1"] and refused == ["name"] * 2
    house.channel.refresh_from_db()
    last = Event.objects.filter(kind="brand.made").latest("pk")
    assert Event.objects.filter(kind="brand.made").count() == 2
    assert house.channel.brand_id == last.stream_id and last.data["channels"] == [house.channel.pk]


def test_the_contact_form_is_in_the_brands_name_and_colour(house: House, client: Client) -> None:
    form = set_contact_form(house.channel.pk, by=house.adam, is_active=True, greeting="", origins=[])
    assert "– Support</title>" in client.get(f"/contact/{form.key}/").content.decode()
    make(house, "Nordvik", house.channel, color="#aa0000")
    page = client.get(f"/contact/{form.key}/").content.decode()
    assert "– Nordvik</title>" in page and "/looks/aa0000.css" in page


def test_a_program_makes_changes_and_removes_brands_as_the_page_does(house: House) -> None:
    api, number = Api.of(house.adam), house.channel.pk
    made = api.post("brands/", {"name": " Nordvik ", "color": "#1F57D6", "signature": "Nordvik", "channels": [number]})
    assert made.status == 201
    path = f"brands/{made.body['id']}/"
    assert (made.body["name"], made.body["color"]) == ("Nordvik", "#1f57d6")
    assert [one["id"] for one in made.body["channels"]] == [number]
    assert api.get(path).body == made.body and api.get("brands/").body["results"] == [made.body]

    changed = api.patch(path, {"url": "https://nordvik.example"})
    assert changed.status == 200 and changed.body == made.body | {"url": "https://nordvik.example"}
    assert api.patch(path, {"channels": []}).body["channels"] == []
    assert api.patch(path, {"signature": ""}).body["signature"] == ""

    assert api.send("DELETE", path).status == 204 and not Brand.objects.exists()
    before = kept()
    assert api.send("DELETE", path).status == 204 and kept() == before
    assert (api.get(path).status, api.patch(path, {"name": "x"}).status) == (404, 404)
    assert [kind for kind, _data in told(made.body["id"])] == ["brand.made", *["brand.changed"] * 3, "brand.removed"]


def test_a_program_is_told_what_is_wrong_and_nothing_is_kept(house: House) -> None:
    api, brand = Api.of(house.adam), make(house, "Nordvik", house.channel)
    make(house, "Ostvik")
    path, before = f"brands/{brand.pk}/", kept()
    for body, field in (
        ({"name": "ostvik"}, "name"), ({"name": ""}, "name"), ({"color": "red"}, "color"), ({"locale": "xx"}, "locale"),
        ({"url": "javascript:alert(1)"}, "url"), ({"review_url": "http://r.example"}, "review_url"),
        ({"signature": "{agent.nobody}"}, "signature"), ({"channels": [999_999]}, "channels"), ({"logo": "x"}, "logo"),
    ):  # fmt: skip
        assert api.patch(path, body).wrong_fields == {field}, body
    assert api.post("brands/", {"color": "#1f57d6"}).wrong_fields == {"name"}
    assert kept() == before


def test_only_who_sets_up_channels_writes_brands(house: House) -> None:
    brand = make(house, "Nordvik", house.channel)
    house.ben.role = "manager"
    house.ben.save()
    outsiders = [Api.of(who) for who in (house.olena, house.ben, house.vera, house.mallory)]
    read_only, narrow = Api.of(house.adam, ("read",)), Api.of(house.adam, ("articles:write",))
    before, path = kept(), f"brands/{brand.pk}/"
    for api in (*outsiders, read_only, narrow, Api()):
        answers = [api.post("brands/", {"name": "Mine"}), api.patch(path, {"name": "Mine"}), api.send("DELETE", path)]
        assert {answer.status for answer in answers} == ({401} if api.token is None else {403})
    assert kept() == before
    key = {"Idempotency-Key": str(uuid4())}
    first, again = (Api.of(house.adam).post("brands/", {"name": "Twice"}, **key) for _ in range(2))
    assert first.body == again.body and Brand.objects.filter(name="Twice").count() == 1
