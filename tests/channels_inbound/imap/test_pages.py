"""The pages about mailboxes: what admins do there, what others see, and that nobody else changes anything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from channels_inbound.credentials import decrypt
from channels_inbound.imap.actions import add_mailbox, change_mailbox, look_now, remove_mailbox
from channels_inbound.models import Mailbox
from events.models import Event
from helpdesk.signals import as_prometheus, collect
from people.models import Agent, Role
from people.permissions import PermissionDenied
from tests.channels_inbound.imap.conftest import numbered, visit
from tests.people import House, make_agent, make_house
from tests.support.dovecot import PASSWORD, Account
from tickets.errors import InvalidInput

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "/channels/mailboxes/new/"


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def kept(house: House) -> Mailbox:
    values = {"host": "imap.shop.example", "username": "support@shop.example"}
    return add_mailbox(house.channel, values, {"password": "the-stored-one"}, by=house.adam)


def signed_in(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def form_for(house: House, **fields: Any) -> dict[str, Any]:
    values = {
        "channel": house.channel.pk, "host": "imap.shop.example", "port": 993, "security": "tls",
        "username": "support@shop.example", "auth": "password", "password": "s3cret-typed", "folder": "INBOX",
        "start_from": "new", "start_days": 7, "backlog_historic": "on", "after_fetch": "leave", "use_idle": "on",
        "poll_seconds": 60, "is_active": "on",
    }  # fmt: skip
    return values | fields


def local(account: Account, **fields: Any) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": account.server.port, "security": "none", "username": account.name,
            "password": PASSWORD} | fields  # fmt: skip


class TestAdding:
    def test_saves_encrypted_and_says_it_on_the_channel(self, house: House) -> None:
        response = signed_in(house.adam).post(NEW, form_for(house, after_fetch="move", move_to="Done"))
        assert response.status_code == 302
        mailbox = Mailbox.objects.get()
        assert (mailbox.channel, mailbox.host, mailbox.move_to) == (house.channel, "imap.shop.example", "Done")
        assert decrypt(mailbox.secret) == {"password": "s3cret-typed"}
        event = Event.objects.get(stream_type="channel")
        assert (event.kind, event.actor_id) == ("mailbox.added", house.adam.pk)
        assert "s3cret" not in str(event.data)

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"password": ""}, "Without a password"),
            ({"host": ""}, "required"),
            ({"port": 0}, "greater than or equal to 1"),
            ({"poll_seconds": 1}, "greater than or equal to 15"),
            ({"after_fetch": "move"}, "Name another folder"),
            ({"after_fetch": "move", "move_to": "INBOX"}, "Name another folder"),
            ({"auth": "oauth", "client_secret": "x"}, "OAuth needs the token address"),
            ({"auth": "oauth", "token_url": "https://t.example", "client_id": "x"}, "Without a password or a token"),
        ],
    )
    def test_says_what_is_missing(self, house: House, fields: dict[str, Any], said: str) -> None:
        response = signed_in(house.adam).post(NEW, form_for(house, **fields))
        assert response.status_code == 422
        assert said in response.content.decode()
        assert "s3cret-typed" not in response.content.decode()
        assert not Mailbox.objects.exists()

    def test_the_same_folder_twice(self, house: House) -> None:
        client = signed_in(house.adam)
        client.post(NEW, form_for(house))
        response = client.post(NEW, form_for(house, channel=house.other_channel.pk))
        assert response.status_code == 422
        assert "This folder is fetched already." in response.content.decode()

    @override_settings(CREDENTIALS_KEYS=[])
    def test_without_a_key_says_what_to_set(self, house: House) -> None:
        response = signed_in(house.adam).post(NEW, form_for(house))
        assert "HELPDESK_CREDENTIALS_KEYS is not set" in response.content.decode()
        assert not Mailbox.objects.exists()


class TestTesting:
    def test_of_a_new_one(self, house: House, account: Account) -> None:
        account.deliver(*numbered(1, 2))
        response = signed_in(house.adam).post(NEW, form_for(house, test="", **local(account)))
        body = response.content.decode()
        assert "The connection works." in body
        assert "2 mails are in the folder." in body
        assert PASSWORD not in body
        assert not Mailbox.objects.exists()

    def test_says_in_plain_words_what_is_wrong(self, house: House, account: Account) -> None:
        client = signed_in(house.adam)
        wrong = client.post(NEW, form_for(house, test="", **local(account, password="s3cret-wrong"))).content.decode()
        assert (
            "The server refuses the user name or the password. ([AUTHENTICATIONFAILED] Authentication failed.)" in wrong
        )
        assert "s3cret-wrong" not in wrong
        gone = client.post(NEW, form_for(house, test="", host="imap.no-such-name.invalid")).content.decode()
        assert "The server&#x27;s name cannot be found." in gone

    def test_of_a_stored_one_uses_its_password_only_where_it_belongs(self, house: House, account: Account) -> None:
        mailbox = add_mailbox(house.channel, local(account), {"password": PASSWORD}, by=house.adam)
        client, page = signed_in(house.adam), f"/channels/mailboxes/{mailbox.pk}/"
        same = client.post(page, form_for(house, test="", **local(account, password="")))
        assert "The connection works." in same.content.decode()
        other = client.post(page, form_for(house, test="", **local(account, password="", host="localhost")))
        assert other.status_code == 422
        assert "For another server the password must be entered again." in other.content.decode()


class TestChanging:
    def test_keeps_the_password_and_never_shows_it(self, house: House, kept: Mailbox) -> None:
        client, page = signed_in(house.adam), f"/channels/mailboxes/{kept.pk}/"
        assert "the-stored-one" not in client.get(page).content.decode()
        assert kept.secret not in client.get(page).content.decode()
        assert client.post(page, form_for(house, password="", after_fetch="seen")).status_code == 302
        kept.refresh_from_db()
        assert (kept.after_fetch, kept.version) == ("seen", 1)
        assert decrypt(kept.secret) == {"password": "the-stored-one"}
        assert Event.objects.latest("id").data["changed"] == ["after_fetch"]

    @pytest.mark.parametrize("change", [{"host": "evil.example"}, {"port": 143}, {"security": "starttls"}])
    def test_elsewhere_needs_the_password_again(self, house: House, kept: Mailbox, change: dict[str, Any]) -> None:
        page = f"/channels/mailboxes/{kept.pk}/"
        response = signed_in(house.adam).post(page, form_for(house, password="", **change))
        assert response.status_code == 422
        kept.refresh_from_db()
        assert (kept.host, kept.port, kept.security, kept.version) == ("imap.shop.example", 993, "tls", 0)

    def test_another_folder_starts_anew(self, house: House, account: Account) -> None:
        mailbox = add_mailbox(house.channel, local(account, use_idle=False), {"password": PASSWORD}, by=house.adam)
        account.deliver(*numbered(1))
        visit(mailbox)
        change_mailbox(mailbox.pk, {"folder": "Other"}, {}, by=house.adam)
        mailbox.refresh_from_db()
        assert (mailbox.uidvalidity, mailbox.last_uid, mailbox.epoch) == (None, 0, 1)

    def test_removing_keeps_the_mails(self, house: House, account: Account) -> None:
        mailbox = add_mailbox(house.channel, local(account, use_idle=False), {"password": PASSWORD}, by=house.adam)
        account.deliver(*numbered(1))
        visit(mailbox)
        signed_in(house.adam).post(f"/channels/mailboxes/{mailbox.pk}/remove/")
        assert not Mailbox.objects.exists()
        assert house.channel.raw_deliveries.count() == 1
        assert Event.objects.latest("id").kind == "mailbox.removed"

    def test_look_now_does_not_wait(self, house: House, kept: Mailbox) -> None:
        Mailbox.objects.update(next_look_at=timezone.now() + timedelta(hours=1), failures=9)
        signed_in(house.adam).post(f"/channels/mailboxes/{kept.pk}/look/")
        kept.refresh_from_db()
        assert kept.next_look_at <= timezone.now()
        assert kept.failures == 0


class TestHealth:
    def page(self, agent: Agent) -> str:
        return signed_in(agent).get("/channels/mailboxes/").content.decode()

    def test_good(self, house: House, kept: Mailbox) -> None:
        Mailbox.objects.update(state="ok", last_look_at=timezone.now(), last_mail_at=timezone.now())
        assert "Working" in self.page(house.olena)
        assert "Silent" not in self.page(house.olena)

    def test_refused_is_an_alarm_on_both_pages(self, house: House, kept: Mailbox) -> None:
        Mailbox.objects.update(
            state="refused", trouble="login", trouble_detail="[AUTHENTICATIONFAILED] <b>", last_look_at=timezone.now()
        )
        assert "Needs an admin" in self.page(house.olena)
        assert "The server refuses the user name or the password. ([AUTHENTICATIONFAILED] &lt;b&gt;)" in self.page(
            house.olena
        )
        assert "need attention" in signed_in(house.olena).get("/channels/").content.decode()

    def test_silence_is_an_alarm_whatever_its_reason(self, house: House, kept: Mailbox) -> None:
        Mailbox.objects.update(state="ok", last_look_at=timezone.now() - timedelta(minutes=11))
        assert "Silent for too long" in self.page(house.olena)
        assert "need attention" in signed_in(house.olena).get("/channels/").content.decode()

    def test_one_never_looked_at_is_silent_in_time(self, house: House, kept: Mailbox) -> None:
        assert "Silent" not in self.page(house.olena)
        Mailbox.objects.update(created_at=timezone.now() - timedelta(minutes=11))
        assert "Silent for too long" in self.page(house.olena)

    def test_a_renumbering_is_told_for_a_week(self, house: House, kept: Mailbox) -> None:
        Mailbox.objects.update(renumbered_at=timezone.now() - timedelta(days=6))
        assert "numbered the folder anew" in self.page(house.olena)
        Mailbox.objects.update(renumbered_at=timezone.now() - timedelta(days=8))
        assert "numbered the folder anew" not in self.page(house.olena)

    def test_in_the_metrics(self, house: House, kept: Mailbox) -> None:
        now = timezone.now()
        Mailbox.objects.update(
            last_look_at=now - timedelta(seconds=100),
            last_mail_at=now - timedelta(seconds=500),
            failures=3,
            state="refused",
        )
        lines = dict(line.rsplit(" ", 1) for line in as_prometheus(collect()).splitlines() if not line.startswith("#"))
        labels = f'{{mailbox="{kept.pk}",channel="Support"}}'
        assert 100 <= float(lines[f"helpdesk_mailbox_look_age_seconds{labels}"]) < 160
        assert 500 <= float(lines[f"helpdesk_mailbox_mail_age_seconds{labels}"]) < 560
        assert lines[f"helpdesk_mailbox_failures{labels}"] == "3"
        assert lines['helpdesk_needs_a_person{what="mailboxes refused"}'] == "1"


class TestOutsiders:
    @pytest.mark.parametrize("role", ["olena", "vera", "mallory", "manager", "nobody"])
    def test_change_nothing_on_any_page(self, house: House, kept: Mailbox, role: str) -> None:
        make_agent("Marta", role=Role.MANAGER, team=house.support)
        agents = {"manager": Agent.objects.get(name="Marta"), "nobody": None}
        agent = agents[role] if role in agents else getattr(house, role)
        client = signed_in(agent) if agent else Client()
        before = (list(Mailbox.objects.values()), Event.objects.count())
        page = f"/channels/mailboxes/{kept.pk}/"
        expected = 404 if agent else 302
        answers = [
            client.get(NEW), client.post(NEW, form_for(house, folder="Mine")), client.get(page),
            client.post(page, form_for(house, host="evil.example")), client.post(page, form_for(house, test="", password="")),
            client.post(f"{page}look/"), client.post(f"{page}remove/"),
        ]  # fmt: skip
        assert [answer.status_code for answer in answers] == [expected] * 7
        assert (list(Mailbox.objects.values()), Event.objects.count()) == before

    def test_see_only_the_mailboxes_of_their_channels(self, house: House, kept: Mailbox) -> None:
        assert "imap.shop.example" in signed_in(house.olena).get("/channels/mailboxes/").content.decode()
        assert "imap.shop.example" not in signed_in(house.mallory).get("/channels/mailboxes/").content.decode()
        assert "Look now" not in signed_in(house.olena).get("/channels/mailboxes/").content.decode()
        assert Client().get("/channels/mailboxes/").status_code == 302

    def test_are_refused_by_the_actions_themselves(self, house: House, kept: Mailbox) -> None:
        former = make_agent("Former", role=Role.ADMIN, is_active=False)
        for agent in (house.olena, house.vera, former):
            with pytest.raises(PermissionDenied):
                add_mailbox(house.channel, {"host": "x.example", "username": "y"}, {"password": "z"}, by=agent)
            with pytest.raises(PermissionDenied):
                change_mailbox(kept.pk, {"host": "x.example"}, {"password": "z"}, by=agent)
            with pytest.raises(PermissionDenied):
                remove_mailbox(kept.pk, by=agent)
            with pytest.raises(PermissionDenied):
                look_now(kept.pk, by=agent)
        assert Mailbox.objects.get().host == "imap.shop.example"

    def test_admins_cannot_point_a_stored_password_elsewhere(self, house: House, kept: Mailbox) -> None:
        with pytest.raises(InvalidInput):
            change_mailbox(kept.pk, {"host": "evil.example"}, {}, by=house.adam)
        assert Mailbox.objects.get().host == "imap.shop.example"
