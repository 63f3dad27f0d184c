"""How things stand for one visitor: who is there, how long an answer takes, whether their chat waits or is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from livechat.askers import asker_of
from livechat.availability import expected_minutes, place_in_queue, usual_answer_minutes, waiting_chats
from livechat.capacity import somebody_free
from livechat.doors import Door
from livechat.mailing import mail_channel_of
from livechat.models import Visitor
from livechat.rounds import is_over, latest_round
from livechat.routing import CLOSED, rule_for
from livechat.talk import ticket_of
from people.availability import agents_here
from people.hours import opening_of, week_of
from people.models import Agent
from tickets.inbox.faces import hue, initials
from tickets.models import Channel, Ticket

FACES = 3


def standing(
    door: Door, visitor: Visitor | None, page: Mapping[str, Any], *, language: str, at: datetime
) -> dict[str, Any]:
    """What the widget's head and home say. Of agents only first names and initials; `opens` and all else in ms."""
    channel = door.connection.channel
    number = ticket_of(visitor) if visitor else None
    ticket = Ticket.objects.filter(pk=number).first() if number else None
    team_id = ticket.team_id if ticket else _team(door, visitor, page, language, at=at) or channel.team_id
    opening = opening_of(door.settings.calendar, at=at)
    agents = agents_here(team_id, channel.pk) if _is_staffed(door, team_id, within=opening.within) else []
    mail = mail_channel_of(channel, door.settings)
    place = place_in_queue(ticket) if ticket else None
    ahead = place - 1 if place else 0 if ticket or not agents else waiting_chats(team_id).count()
    return {
        "here": bool(agents),
        "full": bool(agents) and not somebody_free(team_id, channel.pk, door.settings.most_chats),
        "agents": [_face(agent) for agent in agents[:FACES]],
        "usually": expected_minutes(channel, ahead=ahead, hands=len(agents), at=at),
        "opens": int(opening.opens_at.timestamp() * 1000) if opening.opens_at else None,
        "mails": mail is not None,
        "away": None if agents else _away(door, mail, at=at),
        "chat": _chat(ticket, place if agents else None) if ticket else None,
    }


def _team(
    door: Door, visitor: Visitor | None, page: Mapping[str, Any], language: str, *, at: datetime
) -> int | None:  # fmt: skip
    """Where the first words would go."""
    rules, hours = door.settings.routes, door.settings.calendar
    if not rules:
        return None
    found = rule_for(rules, asker_of(visitor, page, rules, language=language, calendar=hours, at=at))
    return found[1].team if found else None


def _is_staffed(door: Door, team_id: int | None, *, within: bool) -> bool:
    """Whether somebody of this team may be there by the clock: outside hours those a rule sends chats to then."""
    return within or any(rule.hours == CLOSED and rule.team == team_id for rule in door.settings.routes)


def _away(door: Door, mail: Channel | None, *, at: datetime) -> dict[str, Any]:
    """What can honestly be said while nobody is there: the usual hours, days alike together (Monday is 0; empty without
    a calendar), their zone, and how many minutes an answer by mail took lately, if that is known."""
    week = week_of(door.settings.calendar)
    days: list[dict[str, Any]] = []
    for number, spans in enumerate(week.days if week else []):
        if days and days[-1]["to"] == number - 1 and days[-1]["spans"] == spans:
            days[-1]["to"] = number
        elif spans:
            days.append({"from": number, "to": number, "spans": spans})
    usual = usual_answer_minutes(mail, at=at) if mail is not None else None
    return {"week": days, "zone": week.zone if week else "", "mail": usual}


def _face(agent: Agent) -> dict[str, Any]:
    return {"name": agent.name.split(" ")[0], "initials": initials(agent.name), "hue": hue(agent.pk)}


def _chat(ticket: Ticket, place: int | None) -> dict[str, Any]:
    """`place` is said only while somebody is there to come to it."""
    present = latest_round(ticket.pk)
    return {
        "over": is_over(ticket, present),
        "score": present.score if present else None,
        "commented": bool(present and present.comment),
        "sent": bool(present and present.transcript_at),
        "place": place,
    }
