"""What one customer answered when asked, as a part of their page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from metrics.models import SurveyAnswer
from tickets.actions.same_person import family_of
from tickets.inbox.access import agent_of, signed_in
from tickets.inbox.customers import visible_customer
from tickets.models import Ticket

from .satisfaction import shown_rows

MOST = 10


@require_safe
@signed_in
def customer_answers(request: HttpRequest, customer_id: int) -> HttpResponseBase:
    """Their latest answers about tickets in the agent's sight."""
    agent = agent_of(request)
    family = family_of(visible_customer(agent, customer_id).pk)
    theirs = SurveyAnswer.objects.filter(customer__in=family, ticket__in=Ticket.objects.visible_to(agent))
    rows = theirs.select_related("ticket__channel").order_by("-answered_at", "-pk")[:MOST]
    return render(request, "metrics/_customer_answers.html", {"rows": shown_rows(rows)})
