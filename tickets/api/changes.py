"""PATCH on a ticket: each field is one action, all of them one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework import serializers

from people.api.base import StrictSerializer
from people.models import Agent, Team
from people.permissions import Permission
from tickets import actions
from tickets.actions.base import lock_ticket
from tickets.actions.labels import tag_name
from tickets.api.filters import PRIORITY_VALUES, IdField, IdOr
from tickets.errors import InvalidInput
from tickets.models import SETTABLE, Ticket, TicketField

# The actions speak of their own arguments.
_FIELDS = {"until": "snoozed_until", "tag": "tags", "fields": "custom_fields"}


class TicketChange(StrictSerializer):
    """Only what is sent changes."""

    status = serializers.ChoiceField(
        choices=[str(one.value) for one in SETTABLE], required=False, help_text="`closed` is set by time alone."
    )
    custom_status = IdField(
        required=False,
        allow_null=True,
        help_text="A status of the shop's own; sets its category too. null: the category's.",
    )
    priority = serializers.ChoiceField(choices=list(PRIORITY_VALUES), required=False)
    assignee = IdOr("me", required=False, allow_null=True, help_text="An agent's id, `me`, or null for nobody.")
    team = IdField(required=False, allow_null=True)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=50, help_text="The whole set."
    )
    custom_fields = serializers.DictField(
        child=serializers.JSONField(allow_null=True), required=False,
        help_text="By name; null empties one. Those left out stay. They are set before the status.",
    )  # fmt: skip
    snoozed_until = serializers.DateTimeField(required=False, allow_null=True, help_text="null wakes it.")


def change_ticket(ticket_id: int, changes: Mapping[str, Any], *, by: Agent) -> None:
    """Carry out the changes or none of them. Those that may cost the agent their own sight of it come last."""
    steps: dict[str, Callable[[Any], object]] = {
        "priority": lambda name: actions.set_priority(ticket_id, by=by, priority=PRIORITY_VALUES[name]),
        "tags": lambda names: _replace_tags(ticket_id, names, by=by),
        "custom_fields": lambda said: _set_fields(ticket_id, said, by=by),
        "custom_status": lambda id: actions.set_status(ticket_id, by=by, status=_status_key(ticket_id, id)),
        "status": lambda status: actions.set_status(ticket_id, by=by, status=status),
        "snoozed_until": lambda until: actions.snooze_ticket(ticket_id, by=by, until=until),
        "assignee": lambda who: actions.assign_ticket(ticket_id, by=by, assignee=_agent(who, by)),
        "team": lambda team: actions.move_to_team(ticket_id, by=by, team=_team(team)),
    }
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        order = list(steps)
        if not by.scope.sees_place(ticket.team_id, ticket.channel_id):
            # They see it as its assignee, so they have to move it while they still are.
            order.remove("team")
            order.insert(order.index("assignee"), "team")
        for name in order:
            if name in changes:
                _carry_out(steps[name], changes[name])


def _carry_out(step: Callable[[Any], object], value: Any) -> None:
    try:
        step(value)
    except InvalidInput as error:
        raise InvalidInput(_FIELDS.get(error.field, error.field), error.message) from error


def _replace_tags(ticket_id: int, names: list[str], *, by: Agent) -> None:
    wanted = {tag_name(name) for name in names}
    present = set(Ticket.objects.filter(pk=ticket_id, tags__isnull=False).values_list("tags__name", flat=True))
    for name in sorted(present - wanted):
        actions.remove_tag(ticket_id, by=by, name=name)
    for name in sorted(wanted - present):
        actions.add_tag(ticket_id, by=by, name=name)


def _status_key(ticket_id: int, status_id: int | None) -> str:
    if status_id is not None:
        return f"s{status_id}"
    return str(Ticket.objects.values_list("status", flat=True).get(pk=ticket_id))


def _set_fields(ticket_id: int, said: Mapping[str, Any], *, by: Agent) -> None:
    # Compared here: a name out of JSON may hold what the database would not even look for, nor an answer repeat.
    known = {field.name: field.pk for field in TicketField.objects.all()}
    if unknown := [name for name in said if name not in known]:
        name = unknown[0][:60].encode("utf-8", "replace").decode()
        raise InvalidInput("fields", _("This ticket has no field “%(name)s”.") % {"name": name})
    if any(isinstance(value, dict | list) for value in said.values()):
        raise InvalidInput("fields", _("A field holds one value."))
    actions.set_fields(ticket_id, by=by, values={known[name]: value for name, value in said.items()})


def _agent(who: int | str | None, by: Agent) -> Agent | None:
    if who is None or who == "me":
        return by if who else None
    agent = Agent.objects.filter(pk=who).first()
    if agent is None:
        raise InvalidInput("assignee", _("There is no such agent."))
    return agent


def _team(team_id: int | None) -> Team | None:
    if team_id is None:
        return None
    team = Team.objects.filter(pk=team_id).first()
    if team is None:
        raise InvalidInput("team", _("There is no such team."))
    return team
