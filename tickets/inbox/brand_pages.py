"""The pages on which admins keep brands: what customers see of each, and which channels belong to it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people.colours import PRODUCT_COLOR
from people.languages import NAMES
from people.models import Brand
from people.permissions import Permission
from people.signatures import LONGEST_HTML, VARIABLES, example_of
from tickets.actions import brand_logos as logos
from tickets.actions import brands as actions
from tickets.errors import InvalidInput, NotFound
from tickets.models import Channel

from .access import agent_of, allowed

MANAGE = allowed(Permission.MANAGE_CHANNELS)
_SAID = ("name", "color", "locale", "url", "review_url", "signature", "signature_html")


class BrandForm(forms.Form):
    """A brand as its admin describes it."""

    name = forms.CharField(
        label=pgettext_lazy("of a thing", "Name"), max_length=actions.LONGEST,
        help_text=gettext_lazy("Of the shop, as customers know it: sender of mails, head of the chat and of surveys."),
    )  # fmt: skip
    channels = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Channels"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("A ticket is of the brand of the channel it came by. A channel is of one brand."),
    )  # fmt: skip
    color = forms.CharField(
        label=gettext_lazy("Colour"), required=False, max_length=7, widget=forms.TextInput(attrs={"type": "color"}),
        help_text=gettext_lazy("What is written on it stays readable."),
    )  # fmt: skip
    plain = forms.BooleanField(
        label=gettext_lazy("The helpdesk’s own colour"), required=False,
        help_text=gettext_lazy("Until another is chosen above."),
    )  # fmt: skip
    url = forms.CharField(
        label=gettext_lazy("Web address"), required=False, max_length=300,
        help_text=gettext_lazy("Of the shop, such as https://shop.example."),
    )  # fmt: skip
    locale = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False,
        choices=[("", gettext_lazy("The helpdesk’s own")), *NAMES.items()],
        help_text=gettext_lazy("On public pages, for whoever’s browser asks for none of ours."),
    )  # fmt: skip
    review_url = forms.CharField(
        label=gettext_lazy("Where satisfied customers may review you"), required=False, max_length=300,
        help_text=gettext_lazy("A https address; shown after a high score, before the one of the survey."),
    )  # fmt: skip
    signature = forms.CharField(
        label=gettext_lazy("Signature"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Stands below replies from every channel of the brand that has none of its own."),
    )  # fmt: skip
    signature_html = forms.CharField(required=False, max_length=LONGEST_HTML)

    def __init__(self, brand: Brand | None, data: Any = None) -> None:
        channels = list(Channel.objects.select_related("brand"))
        super().__init__(data, initial=_initial(brand, channels))
        self.fields["channels"].choices = [(one.pk, _label(one, brand)) for one in channels]  # type: ignore[attr-defined]

    def said(self) -> actions.BrandSaid:
        said = {name: self.cleaned_data[name] for name in _SAID}
        # A browser's picker is never empty: what it showed from the start was not chosen.
        if self.cleaned_data["plain"] and "color" not in self.changed_data:
            said["color"] = ""
        return actions.BrandSaid(**said)


def _initial(brand: Brand | None, channels: list[Channel]) -> dict[str, Any]:
    if brand is None:
        return {"color": PRODUCT_COLOR, "plain": True}
    own = [one.pk for one in channels if one.brand_id == brand.pk]
    said = {name: getattr(brand, name) for name in _SAID} | {"channels": own}
    return said if brand.color else said | {"color": PRODUCT_COLOR, "plain": True}


def _label(channel: Channel, brand: Brand | None) -> str:
    if channel.brand is None or channel.brand == brand:
        return channel.name
    return _("%(channel)s (now of %(brand)s)") % {"channel": channel.name, "brand": channel.brand.name}


@require_safe
@MANAGE
def brands(request: HttpRequest) -> HttpResponseBase:
    """All brands with their channels, and how many channels belong to none."""
    known = Brand.objects.prefetch_related("channels")
    loose = Channel.objects.filter(brand=None).count()
    return render(request, "tickets/brands.html", {"brands": known, "loose": loose})


@require_http_methods(["GET", "HEAD", "POST"])
@MANAGE
def brand_edit(request: HttpRequest, brand_id: int | None = None) -> HttpResponseBase:
    agent = agent_of(request)
    found = Brand.objects.annotate(channel_count=Count("channels"))
    brand = get_object_or_404(found, pk=brand_id) if brand_id else None
    form = BrandForm(brand, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            saved = actions.save_brand(brand_id, form.said(), by=agent, channels=form.cleaned_data["channels"])
            messages.success(request, _("Saved %(name)s.") % {"name": saved.name})
            return redirect("brands")
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
    context = {
        "form": form, "brand": brand, "variables": VARIABLES, "signature_html": form["signature_html"].value() or "",
        "example": example_of(form["signature"].value() or "", name=agent.name, email=agent.email),
    }  # fmt: skip
    return render(request, "tickets/brand_form.html", context, status=422 if form.errors else 200)


@require_POST
@MANAGE
def brand_remove(request: HttpRequest, brand_id: int) -> HttpResponseBase:
    loose = Channel.objects.filter(brand=brand_id).count()
    try:
        actions.remove_brand(brand_id, by=agent_of(request))
    except InvalidInput as error:
        messages.error(request, error.message)
        return redirect("brand_edit", brand_id)
    said = ngettext("%(n)d channel now belongs to no brand.", "%(n)d channels now belong to no brand.", loose)
    messages.success(request, said % {"n": loose} if loose else _("Done."))
    return redirect("brands")


@require_POST
@MANAGE
def brand_logo_set(request: HttpRequest, brand_id: int) -> HttpResponseBase:
    """Take the picture that was sent, or with `remove` the one there is away."""
    agent, file = agent_of(request), request.FILES.get("file")
    try:
        if "remove" in request.POST:
            logos.remove_logo(brand_id, by=agent)
        else:
            content = file.read(logos.MOST_BYTES + 1) if file else b""
            logos.set_logo(brand_id, content, (file.name or "") if file else "", by=agent)
        messages.success(request, _("Saved."))
    except InvalidInput as error:
        messages.error(request, error.message)
    except NotFound:
        raise Http404("no such brand") from None
    return redirect("brand_edit", brand_id)
