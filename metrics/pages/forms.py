"""What managers write of promises and opening hours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from commerce.segments import segments, tiers
from metrics.brands import brand_choices
from metrics.business_time import NeverOpen, add_open_seconds
from metrics.business_time.holiday_names import countries
from metrics.clocks.terms import NEVER_BOUGHT
from metrics.models import BusinessCalendar, Policy, Webhook
from metrics.rules import PAUSES, calendar_of
from people.http_client import Unreachable, parsed
from people.languages import NAMES
from people.models import Agent, Team
from people.pages.forms import zone_choices
from tickets.actions.labels import tag_name
from tickets.errors import InvalidInput
from tickets.kinds import registered_kinds
from tickets.models import Channel, Priority

from .writing import read_duration, read_hours, read_own_days, write_duration, write_hours, write_own_days

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_NAMES = (
    gettext_lazy("Monday"), gettext_lazy("Tuesday"), gettext_lazy("Wednesday"), gettext_lazy("Thursday"),
    gettext_lazy("Friday"), gettext_lazy("Saturday"), gettext_lazy("Sunday"),
)  # fmt: skip
NO_TEAM = "none"
WHOM = [
    ("", gettext_lazy("Nobody")), ("assignee", gettext_lazy("Who is assigned")),
    ("team", gettext_lazy("Who is assigned, otherwise the team")), ("leads", gettext_lazy("Managers and admins")),
]  # fmt: skip
PAUSE_NAMES = {
    "pending": gettext_lazy("Waiting on customer"), "on_hold": gettext_lazy("On hold"),
    "snoozed": gettext_lazy("Snoozed"),
}  # fmt: skip


def kind_choices() -> list[tuple[str, Any]]:
    return [(traits.kind, traits.label) for traits in registered_kinds()]


def segment_choices() -> list[tuple[str, str]]:
    return [*segments(), (NEVER_BOUGHT, _("Has not bought yet"))]


class Length(forms.CharField):
    """A length of time in words; nothing means: not promised."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=40, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return write_duration(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        return read_duration(super().clean(value))


class Checks(forms.TypedMultipleChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.CheckboxSelectMultiple, **kwargs)


def offer_brands(form: forms.Form) -> None:
    """Brands to choose from, where there are several or one is chosen; else no such field."""
    choices = brand_choices()
    if len(choices) > 1 or form.initial.get("brand_id"):
        form.fields["brand_id"].choices = choices  # type: ignore[attr-defined]
    else:
        del form.fields["brand_id"]


class PolicyForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("of a policy", "Name"), max_length=80)
    is_active = forms.BooleanField(label=gettext_lazy("In force"), required=False, initial=True)
    calendar = forms.ModelChoiceField(
        label=gettext_lazy("Time counts by the calendar"), queryset=BusinessCalendar.objects.all(), empty_label=None
    )
    first_seconds = Length(
        label=gettext_lazy("First answer within"),
        help_text=gettext_lazy("For example 4h, 30 min, 1 day 4 hours or 1:30."),
    )
    next_seconds = Length(label=gettext_lazy("Every later answer within"))
    resolution_seconds = Length(label=gettext_lazy("Solved within"))
    wait_seconds = Length(
        label=gettext_lazy("A caller waits at most"),
        help_text=gettext_lazy("Until somebody picks up. Who hangs up sooner counts neither way, later as missed."),
    )
    channel_kind = Checks(label=gettext_lazy("Kinds of channel"), help_text=gettext_lazy("None ticked: any."))
    brand_id = Checks(label=gettext_lazy("Brands"), coerce=int)
    channel_id = Checks(label=gettext_lazy("Channels"), coerce=int)
    priority = Checks(label=gettext_lazy("Priorities"), coerce=int, choices=Priority.choices)
    team_id = Checks(label=gettext_lazy("Teams"))
    language = Checks(label=gettext_lazy("Languages"))
    segment = Checks(label=gettext_lazy("Customers who"), help_text=gettext_lazy("One of those ticked is enough."))
    tier = Checks(label=gettext_lazy("Customers of the tier"))
    region = forms.CharField(
        label=gettext_lazy("Customers from"), required=False, max_length=120,
        help_text=gettext_lazy(
            "Codes of countries with commas between, such as UA, PL: by their telephone number, else by their language."
        ),
    )  # fmt: skip
    warn = forms.CharField(
        label=gettext_lazy("Warn at percent of the time"), required=False, max_length=20, initial="75, 90"
    )
    pauses = Checks(label=gettext_lazy("Time stands still while"), choices=list(PAUSE_NAMES.items()), initial=PAUSES)
    bot_counts = forms.BooleanField(label=gettext_lazy("An answer of the bot counts"), required=False)
    warn_notify = forms.ChoiceField(label=gettext_lazy("At the last warning tell"), choices=WHOM, required=False)
    late_notify = forms.ChoiceField(label=gettext_lazy("When it is late tell"), choices=WHOM, required=False)
    late_assign = forms.ModelChoiceField(
        label=gettext_lazy("When it is late assign to"), required=False,
        queryset=Agent.objects.filter(is_active=True).exclude(role="viewer").order_by("name"),
    )  # fmt: skip
    late_team = forms.ModelChoiceField(
        label=gettext_lazy("When it is late hand to the team"), required=False, queryset=Team.objects.all()
    )
    late_priority = forms.TypedChoiceField(
        label=gettext_lazy("When it is late raise the priority to"), required=False, coerce=int, empty_value=None,
        choices=[("", "–"), *Priority.choices],
    )  # fmt: skip
    late_tag = forms.CharField(label=gettext_lazy("When it is late tag with"), required=False, max_length=60)

    late_webhook = forms.ModelChoiceField(
        label=gettext_lazy("When it is late call the webhook"), required=False, queryset=Webhook.objects.all()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel_kind"].choices = kind_choices()  # type: ignore[attr-defined]
        offer_brands(self)
        self.fields["channel_id"].choices = list(Channel.objects.values_list("pk", "name"))  # type: ignore[attr-defined]
        teams = [(str(pk), name) for pk, name in Team.objects.values_list("pk", "name")]
        self.fields["team_id"].choices = [*teams, (NO_TEAM, _("No team"))]  # type: ignore[attr-defined]
        self.fields["segment"].choices = segment_choices()  # type: ignore[attr-defined]
        self.fields["tier"].choices = tiers()  # type: ignore[attr-defined]
        # One that was kept and we do not speak stays to be seen, by its code.
        kept = [(code, code) for code in self.initial.get("language", []) if code not in NAMES]
        self.fields["language"].choices = [*NAMES.items(), *kept]  # type: ignore[attr-defined]

    def clean_region(self) -> list[str]:
        codes = [word.strip().upper() for word in self.cleaned_data["region"].split(",") if word.strip()]
        if unknown := [code for code in codes if code not in phonenumbers.SUPPORTED_REGIONS]:
            raise ValidationError(_("No country has the code %(code)s.") % {"code": unknown[0]})
        return sorted(set(codes))

    def clean_warn(self) -> list[int]:
        words = [word.strip().rstrip("%").strip() for word in self.cleaned_data["warn"].split(",") if word.strip()]
        if any(not (word.isdecimal() and 1 <= int(word) <= 99) for word in words) or len(words) > 3:
            raise ValidationError(_("Up to three numbers between 1 and 99, such as 75, 90."))
        return sorted({int(word) for word in words})

    def clean_late_tag(self) -> str:
        name = self.cleaned_data["late_tag"].strip()
        try:
            return tag_name(name) if name else ""
        except InvalidInput as error:
            raise ValidationError(error.message) from None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        promises = [data.get(name) for name in ("first_seconds", "next_seconds", "resolution_seconds", "wait_seconds")]
        if not self.errors and not any(promises):
            raise ValidationError(_("Promise something: write at least one length of time."))
        calendar = data.get("calendar")
        if calendar and not self.errors:
            for name in ("first_seconds", "next_seconds", "resolution_seconds", "wait_seconds"):
                if data[name] and (problem := never_open(calendar, data[name])):
                    self.add_error(name, problem)
        return data

    def values(self) -> dict[str, Any]:
        """The fields of the policy."""
        data = self.cleaned_data
        names = ("name", "is_active", "calendar", "first_seconds", "next_seconds", "resolution_seconds",
                 "wait_seconds", "warn", "pauses", "bot_counts")  # fmt: skip
        return {name: data[name] for name in names} | {
            "conditions": self.conditions(), "escalation": self.escalation()
        }  # fmt: skip

    def conditions(self) -> dict[str, list[Any]]:
        data = self.cleaned_data
        teams = [None if team == NO_TEAM else int(team) for team in data["team_id"]]
        said = {"channel_kind": data["channel_kind"], "brand_id": data.get("brand_id"),
                "channel_id": data["channel_id"], "priority": data["priority"], "team_id": teams,
                "language": data["language"], "segment": data["segment"], "tier": data["tier"],
                "region": data["region"]}  # fmt: skip
        return {name: values for name, values in said.items() if values}

    def escalation(self) -> list[dict[str, Any]]:
        data, steps = self.cleaned_data, []
        if data["warn"] and data["warn_notify"]:
            steps.append({"when": max(data["warn"]), "do": "notify", "value": data["warn_notify"]})
        late = {
            "team": data["late_team"] and data["late_team"].pk,
            "assign": data["late_assign"] and data["late_assign"].pk,
            "priority": data["late_priority"], "tag": data["late_tag"], "notify": data["late_notify"],
            "webhook": data["late_webhook"] and data["late_webhook"].pk,
        }  # fmt: skip
        return steps + [{"when": 100, "do": do, "value": value} for do, value in late.items() if value]


def policy_initial(policy: Policy) -> dict[str, Any]:
    """A policy as its form shows it."""
    names = ("name", "is_active", "calendar", "first_seconds", "next_seconds", "resolution_seconds", "wait_seconds",
             "pauses", "bot_counts")  # fmt: skip
    said = {name: getattr(policy, name) for name in names} | policy.conditions
    said["team_id"] = [NO_TEAM if id is None else str(id) for id in policy.conditions.get("team_id", [])]
    said["region"] = ", ".join(policy.conditions.get("region", []))
    said["warn"] = ", ".join(map(str, policy.warn))
    for step in policy.escalation:
        said[f"{'late' if step['when'] == 100 else 'warn'}_{step['do']}"] = step["value"]
    return said


class WebhookForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("of a webhook", "Name"), max_length=80)
    url = forms.CharField(
        label=gettext_lazy("Address"), max_length=500,
        help_text=gettext_lazy(
            "It is told of missed deadlines: numbers and states as JSON, signed, and tried again for some hours. "
            "See docs/http-channel.md for the signature."
        ),
    )  # fmt: skip

    def clean_url(self) -> str:
        url = self.cleaned_data["url"].strip()
        URLValidator(schemes=["https", "http"])(url)
        try:
            parsed(url)
        except Unreachable as error:
            raise ValidationError(str(error)) from None
        return url


class CalendarForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("of a calendar", "Name"), max_length=80)
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=zone_choices, initial=settings.TIME_ZONE)
    country = forms.CharField(
        label=gettext_lazy("Closed on the public holidays of the country"), required=False, max_length=2,
        help_text=gettext_lazy(
            "Its code of two letters; empty for none. As the law has it: where holidays are working days just now "
            "there are none."
        ),
    )  # fmt: skip
    region = forms.CharField(
        label=gettext_lazy("Region"), required=False, max_length=32,
        help_text=gettext_lazy("Its code; empty for what the whole country keeps."),
    )  # fmt: skip
    own_days = forms.CharField(
        label=gettext_lazy("Own days"), required=False, max_length=8000, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy(
            "One a line: “2026-12-24 closed stocktaking”, or an extra opening: “2026-12-26 10:00-14:00”. "
            "An extra opening counts on a holiday too."
        ),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for day, name in zip(DAYS, DAY_NAMES, strict=True):
            self.fields[day] = forms.CharField(label=name, required=False, max_length=120)
        self.fields["monday"].help_text = _(
            "Such as 9:00-13:00, 14:00-18:00. Empty: closed. 0:00-24:00: all day. 22:00-6:00 runs into the next day."
        )
        self.order_fields(["name", "time_zone", *DAYS])

    def clean_country(self) -> str:
        code = str(self.cleaned_data["country"]).strip().upper()
        if code and code not in countries():
            raise ValidationError(_("No holidays are known under this code."))
        return code

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for day in DAYS:
            self._read(day, read_hours)
        self._read("own_days", read_own_days)
        if data.get("region") and data["region"] not in countries().get(data.get("country", ""), []):
            known = ", ".join(countries().get(data.get("country", ""), [])) or _("none")
            self.add_error("region", _("Not a region of this country. Known: %(known)s.") % {"known": known})
        if not self.errors:
            calendar = BusinessCalendar(**self.values())
            if problem := never_open(calendar, 60):
                raise ValidationError(problem)
        return data

    def _read(self, name: str, reader: Any) -> None:
        try:
            self.cleaned_data[name] = reader(self.cleaned_data.get(name, ""))
        except ValidationError as error:
            self.add_error(name, error)

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        names = ("name", "time_zone", "country", "region", "own_days")
        return {name: data[name] for name in names} | {"weekly": [data[day] for day in DAYS]}


def calendar_initial(calendar: BusinessCalendar) -> dict[str, Any]:
    said: dict[str, Any] = {name: getattr(calendar, name) for name in ("name", "time_zone", "country", "region")}
    said |= {day: write_hours(pairs) for day, pairs in zip(DAYS, calendar.weekly, strict=True)}
    return said | {"own_days": write_own_days(calendar.own_days)}


def never_open(calendar: BusinessCalendar, seconds: int) -> str:
    """What is wrong with a calendar by which so much time never passes; nothing if it does."""
    names = ("time_zone", "weekly", "country", "region", "own_days")
    try:
        add_open_seconds(calendar_of({name: getattr(calendar, name) for name in names}), datetime.now(UTC), seconds)
    except NeverOpen:
        return _("By this calendar the shop does not open long enough: nothing would ever be due.")
    return ""
