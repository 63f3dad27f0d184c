"""Where other systems are told of missed deadlines: managers add an address and see how its calls go."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from metrics.models import CallState, Webhook
from metrics.webhooks import add_webhook, remove_webhook
from people.permissions import Permission
from tickets.errors import InvalidInput
from tickets.inbox.access import agent_of, allowed

from .forms import WebhookForm

MANAGE = allowed(Permission.MANAGE_SERVICE_LEVELS)


def webhooks_with_calls() -> QuerySet[Webhook]:
    """All of them with how their calls of the last month went. One query."""
    waiting, failed = Q(calls__state=CallState.WAITING), Q(calls__state=CallState.FAILED)
    return Webhook.objects.annotate(
        waiting=Count("calls", filter=waiting), failed=Count("calls", filter=failed),
        last_sent_at=Max("calls__finished_at", filter=Q(calls__state=CallState.SENT)),
    ).order_by("name")  # fmt: skip


@require_http_methods(["GET", "POST"])
@MANAGE
def new_webhook(request: HttpRequest) -> HttpResponseBase:
    """The form; after it the secret, this once."""
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            webhook, secret = add_webhook(by=agent_of(request), **form.cleaned_data)
        except InvalidInput as error:
            form.add_error(error.field, error.message)
        else:
            return render(request, "metrics/webhook_made.html", {"webhook": webhook, "secret": secret})
    return render(request, "metrics/webhook_form.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@MANAGE
def remove(request: HttpRequest, webhook_id: int) -> HttpResponseBase:
    """Call it no more."""
    try:
        remove_webhook(webhook_id, by=agent_of(request))
    except InvalidInput as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Done."))
    return redirect("service_levels")
