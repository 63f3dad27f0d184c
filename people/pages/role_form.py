"""What a role of the shop's own is made of, in words; and which roles there are to choose from."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.channel_names import channel_choices
from people.models import Agent, CustomRole, Role
from people.permissions import CUSTOM, MATRIX, Permission
from people.scope import Reach

REACHES = [
    (str(Reach.OWN.value), _("Only tickets assigned to them")),
    (str(Reach.TEAMS.value), _("Those of their teams and of no team, too")),
    (str(Reach.ALL.value), _("All tickets")),
]
_REACHED: dict[str, set[str]] = {
    "1": set(),
    "2": {Permission.READ_TEAM_TICKETS},
    "3": {Permission.READ_TEAM_TICKETS, Permission.READ_ALL_TICKETS},
}
WORK = [
    (Permission.NOTE, _("Write notes")),
    (Permission.REPLY, _("Reply, and be given tickets")),
    (Permission.EDIT_TICKETS, _("Change status, priority, tags, assignment and team; merge and split")),
    (Permission.READ_RAW, _("Read the source of mails")),
    (Permission.REVEAL_ACCOUNTS, _("See bank accounts that are masked, to give money back")),
    (Permission.REVEAL_SECRETS, _("See card numbers, documents and passwords that are masked")),
    (Permission.REDACT, _("Take text out of messages for good")),
    (Permission.READ_CUSTOMERS, _("List customers")),
    (Permission.SUGGEST_ARTICLES, _("Write drafts for the help centre")),
]
LEAD = [
    (Permission.READ_REPORTS, _("Read reports")),
    (Permission.EXPORT, _("Export figures and lists")),
    (Permission.MANAGE_SHARED, _("Make views and replies for teams")),
    (Permission.HANDLE_QUARANTINE, _("Look after mail that could not be read")),
    (Permission.MANAGE_TEAMS, _("Make and rename teams")),
    (Permission.MANAGE_SERVICE_LEVELS, _("Set service levels and working hours")),
    (Permission.MANAGE_SURVEYS, _("Set up surveys")),
    (Permission.MANAGE_SHOPS, _("Connect shops")),
    (Permission.MANAGE_ARTICLES, _("Publish articles and set up the help centre")),
]
HOUSE = [
    (Permission.MANAGE_CHANNELS, _("Set up channels and mailboxes")),
    (Permission.MANAGE_AGENTS, _("Invite, change and switch off people")),
    (Permission.MANAGE_ROLES, _("Make roles")),
    (Permission.READ_AUDIT, _("Read who did and saw what")),
    (Permission.VIEW_AS, _("Look with the eyes of a colleague")),
    (Permission.SEE_HEALTH, _("See the health of the helpdesk")),
    (Permission.HANDLE_PRIVACY, _("Hold and erase the data of customers")),
]
_BOXES = forms.CheckboxSelectMultiple


def role_choices() -> list[tuple[str, Any]]:
    """Every role there is to give: ours, and the shop's own."""
    own = [(f"{CUSTOM}-{role.pk}", role.name) for role in CustomRole.objects.all()]
    return [(role, Role(role).label) for role in reversed(MATRIX)] + own


class RoleForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("of a role", "Name"), max_length=60)
    reach = forms.ChoiceField(label=_("Sees"), choices=REACHES, initial="2", widget=forms.RadioSelect)
    work = forms.MultipleChoiceField(label=_("Working with tickets"), choices=WORK, required=False, widget=_BOXES)
    lead = forms.MultipleChoiceField(label=_("Leading"), choices=LEAD, required=False, widget=_BOXES)
    house = forms.MultipleChoiceField(
        label=_("The whole helpdesk"), choices=HOUSE, required=False, widget=_BOXES,
        help_text=_("Whoever has one of these sees all tickets."),
    )  # fmt: skip
    channels = forms.TypedMultipleChoiceField(
        label=_("Only these channels"), choices=channel_choices, coerce=int, required=False, widget=_BOXES,
        help_text=_("None chosen means all of them. What is assigned to somebody they always see."),
    )  # fmt: skip

    @staticmethod
    def known(role: CustomRole) -> dict[str, Any]:
        """The form's values for a role that is there."""
        has = set(role.permissions)
        reach = Reach.ALL if Permission.READ_ALL_TICKETS in has else Reach(1 + (Permission.READ_TEAM_TICKETS in has))
        parts = {"work": WORK, "lead": LEAD, "house": HOUSE}
        chosen = {part: [one.value for one, _name in listed if one in has] for part, listed in parts.items()}
        return {"name": role.name, "reach": str(reach.value), "channels": role.channels or [], **chosen}

    @property
    def wanted(self) -> dict[str, Any]:
        """What `people.roles.save_role` is given."""
        data = self.cleaned_data
        permissions = {*_REACHED[data["reach"]], *data["work"], *data["lead"], *data["house"]}
        return {"name": data["name"], "permissions": permissions, "channels": data["channels"] or None}


class SuccessorForm(forms.Form):
    """Which role they get whose role goes."""

    successor = forms.ChoiceField(label=_("They get instead"))

    def __init__(self, *args: Any, role: CustomRole, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        gone = f"{CUSTOM}-{role.pk}"
        self.fields["successor"].choices = [one for one in role_choices() if one[0] != gone]  # type: ignore[attr-defined]
        self.initial.setdefault("successor", Role.VIEWER.value)


def holders(role: CustomRole) -> list[Agent]:
    """Who has the role, also of those switched off."""
    return list(role.agents.order_by("-is_active", "name"))
