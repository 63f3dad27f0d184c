"""Threat 38: every page for everyone who has no business there. Nothing is told, nothing changes, nothing is noted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.db.models import Max
from django.http import HttpResponseBase

from events.models import AuditEntry, Event
from people.models import Agent
from tests.security.routes import ELSEWHERE, OPEN_TO_ALL, OWN, VISITS, Visit, site_routes
from tests.security.world import World, changed, everything, signed_in
from tickets.models import Ticket

ALL = VISITS + OWN
# Only its uploader's request, and that of the browser's agent, removes something.
REMOVAL = "POST /tickets/{ticket}/uploads/{upload}/removal/"
FORGETTING = "POST /push/browsers/remove/"
OUTSIDERS = ("outsider", "outside manager", "outside light", "outside viewer", "loose agent", "contractor")
# Of the team, and yet its tickets are out of their sight; what is made for the team they have.
BESIDE = ("own contractor", "limited agent")
FOR_THE_TEAM = ("saved_view", "macro")


@contextmanager
def taken_back() -> Iterator[None]:
    """What happens in here is undone, so that one world serves every visit."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def body(response: HttpResponseBase) -> bytes:
    return response.getvalue()  # type: ignore[attr-defined]


def test_every_route_has_an_entry() -> None:
    """A new address without one fails here: add it to tests/security/routes.py."""
    entered = {visit.name for visit in ALL} | ELSEWHERE | OPEN_TO_ALL
    # `/inbox/` has no name of its own and does what `/` does.
    assert site_routes() - {"inbox"} == entered - {"inbox"}


@pytest.mark.parametrize("who", ["anonymous", "switched off"])
def test_strangers_are_sent_to_the_sign_in_page(world: World, who: str) -> None:
    client = signed_in(world.people.get(who))
    if who in world.people:  # with the session of before
        Agent.objects.filter(pk=world.people[who].pk).update(is_active=False)
    before, wrong = everything(), []
    for visit in ALL:
        for headers in ({}, {"X-Requested-With": "fetch"}):
            response = visit(client, world.support, **headers)
            told = response.status_code in (301, 302) and "/accounts/login/" in response["Location"]
            if not (told or response.status_code in (401, 404)) or world.support.word.encode() in body(response):
                wrong.append(f"{visit.id}: {response.status_code}")
    assert not wrong
    assert not changed(before, everything())


@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsiders_learn_and_change_nothing(world: World, who: str) -> None:
    client, wrong = signed_in(world.people[who]), []
    before = everything()
    for visit in ALL:
        if not visit.foreign:
            continue
        response = visit(client, world.support)
        if response.status_code not in (404, 403) or (
            response.status_code == 403 and who not in ("outside viewer", "outside light", "contractor")
        ):
            wrong.append(f"{visit.id}: {response.status_code}")
        if world.support.word.encode() in body(response):
            wrong.append(f"{visit.id}: told the other team's word")
    assert not wrong
    assert not changed(before, everything())


@pytest.mark.parametrize("who", BESIDE)
def test_of_the_team_and_yet_out_of_sight(world: World, who: str) -> None:
    client, wrong, before = signed_in(world.people[who]), [], everything()
    for visit in ALL:
        if not visit.foreign or any(f"{{{name}}}" in visit.path for name in FOR_THE_TEAM):
            continue
        response = visit(client, world.support)
        if response.status_code not in (404, 403):
            wrong.append(f"{visit.id}: {response.status_code}")
        if world.support.word.encode() in body(response):
            wrong.append(f"{visit.id}: told the word")
    assert not wrong
    assert not changed(before, everything())


# For the agent of a ticket, and not for a contractor who has it.
NOT_THE_CONTRACTORS = {"message_source", "message_images"}


def test_a_contractor_works_on_what_is_assigned_to_them_as_an_agent_does(world: World) -> None:
    carl, wrong = world.people["own contractor"], []
    Ticket.objects.filter(team=world.house.support).update(assignee=carl)
    client = signed_in(carl)
    for visit in VISITS:
        if not visit.path.startswith(("/tickets/{ticket}/", "/messages/", "/inbox/open/{ticket}/", "/files/")):
            continue
        with taken_back():
            status = visit(client, world.support).status_code
        may = "agent" in visit.may and visit.name not in NOT_THE_CONTRACTORS
        if status not in (visit.answers if may else (403, 404)):
            wrong.append(f"{visit.id}: {status}")
    assert not wrong


@pytest.mark.parametrize("role", ["admin", "manager", "agent", "light", "viewer"])
def test_each_role_gets_what_it_may_and_no_more(world: World, role: str) -> None:
    client, wrong = signed_in(world.people[role]), []
    before = everything()
    for visit in ALL:
        with taken_back():
            response = visit(client, world.support)
            expected = visit.answers if role in visit.may else visit.refused
            if response.status_code not in expected:
                wrong.append(f"{visit.id}: {response.status_code}, expected {expected}: {body(response)[:200]!r}")
            if role not in visit.may and (touched := changed(before, everything())):
                wrong.append(f"{visit.id}: changed {touched}")
    assert not wrong, "\n".join(wrong)


# What changes something and leaves no entry, each with its reason.
TOLD_TO_NOBODY = {
    "POST /tickets/{ticket}/uploads/": "a file of the agent's own draft, that nobody else has",
    "POST /tickets/{ticket}/uploads/{upload}/removal/": "a file of the agent's own draft",
    "POST /tickets/{ticket}/draft/": "the agent's own draft",
    "POST /tickets/{ticket}/seen/": "the agent's own mark of what they read",
    "POST /tickets/{ticket}/unread/": "the agent's own mark of what they read",
    "POST /tickets/{ticket}/follow/": "what the agent is told of",
    "POST /notifications/settings/": "what the agent is told of",
    "POST /push/browsers/": "the agent's own browser",
    "POST /push/browsers/remove/": "the agent's own browser",
    "POST /profile/looks/": "how the agent's own pages look",
    "POST /calls/{call}/done/": "here of a call without a ticket; one with a ticket is told of in its ledger",
    "POST /assigning/{team}/limits/": "here given as they are: rows are made for those who have none",
    "POST /shops/{shop}/orders/": "the file waits; that it is taken in is told by the next step",
    "POST /channels/mailboxes/{mailbox}/look/": "asks for a look now",
    "POST /channels/{connected}/connection/test/": "what the provider answered, as each sending finds too",
}


def newest_entries() -> tuple[int, int]:
    return tuple(model.objects.aggregate(newest=Max("pk"))["newest"] or 0 for model in (Event, AuditEntry))  # type: ignore[return-value]


def told_since(marks: tuple[int, int], agent: Agent) -> bool:
    """Whether the ledger or the audit says that this agent did something; that they looked is no answer."""
    by = {"actor_kind": "agent", "actor_id": agent.pk}
    return (
        Event.objects.filter(pk__gt=marks[0], **by).exists()
        or AuditEntry.objects.filter(pk__gt=marks[1], **by).exclude(kind__in=["ticket.opened", "searched"]).exists()
    )


@pytest.mark.parametrize("role", ["admin", "manager", "agent"])
def test_every_write_that_is_allowed_does_something(world: World, role: str) -> None:
    """Or the walk above would prove nothing: a request refused for its form changes nothing either."""
    client, idle, untold = signed_in(world.people[role]), [], []
    before, agent = everything(), world.people[role]
    for visit in ALL:
        if visit.form is None or role not in visit.may:
            continue
        with taken_back():
            marks = newest_entries()
            visit(client, world.support)
            if not changed(before, everything()):
                idle.append(visit.id)
            elif not told_since(marks, agent):
                untold.append(visit.id)
    unsaid = sorted(set(untold) - TOLD_TO_NOBODY.keys())
    assert not unsaid, "changed something, and no event says who did it:\n" + "\n".join(unsaid)
    # Reading marks of the agent's own that stand there already.
    assert (REMOVAL in idle) == (FORGETTING in idle) == (role != "agent")
    assert set(idle) <= {
        "POST /tickets/{ticket}/seen/",
        # Refused for their form, or because what they ask a provider for is not there: each has tests of its own.
        "POST /messages/{message}/hiding/",
        "POST /tickets/{ticket}/elsewhere/send/",
        "POST /calls/log/",
        "POST /channels/{connected}/connection/templates/",
        "POST /chat/tickets/{chat_ticket}/typing/",  # shown to the visitor for seconds, kept nowhere
        "POST /channels/sign-in/mailbox/{asking}/",  # kept in the session alone, until its owner comes back
        "POST /tickets/{ticket}/unread/",
        "POST /notifications/read/",
        "POST /bulk/{bulk}/",  # over, so that there is nothing to stop
        "POST /bulk/{bulk}/stop/",
        "POST /bulk/{bulk}/complete/",  # nothing is missing where nothing is required
        "POST /reports/mailings/1/remove/",  # is its owner's: tests/metrics/test_mailings.py
        REMOVAL,
        FORGETTING,
    }


@pytest.mark.parametrize("visit", [v for v in ALL if v.form is not None], ids=lambda visit: visit.id)
def test_no_write_by_a_link_or_from_another_site(world: World, visit: Visit) -> None:
    """A GET changes nothing, and a form of another site lacks the token."""
    client = signed_in(world.house.olena)
    before = everything()
    path = visit._fill(visit.path, world.support)
    if not any(other.form is None and other.path == visit.path for other in ALL):
        assert client.get(path).status_code in (404, 405)
    client.handler.enforce_csrf_checks = True
    assert visit(client, world.support, Origin="https://evil.example").status_code == 403
    assert not changed(before, everything())


MIXED = [
    ("/tickets/{own}/messages/{message}/", None),
    ("/tickets/{own}/uploads/{upload}/removal/", {}),
    ("/tickets/{own}/participant/", {"conversation": "{conversation}", "identity": "{identity}", "accept": "1"}),
    ("/tickets/{own}/messages/", {"kind": "note", "text": "x", "attachments": "{upload}"}),
    ("/tickets/{own}/messages/", {"kind": "reply", "text": "x", "expected": "1000", "attachments": "{file}"}),
    ("/tickets/{own}/messages/", {"kind": "reply", "text": "x", "expected": "1000", "answers": "{message}"}),
    ("/inbox/open/{ticket}/", None),
]  # fmt: skip


@pytest.mark.parametrize(("path", "form"), MIXED)
def test_a_foreign_object_by_the_way_of_an_own_ticket(world: World, path: str, form: dict[str, str] | None) -> None:
    """The outsider names a ticket of theirs and something of the other team's."""
    client, before = signed_in(world.house.mallory), everything()
    ids = {**world.support.ids, "own": world.returns.ids["ticket"]}
    filled = {name: value.format(**ids) for name, value in (form or {}).items()}
    response = client.get(path.format(**ids)) if form is None else client.post(path.format(**ids), filled)
    # A removal of what is not there is no error; nothing was removed, as the last line says.
    assert response.status_code in ((200,) if "removal" in path else (404, 422))
    assert world.support.word.encode() not in body(response)
    assert not changed(before, everything())
