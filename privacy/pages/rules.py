"""What the house does with data by itself: secrets in messages, and how long things are kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people.permissions import Permission
from privacy.models import Ages, RetentionRule, RetentionRun
from privacy.retention import LONGEST, REGRET, SHORTEST, preview, remove_rule, save_manners, save_rule
from tickets.inbox.access import agent_of, allowed
from tickets.models import Channel, SecretManner

RUNS = 20
COUNTED = {
    "tickets": gettext_lazy("tickets"), "messages": gettext_lazy("messages"), "files": gettext_lazy("files"),
    "raw copies": gettext_lazy("raw copies"), "answers": gettext_lazy("answers to surveys"),
    "events": gettext_lazy("facts"),
}  # fmt: skip


class RuleForm(forms.Form):
    """One rule; without a channel it is for all that have none of their own."""

    kind = forms.ChoiceField(label=gettext_lazy("What"), choices=Ages.choices)
    channel = forms.ModelChoiceField(
        label=gettext_lazy("Channel"), queryset=Channel.objects.all(), required=False,
        empty_label=gettext_lazy("All without a rule of their own"),
    )  # fmt: skip
    days = forms.IntegerField(
        label=gettext_lazy("Days to keep it"), min_value=SHORTEST, max_value=LONGEST, initial=730,
        help_text=gettext_lazy("Counted from the last message of a ticket, or from the mail itself."),
    )  # fmt: skip


@never_cache
@require_safe
@allowed(Permission.HANDLE_PRIVACY)
def rules(request: HttpRequest) -> HttpResponseBase:
    """Both, with what the rules have taken lately."""
    runs = RetentionRun.objects.select_related("channel").order_by("-started_at")[:RUNS]
    context = {
        "channels": Channel.objects.order_by("name"), "manners": SecretManner.choices,
        "rules": [_told(rule) for rule in RetentionRule.objects.select_related("channel").order_by("kind", "pk")],
        "runs": [(run, [(COUNTED.get(name, name), n) for name, n in run.counts.items()]) for run in runs],
        "form": RuleForm(),
    }  # fmt: skip
    return render(request, "privacy/rules.html", context)


def _told(rule: RetentionRule) -> dict[str, Any]:
    first = rule.saved_at + REGRET
    return {"rule": rule, "first": first if first > timezone.now() else None}


@never_cache
@require_http_methods(["GET", "POST"])
@allowed(Permission.HANDLE_PRIVACY)
def retention_rule(request: HttpRequest) -> HttpResponseBase:
    """What a rule would take, before it is saved."""
    agent = agent_of(request)
    form = RuleForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return render(request, "privacy/retention_rule.html", {"form": form, "taking": None}, status=422)
    said = form.cleaned_data
    if request.method == "POST":
        save_rule(kind=said["kind"], channel=said["channel"], days=said["days"], by=agent)
        messages.success(request, _("Saved. It works from tomorrow; until then nothing goes."))
        return redirect("privacy_rules")
    channel = said["channel"].pk if said["channel"] else None
    taking = preview(said["kind"], channel=channel, days=said["days"])
    context = {"form": form, "taking": taking, "kind": Ages(said["kind"]).label, "channel": said["channel"]}
    return render(request, "privacy/retention_rule.html", context)


@require_POST
@allowed(Permission.HANDLE_PRIVACY)
def retention_remove(request: HttpRequest, rule_id: int) -> HttpResponseBase:
    if remove_rule(rule_id, by=agent_of(request)):
        messages.success(request, _("Removed. Everything is kept again."))
    return redirect("privacy_rules")


@require_POST
@allowed(Permission.HANDLE_PRIVACY)
def secrets(request: HttpRequest) -> HttpResponseBase:
    """What each channel does with what it finds; a channel that was not named keeps what it has."""
    agent = agent_of(request)
    known = {f"channel-{pk}": pk for pk in Channel.objects.values_list("pk", flat=True)}
    said = {pk: request.POST[name] for name, pk in known.items() if request.POST.get(name) in SecretManner.values}
    if save_manners(said, by=agent):
        messages.success(request, _("Saved. It counts for messages that arrive from now on."))
    return redirect("privacy_rules")
