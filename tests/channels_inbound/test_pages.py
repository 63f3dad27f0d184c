"""The pages about channels: what stands there, and that outsiders see none of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from channels_inbound.delivery import drain_outbound
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import DemoMail, RawBody, RawDelivery, RawState
from channels_inbound.raw import store_raw
from events.models import Event
from people.models import Agent, Role
from tests.channels_inbound.mails import raw_mail, running_listener
from tests.people import House, events_of, make_agent, make_house, open_ticket
from tickets.actions import reply, show_remote_images
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

HTML = (
    '<p>Hello <b>there</b></p><script>alert(1)</script><img src="https://tracker.example/p.gif">'
    '<img src="cid:pic1"><a href="https://shop.example/x">link</a>'
)


@pytest.fixture
def house() -> House:
    return make_house()


def signed_in(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def bring_in(channel_id: int, content: bytes) -> RawDelivery:
    delivery = store_raw([channel_id], transport="smtp", content=content, envelope={"mail_from": "z@customer.example"})
    return RawDelivery.objects.get(pk=delivery[0])


def html_message(house: House) -> Message:
    bring_in(house.channel.pk, raw_mail(html=HTML))
    drain_inbound()
    return Message.objects.get()


class TestFrame:
    def test_shows_cleaned_html_under_a_strict_policy(self, house: House) -> None:
        message = html_message(house)
        response = signed_in(house.olena).get(f"/messages/{message.pk}/frame/")
        body = response.content.decode()
        policy = response["Content-Security-Policy"]
        assert response.status_code == 200
        assert "<b>there</b>" in body
        assert "<script" not in body
        assert ' src="https://tracker.example' not in body
        assert ' data-remote-src="https://tracker.example/p.gif"' in body
        assert "default-src 'none'" in policy
        assert "img-src testserver/files/ data:;" in policy
        assert "allow-scripts" not in policy
        assert "sandbox allow-same-origin" in policy
        assert response["X-Frame-Options"] == "SAMEORIGIN"
        assert 'rel="noopener noreferrer' in body
        assert 'target="_blank"' in body

    def test_shows_remote_pictures_once_allowed(self, house: House) -> None:
        message = html_message(house)
        show_remote_images(message.pk, by=house.olena)
        response = signed_in(house.olena).get(f"/messages/{message.pk}/frame/")
        assert 'src="https://tracker.example/p.gif" referrerpolicy="no-referrer"' in response.content.decode()
        assert "img-src testserver/files/ data: https: http:;" in response["Content-Security-Policy"]

    def test_cleans_again_what_an_older_sanitizer_cleaned(self, house: House) -> None:
        message = html_message(house)
        old = message.html + "<script>alert(2)</script>"
        Message.objects.filter(pk=message.pk).update(html=old, html_version=1)
        body = signed_in(house.olena).get(f"/messages/{message.pk}/frame/").content.decode()
        assert "alert(2)" not in body
        message.refresh_from_db()
        assert message.html_version != 1
        assert "data-remote-src=" in message.html
        assert 'data-cid="pic1"' in message.html

    @pytest.mark.parametrize("page", ["frame", "source"])
    def test_outsiders_and_strangers_see_nothing(self, house: House, page: str) -> None:
        message = html_message(house)
        assert signed_in(house.mallory).get(f"/messages/{message.pk}/{page}/").status_code == 404
        assert Client().get(f"/messages/{message.pk}/{page}/").status_code == 302

    def test_source_is_the_mail_as_a_download(self, house: House) -> None:
        sent = raw_mail(html=HTML)
        bring_in(house.channel.pk, sent)
        drain_inbound()
        message = Message.objects.get()
        response = signed_in(house.olena).get(f"/messages/{message.pk}/source/")
        assert response.content == sent
        assert response["Content-Disposition"].startswith("attachment")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert signed_in(house.vera).get(f"/messages/{message.pk}/source/").status_code == 404


class TestQuarantine:
    @pytest.fixture
    def stuck(self, house: House) -> RawDelivery:
        delivery = bring_in(house.channel.pk, raw_mail(Subject="Evil <b>mail</b>"))
        RawDelivery.objects.filter(pk=delivery.pk).update(state=RawState.QUARANTINED, reason="timeout: too slow")
        return delivery

    @pytest.fixture
    def manager(self, house: House) -> Agent:
        return make_agent("Marta", role=Role.MANAGER, team=house.support)

    def test_lists_reason_and_who_seems_to_have_written(self, stuck: RawDelivery, manager: Agent) -> None:
        body = signed_in(manager).get("/quarantine/").content.decode()
        assert "Timeout: too slow" in body
        assert "zoe@customer.example" in body
        assert "Evil &lt;b&gt;mail" in body

    def test_parse_again_brings_it_in(self, stuck: RawDelivery, manager: Agent) -> None:
        assert signed_in(manager).post(f"/quarantine/{stuck.pk}/retry/").status_code == 302
        assert drain_inbound() == {"new": 1}
        stuck.refresh_from_db()
        assert stuck.state == RawState.INGESTED
        assert Event.objects.filter(stream_type="channel").values_list("kind", flat=True)[0] == "mail.retried"

    def test_all_of_them_again(self, stuck: RawDelivery, manager: Agent) -> None:
        signed_in(manager).post("/quarantine/retry/")
        stuck.refresh_from_db()
        assert (stuck.state, stuck.attempts, stuck.reason) == (RawState.STORED, 0, "")

    def test_source_is_a_download(self, stuck: RawDelivery, manager: Agent) -> None:
        response = signed_in(manager).get(f"/quarantine/{stuck.pk}/source/")
        assert response.content == raw_mail(Subject="Evil <b>mail</b>")
        assert response["Content-Disposition"].startswith("attachment")

    def test_nothing_for_outsiders(self, stuck: RawDelivery, house: House) -> None:
        other_manager = make_agent("Petro", role=Role.MANAGER, team=house.returns)
        for agent in (house.olena, house.mallory, house.vera):
            assert signed_in(agent).get("/quarantine/").status_code == 404
        assert "timeout" not in signed_in(other_manager).get("/quarantine/").content.decode()
        for agent in (house.olena, house.mallory, house.vera, other_manager):
            client = signed_in(agent)
            assert client.get(f"/quarantine/{stuck.pk}/source/").status_code == 404
            assert client.post(f"/quarantine/{stuck.pk}/retry/").status_code == 404
        signed_in(other_manager).post("/quarantine/retry/")
        stuck.refresh_from_db()
        assert stuck.state == RawState.QUARANTINED
        assert not Event.objects.filter(stream_type="channel").exists()


class TestChannels:
    def test_shows_health_within_the_team(self, house: House) -> None:
        house.channel.health, house.channel.health_detail = "failing", "535 who are you"
        house.channel.last_received_at = timezone.now()
        house.channel.save()
        seen = signed_in(house.olena).get("/channels/").content.decode()
        assert "535 who are you" in seen
        assert "support@shop.example" in seen
        assert "support@shop.example" not in _main(signed_in(house.mallory).get("/channels/").content.decode())
        assert Client().get("/channels/").status_code == 302


def _main(page: str) -> str:
    return page.partition("<main")[2].partition("</main>")[0]


class TestDemoMailbox:
    @pytest.fixture
    def sent(self, house: House) -> DemoMail:
        ticket = open_ticket(house.channel)
        reply(ticket.pk, by=house.olena, text="It left this morning.", bcc=["boss@shop.example"], undo_seconds=0,
              confirmed=["boss@shop.example"])  # fmt: skip
        assert drain_outbound() == {"accepted": 1}
        return DemoMail.objects.get()

    def test_round_trip(self, sent: DemoMail, house: House, tmp_path: Path) -> None:
        client = signed_in(house.olena)
        assert "zoe@customer.example" in client.get("/demo/mailbox/").content.decode()
        page = client.get(f"/demo/mailbox/{sent.pk}/").content.decode()
        assert "It left this morning." in page
        assert "my parcel has not arrived" in page
        with running_listener(tmp_path) as listener, override_settings(SMTP_HOST="127.0.0.1", SMTP_PORT=listener.port):
            answered = client.post(f"/demo/mailbox/{sent.pk}/reply/", {"text": "Thanks, it is here!"})
            assert answered.status_code == 302
        again = f"/demo/mailbox/{sent.pk}/thread/"
        assert again in client.get(answered["Location"]).content.decode(), "the answer comes by mail: it is looked for"
        assert again not in page
        assert "it is here!" not in client.get(again).content.decode()
        assert drain_inbound() == {"threaded": 1}
        assert "Thanks, it is here!" in client.get(again).content.decode()
        ticket = Ticket.objects.get()
        last = Message.objects.latest("sequence")
        assert last.text.startswith("Thanks, it is here!")
        assert last.text[last.quoted[0][0] :].startswith("Olena (Support)")
        assert events_of(ticket.pk)[-1] == "message.received"

    def test_web_addresses_are_links_and_nothing_else_is(self, sent: DemoMail, house: House) -> None:
        said = "Rate us: https://shop.example/survey/x.y/?score=1&v=2. <b>javascript:alert(1)</b>"
        mail = bytes(sent.content).replace(b"It left this morning.", said.encode())
        DemoMail.objects.filter(pk=sent.pk).update(content=mail)
        Message.objects.filter(kind="outbound").update(text=said)
        page = signed_in(house.olena).get(f"/demo/mailbox/{sent.pk}/").content.decode()
        address = "https://shop.example/survey/x.y/?score=1&amp;v=2"
        link = f'<a href="{address}" target="_blank" rel="noopener noreferrer nofollow">{address}</a>.'
        assert page.count(link) == 2, "in the conversation and in the mail as it was sent"
        assert "<b>javascript" not in page and 'href="javascript' not in page

    def test_writing_in_as_somebody_new(self, house: House, tmp_path: Path) -> None:
        form = {
            "name": "Іван Франко", "address": "ivan@customer.example", "to": "support@shop.example",
            "subject": "Питання", "text": "Добрий день!",
        }  # fmt: skip
        with running_listener(tmp_path) as listener, override_settings(SMTP_HOST="127.0.0.1", SMTP_PORT=listener.port):
            assert signed_in(house.olena).post("/demo/mailbox/new/", form).status_code == 302
        assert drain_inbound() == {"new": 1}
        assert Ticket.objects.get().subject == "Питання"

    def test_says_so_when_nothing_listens(self, sent: DemoMail, house: House) -> None:
        client = signed_in(house.olena)
        with override_settings(SMTP_PORT=1):
            page = client.post(f"/demo/mailbox/{sent.pk}/reply/", {"text": "Hello"}, follow=True)
        assert "nothing listens" in page.content.decode()

    def test_empty_answers_are_said_back(self, sent: DemoMail, house: House) -> None:
        assert signed_in(house.olena).post(f"/demo/mailbox/{sent.pk}/reply/", {"text": ""}).status_code == 422
        assert signed_in(house.olena).post("/demo/mailbox/new/", {"name": ""}).status_code == 422

    def test_outsiders_see_nothing(self, sent: DemoMail, house: House) -> None:
        client = signed_in(house.mallory)
        assert "zoe@customer.example" not in client.get("/demo/mailbox/").content.decode()
        assert client.get(f"/demo/mailbox/{sent.pk}/").status_code == 404
        assert client.post(f"/demo/mailbox/{sent.pk}/reply/", {"text": "x"}).status_code == 404
        assert Client().get("/demo/mailbox/").status_code == 302
        assert RawDelivery.objects.count() == 0

    @pytest.mark.parametrize("path", ["", "1/", "new/", "1/reply/", "1/thread/"])
    def test_gone_once_there_is_an_outgoing_server(self, house: House, path: str) -> None:
        with override_settings(DEMO_MAILBOX=False):
            client = signed_in(house.adam)
            posts = path.endswith(("new/", "reply/"))
            response = client.post(f"/demo/mailbox/{path}") if posts else client.get(f"/demo/mailbox/{path}")
        assert response.status_code == 404

    def test_account_mails_are_the_admins_alone(self, house: House) -> None:
        DemoMail.objects.create(
            mail_from="a@b.example", rcpt_tos=["ben@shop.example"], subject="Reset", content=b"x: y\n\nz"
        )
        assert "Reset" in signed_in(house.adam).get("/demo/mailbox/").content.decode()
        assert "Reset" not in _main(signed_in(house.olena).get("/demo/mailbox/").content.decode())


@pytest.mark.django_db
def test_an_imported_file_without_envelope_waits_in_quarantine_too() -> None:
    """Nothing says who sent it: neither a server nor its headers."""
    house = make_house()
    delivery = RawDelivery.objects.create(
        channel=house.channel, transport="file", transport_key="1", size=5, state=RawState.QUARANTINED,
        reason="crash: the parsing process ended (-9)", envelope={"file": "old.eml", "historic": True},
    )  # fmt: skip
    RawBody.objects.create(delivery=delivery, content=b"\x00\xff\xfe")
    client = Client()
    client.force_login(house.adam)
    page = client.get("/quarantine/")
    assert page.status_code == 200
    assert "<b>–</b>" in page.content.decode()
