"""A report as a PDF, narrowed as its page is."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from events.replica import from_replica
from metrics.mailing.contents import PAGES
from metrics.mailing.paper import report_on_paper
from tickets.inbox.access import agent_of

from .filters import read_scope
from .guard import exports


@require_safe
@exports("report-pdf")
@from_replica
def as_pdf(request: HttpRequest, report: str) -> HttpResponse:
    if report not in PAGES:
        raise Http404("no such report")
    scope, chosen = read_scope(request, agent_of(request))
    link = f"{settings.BASE_URL}{reverse(PAGES[report])}?{chosen['query']}"
    response = HttpResponse(
        report_on_paper(report, scope, chosen, link=link, at=timezone.now()), content_type="application/pdf"
    )
    name = f"{report}-{chosen['first']}-{chosen['last']}.pdf"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
