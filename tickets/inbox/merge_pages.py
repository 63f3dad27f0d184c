"""The page on which managers say whether tickets are merged by the house."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from people.permissions import Permission
from tickets.merge_policy import LONGEST, merge_policy, save_merge_policy

from .access import agent_of, allowed


class PolicyForm(forms.Form):
    is_on = forms.BooleanField(
        label=gettext_lazy("Merge a new ticket into the one it is plainly about"), required=False,
        help_text=gettext_lazy(
            "Only of one customer with a proven address, in one team and kind of channel, while nobody has answered "
            "either, and where both name the same order or number or their subjects are alike. Never a chat."
        ),
    )  # fmt: skip
    hours = forms.IntegerField(
        label=gettext_lazy("Opened within so many hours"), min_value=1, max_value=LONGEST,
        help_text=gettext_lazy("What is merged says why, and is taken back with one click; then it is left alone."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Permission.MANAGE_SHARED)
def policy(request: HttpRequest) -> HttpResponseBase:
    known = merge_policy()
    posted = request.POST if request.method == "POST" else None
    form = PolicyForm(posted, initial={"is_on": known.is_on, "hours": known.hours})
    if posted is not None and form.is_valid():
        said = form.cleaned_data
        save_merge_policy(by=agent_of(request), is_on=said["is_on"], hours=said["hours"])
        messages.success(request, _("Saved."))
        return redirect("merge_policy")
    return render(request, "tickets/merge_policy.html", {"form": form}, status=422 if posted is not None else 200)
