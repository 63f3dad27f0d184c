"""Changing what is asked: each change one transaction, one event."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.audit import note_setting
from events.ledger import record_event
from metrics.events import SURVEYS_STREAM, SurveyEvent
from metrics.models import Survey
from metrics.surveys.scales import question_of
from people.contact_budget import contact_rules
from people.models import Agent, ContactRules
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput, NotFound
from tickets.order import move_one, note_place, place_new

# The surveys as a whole: one stream, under one lock. No survey has this number.
ALL = (SURVEYS_STREAM, 0)


def save_survey(survey_id: int | None, *, by: Agent, **fields: Any) -> Survey:
    """Make or change a survey. Saving what is there already changes nothing."""
    with transaction.atomic():
        begin(by)
        survey = _survey(survey_id) if survey_id else Survey()
        if survey_id and all(getattr(survey, name) == value for name, value in fields.items()):
            return survey
        if Survey.objects.filter(name=fields["name"]).exclude(pk=survey.pk).exists():
            raise InvalidInput("name", _("Another survey has this name."))
        # Another scale of the same question is no other question: each answer keeps the one it was given on.
        if survey_id and question_of(fields["kind"]) != question_of(survey.kind) and survey.answers.exists():
            raise InvalidInput(
                "kind", _("Customers have answered this question; make a survey of its own for another.")
            )
        if survey_id:
            note_setting(f"survey {survey.pk}", {name: getattr(survey, name) for name in fields}, fields, by=by.actor)
        for name, value in fields.items():
            setattr(survey, name, value)
        if not survey_id:
            order = list(Survey.objects.all())
            place_new(order, survey, demands=_demands)
            Survey.objects.bulk_update([one for one in order if one is not survey], ["position"])
        survey.save()
        _end(SurveyEvent.SAVED, {"survey": survey.pk, "name": survey.name}, by=by)
    return survey


def move_survey(survey_id: int, *, by: Agent, up: bool) -> Survey:
    """Let a survey be tried before its neighbour, or after it; at the end of the list nothing changes."""
    with transaction.atomic():
        begin(by)
        survey = _survey(survey_id)
        order = list(Survey.objects.all())
        there = move_one(order, survey, up=up)
        if there is None:
            return survey
        Survey.objects.bulk_update(order, ["position"])
        note_place(f"survey {survey.pk}", there, up=up, by=by)
        _end(SurveyEvent.MOVED, {"survey": survey.pk, "to": there}, by=by)
    return order[there]


def remove_survey(survey_id: int, *, by: Agent) -> None:
    """Take a survey away; what customers answered stays. Removing it again changes nothing."""
    with transaction.atomic():
        begin(by)
        survey = Survey.objects.filter(pk=survey_id).first()
        if survey is None:
            return
        data = {"survey": survey.pk, "name": survey.name}
        survey.delete()
        _end(SurveyEvent.REMOVED, data, by=by)


def save_contact_rules(*, by: Agent, **fields: Any) -> ContactRules:
    """How often and when the house writes unprompted. Saving what is there already changes nothing."""
    with transaction.atomic():
        begin(by)
        rules = contact_rules()
        if all(getattr(rules, name) == value for name, value in fields.items()):
            return rules
        note_setting("contact rules", {name: getattr(rules, name) for name in fields}, fields, by=by.actor)
        for name, value in fields.items():
            setattr(rules, name, value)
        rules.save()
        _end(SurveyEvent.CONTACT_RULES_SAVED, dict(fields), by=by)
    return rules


def begin(by: Agent) -> None:
    """Let nobody else change surveys until this transaction ends. PermissionDenied."""
    if not by.may(Permission.MANAGE_SURVEYS):
        raise PermissionDenied(_("Your role does not allow this."))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('metrics.surveys', 0))")


def _end(kind: SurveyEvent, data: dict[str, Any], *, by: Agent) -> None:
    record_event(ALL, kind, by=by.actor, at=timezone.now(), data=data)


def _survey(survey_id: int) -> Survey:
    found = Survey.objects.filter(pk=survey_id).first()
    if found is None:
        raise NotFound(_("There is no such survey."))
    return found


def _demands(survey: Survey) -> int:
    """How many things it asks of a ticket."""
    return sum(bool(values) for values in survey.conditions.values())
