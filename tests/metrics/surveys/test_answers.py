"""Answers: recorded by people, never by programs; changed within a day; followed up when they are low."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from events.models import Event
from metrics.models import FollowUp, SurveyAnswer, SurveyInvitation
from metrics.pages.survey_page import MOST_CHANGES
from metrics.surveys.answers import Said, record_answer
from metrics.surveys.follow_ups import close_follow_up, follow_up, take_follow_up
from metrics.surveys.links import answer_token, answer_url, public_url
from people.models import Brand, ContactRules, Identity, MailKind
from people.permissions import PermissionDenied
from people.unsubscribing import unsubscribe_url
from tests.knowledge.shelf import open_centre
from tests.metrics.shop import database_now, lead, settle
from tests.metrics.surveys.asked import asked, make_survey
from tests.people import House, events_of, make_house, row_counts
from tickets.errors import InvalidInput, NotFound, TooLate
from tickets.models import Message, Notification
from tickets.sensitive.masking import DOTS

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def path(url: str) -> str:
    return url.partition("://")[2].partition("/")[2].join(["/", ""])


def test_whoever_follows_every_link_of_the_mail_records_nothing(house: House) -> None:
    make_survey()
    asked(house)
    mail, before = Message.objects.get(auto_kind="survey"), row_counts()
    links = re.findall(r"https?://\S+", mail.text) + re.findall(r'href="([^"]+)"', mail.html)
    assert len(links) == 10
    robot = Client(HTTP_USER_AGENT="LinkScanner")
    for link in links:
        for method in (robot.get, robot.head):
            assert method(path(link).replace("&amp;", "&")).status_code == 200
    assert row_counts() == before
    assert "csrf" not in robot.get(path(links[0])).content.decode()  # so no cookie is needed either
    assert not robot.cookies


@pytest.mark.parametrize("quick", ["", "1"])
def test_an_agent_who_follows_the_customers_link_answers_nothing(house: House, settings: Any, quick: str) -> None:
    make_survey()
    page_path = path(answer_url(asked(house)))
    agent, customer = Client(), Client()
    agent.force_login(house.olena)
    settings.DEMO_MAILBOX = False
    assert agent.get(page_path).status_code == 200
    before = row_counts()
    assert agent.post(page_path, {"score": "5", "quick": quick}).status_code == 403
    assert row_counts() == before
    assert customer.post(page_path, {"score": "2", "quick": quick}).status_code in (200, 302)
    assert SurveyAnswer.objects.get().score == 2


def test_in_the_demo_one_person_is_agent_and_customer(house: House, settings: Any) -> None:
    make_survey()
    invitation, client = asked(house), Client()
    client.force_login(house.olena)
    settings.DEMO_MAILBOX = True
    client.post(path(answer_url(invitation)), {"score": "4"})
    assert SurveyAnswer.objects.get().score == 4


def test_one_number_of_the_mail_is_chosen_and_the_pages_own_post_records_it(house: House) -> None:
    make_survey()
    invitation = asked(house)
    client, page_path = Client(), path(answer_url(invitation))
    page = client.get(page_path, {"score": "4"}).content.decode()
    assert re.search(r'value="4" data-band="high" required checked', page) and "data-quick" in page
    assert client.post(page_path, {"score": "4", "quick": "1"}).json() == {"ok": True}
    [answer] = SurveyAnswer.objects.all()
    assert (answer.score, answer.kind, answer.via, answer.reasons, answer.comment) == (4, "csat", "mail", [], "")
    assert (answer.agent_id, answer.team_id) == (house.olena.pk, house.support.pk)
    # The same again is the same; the words come later; another score within the day changes it.
    client.post(page_path, {"score": "4", "quick": "1"})
    response = client.post(page_path, {"score": "4", "reasons": ["quick", "slow", "nonsense"], "comment": " Fast! "})
    assert response.status_code == 302
    assert "Your answer is saved" in client.get(response["Location"]).content.decode()
    answer.refresh_from_db()
    assert (answer.score, answer.reasons, answer.comment) == (4, ["quick"], "Fast!")
    client.post(page_path, {"score": "1", "quick": "1"})
    answer.refresh_from_db()
    assert (answer.score, answer.reasons, answer.comment) == (1, [], "Fast!")
    kinds = [kind for kind in events_of(invitation.ticket_id) if kind.startswith("survey.")]
    assert kinds == ["survey.planned", "survey.asked", "survey.answered", "survey.changed", "survey.changed"]
    assert Event.objects.filter(kind="survey.changed").latest("id").data["from"] == 4


def test_a_mind_is_not_changed_for_ever(house: House) -> None:
    make_survey()
    client, page_path = Client(), path(answer_url(asked(house)))
    before = Event.objects.count()
    codes = [
        client.post(page_path, {"score": f"{1 + n % 5}", "quick": "1"}).status_code for n in range(MOST_CHANGES + 5)
    ]
    assert codes == [200] * MOST_CHANGES + [429] * 5
    assert Event.objects.count() == before + MOST_CHANGES


def test_after_a_day_an_answer_stays_and_after_a_month_none_begins(house: House) -> None:
    make_survey()
    invitation = asked(house)
    record_answer(invitation.pk, Said(2))
    later = database_now() + timedelta(days=1, minutes=1)
    before = row_counts()
    with pytest.raises(TooLate):
        record_answer(invitation.pk, Said(5), at=later)
    assert record_answer(invitation.pk, Said(2), at=later).score == 2
    assert row_counts() == before and SurveyAnswer.objects.get().score == 2
    SurveyAnswer.objects.all().delete()
    with pytest.raises(TooLate):
        record_answer(invitation.pk, Said(5), at=database_now() + timedelta(days=31))
    with pytest.raises(InvalidInput):
        record_answer(invitation.pk, Said(6))
    assert not SurveyAnswer.objects.exists()


@pytest.mark.parametrize("form", [{}, {"score": ""}, {"score": "9", "quick": "1"}, {"score": "-1"}, {"score": "٣"}])
def test_nonsense_is_no_answer(house: House, form: dict[str, str]) -> None:
    make_survey()
    invitation = asked(house)
    before = row_counts()
    assert Client().post(path(answer_url(invitation)), form).status_code in (302, 422)
    assert row_counts() == before


def test_links_open_what_they_are_for_and_nothing_else(house: House) -> None:
    make_survey()
    invitation, before = asked(house), row_counts()
    good = answer_token(invitation)
    identity = Identity.objects.get(value="zoe@customer.example").pk
    other = urlsplit(unsubscribe_url(identity, MailKind.SURVEY, "en")).path.rstrip("/").rpartition("/")[2]
    forged = [good[:-1] + ("A" if good[-1] != "A" else "B"), f"{invitation.secret}.x", invitation.secret, "x", other]
    client = Client()
    for token in forged:
        address = reverse("survey", args=[token])
        assert client.get(address).status_code == 404
        assert client.post(address, {"score": "5"}).status_code == 404
    assert client.post(reverse("unsubscribe", args=[good])).status_code == 404
    assert row_counts() == before


@pytest.mark.parametrize(
    ("language", "words"), [("uk", "Наскільки ви задоволені"), ("pl", "Jak oceniają Państwo"), ("xx", "How satisfied")]
)
def test_the_page_and_the_mail_speak_the_customers_language(house: House, language: str, words: str) -> None:
    make_survey()
    invitation = asked(house, language=language)
    page = Client().get(path(answer_url(invitation))).content.decode()
    assert words in page and f'<html lang="{invitation.language}"' in page
    assert words in Message.objects.get(auto_kind="survey").text


def test_a_public_link_takes_one_answer_a_visit(house: House) -> None:
    survey = make_survey(kind="nps", web_link=True)
    client, address = Client(), path(public_url(survey))
    page = client.get(address).content.decode()
    visit = re.search(r'name="visit" value="([^"]+)"', page)
    assert visit and not SurveyAnswer.objects.exists()
    client.post(address, {"score": "9", "visit": visit[1], "quick": "1"})
    client.post(address, {"score": "10", "visit": visit[1], "comment": "Nice"})
    assert client.post(address, {"score": "0"}).status_code == 404  # without a visit of its own
    [answer] = SurveyAnswer.objects.all()
    assert (answer.score, answer.comment, answer.via, answer.ticket_id) == (10, "Nice", "web", None)
    stream = Event.objects.filter(stream_type="survey", stream_id=survey.pk).values_list("kind", "sequence")
    assert list(stream) == [("survey.answered", 1), ("survey.changed", 2)]
    for _ in range(25):
        last = client.post(address, {"score": "0", "visit": visit[1]})
    assert last.status_code == 404  # a ballot box cannot be stuffed from one address
    survey.web_link = False
    survey.save()
    assert client.get(address).status_code == 404


def test_a_low_score_opens_one_follow_up_and_leads_hear_of_it(house: House) -> None:
    make_survey()
    lead(house.ben)
    invitation = asked(house)
    record_answer(invitation.pk, Said(2, ["slow"], "Two weeks!"))
    settle()
    [row] = FollowUp.objects.all()
    assert (row.state, row.ticket_id, row.customer_id, row.team_id) == (
        "open",
        invitation.ticket_id,
        invitation.customer_id,
        house.support.pk,
    )
    assert row.due_at - row.opened_at == timedelta(hours=24)
    told = Notification.objects.filter(event__kind="followup.opened").values_list("agent__name", flat=True)
    assert sorted(told) == ["Adam", "Ben"]
    before = row_counts()
    follow_up(Event.objects.get(kind="survey.answered"))
    assert row_counts() == before
    # Thinking better of it withdraws what nobody has acted on.
    record_answer(invitation.pk, Said(5))
    settle()
    row.refresh_from_db()
    assert (row.state, row.outcome) == ("done", "")
    assert events_of(invitation.ticket_id)[-2:] == ["survey.changed", "followup.closed"]


def test_a_lead_takes_and_closes_it_and_recovery_is_seen(house: House) -> None:
    make_survey()
    ben = lead(house.ben)
    record_answer(asked(house).pk, Said(1))
    settle()
    row = FollowUp.objects.get()
    with pytest.raises(InvalidInput):
        close_follow_up(row.pk, by=ben, outcome=" \x00 ")
    take_follow_up(row.pk, by=ben)
    take_follow_up(row.pk, by=ben)
    close_follow_up(row.pk, by=ben, outcome="Called, refund agreed")
    close_follow_up(row.pk, by=ben, outcome="Again")
    row.refresh_from_db()
    assert (row.state, row.owner_id, row.outcome) == ("done", ben.pk, "Called, refund agreed")
    kinds = [kind for kind in events_of(row.ticket_id) if kind.startswith("followup.")]
    assert kinds == ["followup.opened", "followup.taken", "followup.closed"]
    ContactRules.objects.update(allowance=5)
    record_answer(asked(house, subject="Later").pk, Said(5))
    settle()
    row.refresh_from_db()
    assert row.recovered_at is not None


def test_an_outsider_neither_sees_nor_changes_a_follow_up(house: House) -> None:
    make_survey()
    record_answer(asked(house).pk, Said(1))
    settle()
    row, before = FollowUp.objects.get(), row_counts()
    mallory = lead(house.mallory)
    with pytest.raises(NotFound):
        take_follow_up(row.pk, by=mallory)
    with pytest.raises(NotFound):
        close_follow_up(row.pk, by=mallory, outcome="Gone")
    with pytest.raises(PermissionDenied):
        take_follow_up(row.pk, by=house.olena)
    assert row_counts() == before
    client = Client()
    client.force_login(mallory)
    assert "Zoe" not in client.get(reverse("follow_ups")).content.decode()
    assert SurveyInvitation.objects.count() == 1


@pytest.mark.parametrize(
    ("named", "brand", "shown"),
    [
        ("Helpdesk", "", "Support"),
        ("Nordvik", "", "Nordvik"),
        ("Nordvik", "Fjell", "Fjell"),
        ("Helpdesk", "Fj&ll", "Fj&amp;ll"),
    ],
)
def test_the_page_names_the_shop_as_its_customers_know_it(
    house: House, settings: Any, named: str, brand: str, shown: str
) -> None:
    settings.SHOP_NAME = named
    if brand:
        house.channel.brand = Brand.objects.create(name=brand)
        house.channel.save()
    make_survey()
    page = Client().get(path(answer_url(asked(house)))).content.decode()
    assert f'<p class="brand">{shown}</p>' in page and f"– {shown}</title>" in page


def test_a_public_link_names_the_house_or_its_help_centre(house: House, settings: Any) -> None:
    address = path(public_url(make_survey(web_link=True)))
    assert '<p class="brand">Helpdesk</p>' in Client().get(address).content.decode()
    open_centre()
    assert '<p class="brand">Nordvik help</p>' in Client().get(address).content.decode()
    settings.SHOP_NAME = "Nordvik"
    assert '<p class="brand">Nordvik</p>' in Client().get(address).content.decode()


def test_a_card_in_a_comment_is_masked_for_good(house: House) -> None:
    """Whoever reads reports would see and export it."""
    make_survey()
    answer = record_answer(asked(house).pk, Said(2, comment="Refund 4111 1111 1111 1111 at last"))
    answer.refresh_from_db()
    assert answer.comment == f"Refund {DOTS} 1111 at last"
