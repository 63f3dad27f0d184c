"""Pages about shops: which are connected, files of orders, and a ticket's orders for its side."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commerce import actions
from commerce.importing import FIELDS, OPTIONAL, REQUIRED, columns_of, read_lines
from commerce.models import DeliveryState, ImportState, OrderImport, Shop, ShopDelivery, ShopKind
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, allowed

from .money import write_money

PREVIEWED, SHOWN = 10, 10
MANAGE = allowed(Permission.MANAGE_SHOPS)
FIELD_NAMES = {
    "order_id": gettext_lazy("Order id"), "created_at": gettext_lazy("Placed at"), "status": gettext_lazy("Status"),
    "currency": gettext_lazy("Currency"), "total": gettext_lazy("Total"), "order_number": gettext_lazy("Order number"),
    "updated_at": gettext_lazy("Changed at"), "refunded_total": gettext_lazy("Given back"),
    "customer_email": gettext_lazy("Customer's email"), "customer_phone": gettext_lazy("Customer's phone"),
    "customer_name": gettext_lazy("Customer's name"), "tracking_url": gettext_lazy("Tracking"),
    "item_sku": gettext_lazy("Article number"), "item_title": gettext_lazy("Article"),
    "item_qty": gettext_lazy("Pieces"), "item_price": gettext_lazy("Price of a piece"),
}  # fmt: skip


class ShopForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("of a shop", "Name"), max_length=80)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=ShopKind.choices)
    address = forms.CharField(
        label=gettext_lazy("Address"), required=False, max_length=253,
        help_text=gettext_lazy("Of the shop itself, such as lumen.example; its webhooks must name it."),
    )  # fmt: skip
    secret = forms.CharField(
        label=gettext_lazy("Webhook secret"), required=False, max_length=200, strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Signs what the shop sends. Empty: the one kept so far."),
    )  # fmt: skip
    is_active = forms.BooleanField(label=gettext_lazy("Takes orders"), required=False, initial=True)

    def clean_address(self) -> str:
        return self.cleaned_data["address"].strip().lower().removeprefix("https://").rstrip("/")


@require_safe
@MANAGE
def shops(request: HttpRequest) -> HttpResponseBase:
    return render(request, "commerce/shops.html", {"shops": Shop.objects.all()})


@require_http_methods(["GET", "POST"])
@MANAGE
def edit_shop(request: HttpRequest, shop_id: int | None = None) -> HttpResponseBase:
    shop = get_object_or_404(Shop, pk=shop_id) if shop_id else None
    names = ("name", "kind", "address", "is_active")
    initial = {name: getattr(shop, name) for name in names} if shop else None
    form = ShopForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            saved = actions.save_shop(
                shop_id, by=agent_of(request), secret=data["secret"], **{name: data[name] for name in names}
            )
        except InvalidInput as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": saved.name})
            return redirect("shop_edit", saved.pk)
    context: dict[str, Any] = {"form": form, "shop": shop}
    if shop is not None:
        failed = ShopDelivery.objects.filter(shop=shop, state=DeliveryState.FAILED).order_by("-id")
        context |= {
            "hook": "" if shop.kind == ShopKind.OTHER else settings.BASE_URL + reverse("shop_hook", args=[shop.key]),
            "failed": failed[:SHOWN], "imports": shop.imports.order_by("-id")[:SHOWN],
        }  # fmt: skip
    return render(request, "commerce/shop_form.html", context, status=422 if form.errors else 200)


@require_POST
@MANAGE
def remove_shop(request: HttpRequest, shop_id: int) -> HttpResponseBase:
    try:
        actions.remove_shop(shop_id, by=agent_of(request))
    except NotFound:
        raise Http404 from None
    messages.success(request, _("Done."))
    return redirect("shops")


@require_POST
@MANAGE
def upload_orders(request: HttpRequest, shop_id: int) -> HttpResponseBase:
    upload = request.FILES.get("file")
    if upload is None:
        messages.error(request, _("Choose a file."))
        return redirect("shop_edit", shop_id)
    try:
        row = actions.begin_import(shop_id, by=agent_of(request), upload=upload)
    except NotFound:
        raise Http404 from None
    except InvalidInput as error:
        messages.error(request, error.message)
        return redirect("shop_edit", shop_id)
    return redirect("order_import", row.pk)


@require_http_methods(["GET", "POST"])
@MANAGE
def order_import(request: HttpRequest, import_id: int) -> HttpResponseBase:
    """Which column is which, what the first rows say by that, and how it goes."""
    row = get_object_or_404(OrderImport.objects.select_related("shop"), pk=import_id)
    if request.method == "POST":
        mapping = {field: request.POST.get(field, "") for field in FIELDS}
        try:
            actions.map_import(import_id, by=agent_of(request), mapping=mapping, start="start" in request.POST)
        except InvalidInput as error:
            messages.error(request, error.message)
        return redirect("order_import", import_id)
    context: dict[str, Any] = {"row": row}
    if row.state == ImportState.MAPPING:
        columns = columns_of(row.stored_as)
        context |= {
            "columns": columns,
            "fields": [(field, FIELD_NAMES[field], field in REQUIRED, row.mapping.get(field, "")) for field in
                       (*REQUIRED, *OPTIONAL)],
            "lines": [(line, write_money(line.facts.total, line.facts.currency) if line.facts else "")
                      for line in islice(read_lines(row.stored_as, row.mapping), PREVIEWED)],
        }  # fmt: skip
    return render(request, "commerce/order_import.html", context)


@require_safe
@MANAGE
def import_progress(request: HttpRequest, import_id: int) -> HttpResponseBase:
    return render(request, "commerce/_import.html", {"row": get_object_or_404(OrderImport, pk=import_id)})
