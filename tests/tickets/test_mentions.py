"""Mentions, following, handing over, and who is told of it: each person once, by what they chose, within their sight."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from events.models import Event
from people.permissions import PermissionDenied
from tests.metrics.shop import settle
from tests.people import House, events_of, make_house, open_ticket, receive, row_counts
from tickets import actions
from tickets.errors import InvalidInput, NotFound
from tickets.mentions import Key, find_mentions, known_names
from tickets.models import Follow, Message, Notification, Ticket
from tickets.notices import unread_count
from tickets.notices.digest import mail_digests
from tickets.notices.notes import notes_behind
from tickets.notices.reading import choose_notices

NAMES: list[tuple[str, Key]] = [
    ("Olena Koval", ("agent", 1)), ("Ben", ("agent", 2)), ("Marta Lys", ("agent", 3)), ("Marta Koval", ("agent", 4)),
    ("Returns", ("team", 1)), ("Returns abroad", ("team", 2)), ("Олена", ("agent", 5)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("@Ben look", [("agent", 2)]),
        ("(@ben), @BEN!", [("agent", 2)]),
        ("@Olena  Koval and @Olena", [("agent", 1)]),
        ("@Marta who?", []),
        ("@Marta Lys, @Marta Koval", [("agent", 3), ("agent", 4)]),
        ("@Returns abroad @Returns", [("team", 2), ("team", 1)]),
        ("write to ben@ben.example or @Benjamin", []),
        ("@Олена, глянь", [("agent", 5)]),
        ("a@Ben", []),
        ("@", []),
    ],
)
def test_whom_a_text_names(text: str, keys: list[Key]) -> None:
    assert find_mentions(text, known_names(NAMES)) == keys


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    ticket = open_ticket(house.channel)
    told()
    return ticket


def told() -> list[tuple[str, str]]:
    """(who, why) of everybody told, and forgotten again; what these tickets miss by age is another matter."""
    settle()
    notices = Notification.objects.exclude(cause="").select_related("agent").order_by("agent__name")
    found = [(one.agent.name, one.cause) for one in notices]
    Notification.objects.all().delete()
    return found


def test_who_is_mentioned_is_told_once_and_the_writer_not(house: House, ticket: Ticket) -> None:
    actions.add_note(ticket.pk, by=house.olena, text="@Ben and @Support: look. @Olena, too. @Ben!")
    assert told() == [("Ben", "mention"), ("Vera", "team")]


def test_who_may_not_see_it_is_not_told_and_that_is_said(house: House, ticket: Ticket) -> None:
    client = Client()
    client.force_login(house.olena)
    answer = client.post(f"/tickets/{ticket.pk}/messages/", {"kind": "note", "text": "@Mallory @Returns?"})
    assert answer.json()["said"] == "Added. Not told, since they may not see this ticket: Mallory."
    assert told() == []


def test_followers_hear_of_answers_notes_and_ends(house: House, ticket: Ticket) -> None:
    for _ in range(2):
        actions.follow_ticket(ticket.pk, by=house.vera)
    actions.assign_ticket(ticket.pk, by=house.olena, assignee=house.olena)
    receive(house.channel, subject_numbers=(ticket.pk,))
    assert told() == [("Olena", "answer"), ("Vera", "following")]
    actions.add_note(ticket.pk, by=house.olena, text="Hm, @Vera")
    assert told() == [("Vera", "mention")]
    actions.set_status(ticket.pk, by=house.olena, status="solved")
    assert told() == [("Vera", "following")]

    actions.follow_ticket(ticket.pk, by=house.vera, on=False)
    actions.add_note(ticket.pk, by=house.olena, text="Hm")
    assert told() == []
    assert not Follow.objects.exists()


def test_nobody_follows_what_they_do_not_see(house: House, ticket: Ticket) -> None:
    with pytest.raises(NotFound):
        actions.follow_ticket(ticket.pk, by=house.mallory)
    actions.follow_ticket(ticket.pk, by=house.vera)
    actions.move_to_team(ticket.pk, by=house.adam, team=house.returns)
    actions.add_note(ticket.pk, by=house.adam, text="@Vera")
    assert told() == []


def test_each_chooses_what_they_are_told(house: House, ticket: Ticket) -> None:
    choose_notices(house.ben, off=["mention", "team", "nonsense"], digest_minutes=0)
    actions.add_note(ticket.pk, by=house.olena, text="@Ben @Support")
    assert told() == [("Vera", "team")]


def test_handing_over_is_a_note_and_a_new_owner(house: House, ticket: Ticket) -> None:
    note = actions.hand_over(ticket.pk, by=house.olena, to=house.ben, note="Please call her back").note
    ticket.refresh_from_db()
    assert (ticket.assignee, note.text) == (house.ben, "Please call her back")
    assert events_of(ticket.pk)[-2:] == ["note.added", "ticket.assigned"]
    assert told() == [("Ben", "assigned")]

    actions.hand_over(ticket.pk, by=house.olena, team=house.returns, note="A return, after all")
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.team) == (None, house.returns)


def test_a_team_hears_of_what_is_handed_to_it_with_a_word_and_of_no_other_move(house: House, ticket: Ticket) -> None:
    actions.move_to_team(ticket.pk, by=house.olena, team=house.returns)
    actions.move_to_team(ticket.pk, by=house.adam, team=house.support)
    assert told() == []
    actions.hand_over(ticket.pk, by=house.olena, team=house.returns, note="A return <i>after all</i>")
    settle()
    (notice,) = Notification.objects.exclude(cause="")
    assert (notice.agent, notice.cause) == (house.mallory, "team")
    client = Client()
    client.force_login(house.mallory)
    page = client.get("/notifications/").content.decode()
    assert f"Olena handed #{ticket.pk} over to your team" in page
    assert "<q>A return &lt;i&gt;after all&lt;/i&gt;</q>" in page

    actions.move_to_team(ticket.pk, by=house.adam, team=house.support)
    assert "after all" not in client.get("/notifications/").content.decode()
    told()
    actions.hand_over(ticket.pk, by=house.olena, team=house.returns, to=house.mallory, note="Yours")
    assert told() == [("Mallory", "assigned")]


def test_the_words_of_a_note_are_shown_to_who_sees_where_it_is_now(house: House, ticket: Ticket) -> None:
    note = actions.add_note(ticket.pk, by=house.olena, text="@Ben " + "look here " * 30)
    settle()
    event = Event.objects.get(kind="note.added")
    shown = notes_behind([event], house.ben)[event.pk]
    assert shown.who == "Olena" and shown.words.startswith("@Ben look") and len(shown.words) == 120

    elsewhere = open_ticket(house.other_channel)
    Message.objects.filter(pk=note.pk).update(ticket=elsewhere, sequence=99)
    assert notes_behind([event], house.ben)[event.pk].words == ""


@pytest.mark.parametrize("to_ben", [False, True])
def test_who_sees_a_ticket_only_as_theirs_can_hand_it_on(house: House, ticket: Ticket, to_ben: bool) -> None:
    actions.assign_ticket(ticket.pk, by=house.adam, assignee=house.olena)
    actions.move_to_team(ticket.pk, by=house.adam, team=house.returns)
    to = house.ben if to_ben else None
    actions.hand_over(ticket.pk, by=house.olena, to=to, team=house.support, note="Back to you")
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.team) == (to, house.support)
    assert set(events_of(ticket.pk)[-2:]) == {"ticket.moved", "ticket.assigned"}


def test_outsiders_hand_over_nothing(house: House, ticket: Ticket) -> None:
    before = row_counts()
    for by, refusal in ((house.mallory, NotFound), (house.vera, PermissionDenied)):
        with pytest.raises(refusal):
            actions.hand_over(ticket.pk, by=by, to=house.ben, note="x")
    with pytest.raises(InvalidInput):
        actions.hand_over(ticket.pk, by=house.olena, note="x")
    with pytest.raises(InvalidInput):
        actions.hand_over(ticket.pk, by=house.olena, to=house.vera, note="she only looks")
    assert row_counts() == before


def test_what_waits_is_mailed_once_to_who_is_away(house: House, ticket: Ticket) -> None:
    choose_notices(house.ben, off=[], digest_minutes=15)
    actions.add_note(ticket.pk, by=house.olena, text="@Ben <b>look</b> & see")
    actions.assign_ticket(ticket.pk, by=house.olena, assignee=house.ben)
    settle()
    now = timezone.now()

    assert mail_digests(at=now + timedelta(minutes=14)) == 0
    assert mail_digests(at=now + timedelta(minutes=16)) == 1
    assert mail_digests(at=now + timedelta(minutes=60)) == 0

    (sent,) = mail.outbox
    assert (sent.to, sent.subject.endswith("2 things wait for you")) == (["ben@shop.example"], True)
    assert f"Olena mentioned you on #{ticket.pk}\n@Ben <b>look</b> & see\n" in sent.body
    assert f"/tickets/{ticket.pk}/" in sent.body
    assert "parcel has not arrived" not in sent.body


def test_an_address_that_takes_no_mail_keeps_nobody_waiting(
    house: House, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for agent in (house.ben, house.vera):
        choose_notices(agent, off=[], digest_minutes=5)
    actions.add_note(ticket.pk, by=house.olena, text="@Ben @Vera")
    settle()

    def refusing(subject: str, text: str, sender: str | None, to: list[str]) -> int:
        if "ben@shop.example" in to:
            raise SMTPRecipientsRefused({"ben@shop.example": (550, b"no such mailbox")})
        return mail.send_mail(subject, text, sender, to)

    monkeypatch.setattr("tickets.notices.digest.send_mail", refusing)
    later = timezone.now() + timedelta(minutes=6)
    with pytest.raises(SMTPRecipientsRefused):
        mail_digests(at=later)
    assert [sent.to for sent in mail.outbox] == [["vera@shop.example"]]
    assert list(Notification.objects.filter(mailed_at=None).values_list("agent__name", flat=True)) == ["Ben"]


def test_the_settings_are_kept(house: House) -> None:
    client = Client()
    client.force_login(house.ben)
    client.post("/notifications/settings/", {"on": ["mention", "answer"], "digest": "60"})
    house.ben.refresh_from_db()
    kept = house.ben.notice_settings
    assert (kept.off, kept.digest_minutes) == (["team", "assigned", "following"], 60)
    assert "selected>After 1 hour" in client.get("/notifications/settings/").content.decode()
    assert unread_count(house.ben) == 0


def test_following_is_taken_back_by_its_undo(house: House, ticket: Ticket) -> None:
    client = Client()
    client.force_login(house.vera)
    on = client.post(f"/tickets/{ticket.pk}/follow/").json()
    assert on["following"] and Follow.objects.filter(agent=house.vera).exists()
    back = client.post(on["undo"]).json()
    assert not back["following"] and not Follow.objects.exists()
    again = client.post(back["undo"]).json()
    assert again["following"] and Follow.objects.get().ticket_id == ticket.pk
