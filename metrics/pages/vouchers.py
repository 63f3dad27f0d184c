"""Vouchers that make up for a disappointment: their supplies, and the codes managers bring in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from metrics.models import VoucherPool
from metrics.surveys.vouchers import import_codes, pools_with_supply, read_codes, save_pool
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, allowed

MANAGE = allowed(Permission.MANAGE_SURVEYS)
LARGEST_FILE = 4 * 1024 * 1024


class PoolForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("of vouchers", "Name"), max_length=80)
    worth = forms.CharField(
        label=gettext_lazy("What they are worth"), required=False, max_length=120,
        help_text=gettext_lazy("For your people, such as: free shipping for the next order."),
    )  # fmt: skip
    valid_until = forms.DateField(
        label=gettext_lazy("Valid until"), required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("After that day none is handed out."),
    )  # fmt: skip
    warn_below = forms.IntegerField(
        label=gettext_lazy("Warn with fewer left than"), min_value=0, max_value=10_000, initial=10
    )


class CodesForm(forms.Form):
    codes = forms.CharField(
        label=gettext_lazy("Codes"), required=False, max_length=LARGEST_FILE, strip=False,
        widget=forms.Textarea(attrs={"rows": 6}), help_text=gettext_lazy("One a line, as your shop made them."),
    )  # fmt: skip
    file = forms.FileField(
        label=gettext_lazy("Or a file"), required=False, help_text=gettext_lazy("Text or CSV; its first column counts.")
    )

    def clean(self) -> dict[str, Any]:
        """`found`: the codes of both."""
        data = super().clean() or {}
        upload = data.get("file")
        if upload is not None and upload.size > LARGEST_FILE:
            self.add_error("file", _("A file of codes has at most %(size)d MB.") % {"size": LARGEST_FILE // 1024**2})
            return data
        text = data.get("codes", "") + "\n" + (upload.read().decode("utf-8-sig", "replace") if upload else "")
        try:
            data["found"] = read_codes(text)
        except InvalidInput as error:
            self.add_error("codes", error.message)
        else:
            if not data["found"]:
                self.add_error("codes", _("Write some codes, or choose a file of them."))
        return data


@require_safe
@MANAGE
def vouchers(request: HttpRequest) -> HttpResponseBase:
    """All supplies and how many codes are left."""
    context = {"pools": pools_with_supply(), "today": timezone.localdate()}
    return render(request, "metrics/vouchers.html", context)


@require_http_methods(["GET", "POST"])
@MANAGE
def edit_pool(request: HttpRequest, pool_id: int | None = None) -> HttpResponseBase:
    pool = get_object_or_404(VoucherPool, pk=pool_id) if pool_id else None
    names = ("name", "worth", "valid_until", "warn_below")
    form = PoolForm(request.POST or None, initial={name: getattr(pool, name) for name in names} if pool else None)
    if request.method == "POST" and form.is_valid():
        try:
            saved = save_pool(pool_id, by=agent_of(request), **form.cleaned_data)
        except InvalidInput as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": saved.name})
            return redirect("voucher_edit", saved.pk)
    return _shown(request, pool, form, CodesForm())


@require_POST
@MANAGE
def bring_in(request: HttpRequest, pool_id: int) -> HttpResponseBase:
    """Codes typed or in a file."""
    form = CodesForm(request.POST, request.FILES)
    pool = get_object_or_404(VoucherPool, pk=pool_id)
    if not form.is_valid():
        names = ("name", "worth", "valid_until", "warn_below")
        return _shown(request, pool, PoolForm(initial={name: getattr(pool, name) for name in names}), form)
    try:
        done = import_codes(pool_id, form.cleaned_data["found"], by=agent_of(request))
    except NotFound:
        raise Http404 from None
    text = ngettext("%(n)d code is new", "%(n)d codes are new", done.added) % {"n": done.added}
    if done.known:
        text += ", " + ngettext("%(n)d was here", "%(n)d were here", done.known) % {"n": done.known}
    messages.success(request, f"{text}.")
    return redirect("voucher_edit", pool_id)


def _shown(request: HttpRequest, pool: VoucherPool | None, form: PoolForm, codes: CodesForm) -> HttpResponseBase:
    found = pools_with_supply().filter(pk=pool.pk).first() if pool else None
    context = {"form": form, "pool": found, "codes": codes}
    return render(request, "metrics/voucher_form.html", context, status=422 if form.errors or codes.errors else 200)
