"""What one customer answered when asked, as a part of their page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from metrics.models import SurveyAnswer, Voucher
from tickets.actions.same_person import family_of
from tickets.inbox.access import agent_of, signed_in
from tickets.inbox.customers import visible_customer
from tickets.models import Ticket

from .satisfaction import shown_rows

MOST = 10


@require_safe
@signed_in
def customer_answers(request: HttpRequest, customer_id: int) -> HttpResponseBase:
    """Their latest answers about tickets in the agent's sight, and vouchers that were to make up for them."""
    agent = agent_of(request)
    family = family_of(visible_customer(agent, customer_id).pk)
    seen = Ticket.objects.visible_to(agent)
    theirs = SurveyAnswer.objects.filter(customer__in=family, ticket__in=seen)
    rows = theirs.select_related("ticket__channel").order_by("-answered_at", "-pk")[:MOST]
    given = Voucher.objects.filter(follow_up__customer__in=family, follow_up__ticket__in=seen)
    vouchers = given.select_related("pool").order_by("-given_at")[:MOST]
    return render(request, "metrics/_customer_answers.html", {"rows": shown_rows(rows), "vouchers": vouchers})
