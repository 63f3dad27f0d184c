"""One customer's data: what there is, holding it, erasing it."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from people.models import Agent, Customer
from people.permissions import Permission
from privacy.consents import note_consent
from privacy.erasing import end_hold, held, hold, preview, start_erasure
from privacy.exporting import open_export, start_export
from privacy.models import ConsentEntry, ConsentWay, CustomerExport, Erasure
from tickets.errors import InvalidInput

NAMES = {
    "tickets": gettext_lazy("Tickets, of which only times and states stay"),
    "messages": gettext_lazy("Messages"),
    "files": gettext_lazy("Files"),
    "raw copies": gettext_lazy("Raw mails"),
    "orders": gettext_lazy("Orders, which stay as figures without a buyer"),
    "answers": gettext_lazy("Answers to surveys, of which only the scores stay"),
    "addresses": gettext_lazy("Addresses"),
}


@never_cache
@login_required
def privacy(request: HttpRequest, customer_id: int) -> HttpResponse:
    customer = _customer(request, customer_id)
    erasure = Erasure.objects.filter(customer=customer).order_by("-pk").first()
    context: dict[str, Any] = {
        "customer": customer, "hold": held(customer), "erasure": erasure,
        "exports": CustomerExport.objects.filter(customer=customer).order_by("-pk")[:5],
        "consents": ConsentEntry.objects.filter(customer=customer).order_by("-at", "-pk")[:50], "ways": ConsentWay,
        "going": [(NAMES[name], number) for name, number in preview(customer).items()],
    }  # fmt: skip
    return render(request, "privacy/customer.html", context)


@login_required
@require_POST
def erase(request: HttpRequest, customer_id: int) -> HttpResponse:
    customer = _customer(request, customer_id)
    if request.POST.get("number") != str(customer.pk):
        messages.error(request, _("Type the number of the customer to confirm."))
    else:
        try:
            start_erasure(customer, by=cast(Agent, request.user))
        except InvalidInput as error:
            messages.error(request, error.message)
        else:
            messages.success(request, _("It is being erased."))
    return redirect("customer_privacy", customer_id=customer.pk)


@login_required
@require_POST
def export(request: HttpRequest, customer_id: int) -> HttpResponse:
    customer = _customer(request, customer_id)
    start_export(customer, by=cast(Agent, request.user))
    messages.success(request, _("The file is being made. It will stand here."))
    return redirect("customer_privacy", customer_id=customer.pk)


@never_cache
@login_required
@require_safe
def download(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    agent = cast(Agent, request.user)
    found = open_export(public_id, by=agent) if agent.may(Permission.HANDLE_PRIVACY) else None
    if found is None:
        raise Http404("no such file")
    job, content = found
    return FileResponse(content, as_attachment=True, filename=f"customer-{job.customer_id}.zip")


@login_required
@require_POST
def note(request: HttpRequest, customer_id: int) -> HttpResponse:
    customer, said = _customer(request, customer_id), request.POST
    try:
        note_consent(
            customer, purpose=said.get("purpose", ""), given=said.get("given") == "1", how=said.get("how", ""),
            proof=said.get("proof", ""), by=cast(Agent, request.user),
        )  # fmt: skip
    except InvalidInput as error:
        messages.error(request, error.message)
    return redirect("customer_privacy", customer_id=customer.pk)


@login_required
@require_POST
def change_hold(request: HttpRequest, customer_id: int) -> HttpResponse:
    customer, by = _customer(request, customer_id), cast(Agent, request.user)
    try:
        if request.POST.get("on"):
            hold(customer, reason=request.POST.get("reason", ""), by=by)
        else:
            end_hold(customer, by=by)
    except InvalidInput as error:
        messages.error(request, error.message)
    return redirect("customer_privacy", customer_id=customer.pk)


def _customer(request: HttpRequest, customer_id: int) -> Customer:
    """Whoever handles privacy sees the whole house (permissions.HOUSE_WIDE), so that any customer is theirs to see."""
    if not cast(Agent, request.user).may(Permission.HANDLE_PRIVACY):
        raise Http404("not theirs to see")
    customer = get_object_or_404(Customer, pk=customer_id)
    return customer.merged_into or customer
