"""What happened to something that is no ticket, in two words: the thing and the act."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

THINGS: dict[str, str | Promise] = {
    "agent": pgettext_lazy("audit", "Agent"),
    "bulk": pgettext_lazy("audit", "Change of many tickets"),
    "calendar": pgettext_lazy("audit", "Opening hours"),
    "channel": pgettext_lazy("audit", "Channel"),
    "connection": pgettext_lazy("audit", "Connection"),
    "customer": pgettext_lazy("audit", "Customer"),
    "dkim": pgettext_lazy("audit", "Signing key of a domain"),
    "field": pgettext_lazy("audit", "Field"),
    "import": pgettext_lazy("audit", "Import"),
    "macro": pgettext_lazy("audit", "Canned reply"),
    "mailbox": pgettext_lazy("audit", "Mailbox"),
    "order": pgettext_lazy("audit", "Order"),
    "policy": pgettext_lazy("audit", "Deadline rule"),
    "retention": pgettext_lazy("audit", "Retention rule"),
    "role": pgettext_lazy("audit", "Role"),
    "shop": pgettext_lazy("audit", "Shop"),
    "status": pgettext_lazy("audit", "Status"),
    "survey": pgettext_lazy("audit", "Survey"),
    "team": pgettext_lazy("audit", "Team"),
    "view": pgettext_lazy("audit", "View"),
}
ACTS: dict[str, str | Promise] = {
    "added": pgettext_lazy("audit", "added"),
    "agreed": pgettext_lazy("audit", "agreed to something, or took it back"),
    "archived": pgettext_lazy("audit", "archived"),
    "assigning_changed": pgettext_lazy("audit", "automatic assignment changed"),
    "availability_changed": pgettext_lazy("audit", "availability changed"),
    "budget_reached": pgettext_lazy("audit", "daily budget reached"),
    "changed": pgettext_lazy("audit", "changed"),
    "consent_noted": pgettext_lazy("audit", "consent noted"),
    "created": pgettext_lazy("audit", "made"),
    "erased": pgettext_lazy("audit", "erased"),
    "erasure_asked": pgettext_lazy("audit", "erasing asked for"),
    "export_asked": pgettext_lazy("audit", "export asked for"),
    "exported": pgettext_lazy("audit", "exported"),
    "finished": pgettext_lazy("audit", "finished"),
    "held": pgettext_lazy("audit", "kept from erasing"),
    "hold_ended": pgettext_lazy("audit", "may be erased again"),
    "invited": pgettext_lazy("audit", "invited"),
    "joined": pgettext_lazy("audit", "joined"),
    "kept_apart": pgettext_lazy("audit", "kept apart from another"),
    "limits_changed": pgettext_lazy("audit", "limits changed"),
    "made": pgettext_lazy("audit", "made"),
    "moved": pgettext_lazy("audit", "put in another place"),
    "note_removed": pgettext_lazy("audit", "note removed"),
    "noted": pgettext_lazy("audit", "note added"),
    "parted": pgettext_lazy("audit", "taken apart"),
    "password_changed": pgettext_lazy("audit", "password changed"),
    "placed": pgettext_lazy("audit", "placed"),
    "prefers": pgettext_lazy("audit", "preferred way noted"),
    "ran": pgettext_lazy("audit", "ran"),
    "recovered": pgettext_lazy("audit", "works again"),
    "recovery_codes_made": pgettext_lazy("audit", "recovery codes made"),
    "refused": pgettext_lazy("audit", "refused by the other side"),
    "removed": pgettext_lazy("audit", "removed"),
    "renamed": pgettext_lazy("audit", "renamed"),
    "renumbered": pgettext_lazy("audit", "numbered anew by its server"),
    "restored": pgettext_lazy("audit", "taken out of the archive"),
    "saved": pgettext_lazy("audit", "saved"),
    "second_factor_added": pgettext_lazy("audit", "second factor added"),
    "second_factor_removed": pgettext_lazy("audit", "second factor removed"),
    "second_factor_reset": pgettext_lazy("audit", "second factor reset"),
    "sign_in_linked": pgettext_lazy("audit", "sign-in by a service linked"),
    "secrets_changed": pgettext_lazy("audit", "handling of secrets changed"),
    "signed_out": pgettext_lazy("audit", "signed out"),
    "started": pgettext_lazy("audit", "started"),
    "token_created": pgettext_lazy("audit", "API token made"),
    "token_revoked": pgettext_lazy("audit", "API token revoked"),
    "undo_started": pgettext_lazy("audit", "undo started"),
    "undone": pgettext_lazy("audit", "undone"),
    "unsubscribed": pgettext_lazy("audit", "unsubscribed"),
    "updated": pgettext_lazy("audit", "changed"),
    "used": pgettext_lazy("audit", "used"),
}


def happened(kind: str) -> str:
    """The kind of an event in words; a kind nobody has words for as it is written."""
    thing, _dot, act = kind.partition(".")
    if thing not in THINGS or act not in ACTS:
        return kind
    return _("%(thing)s: %(act)s") % {"thing": THINGS[thing], "act": ACTS[act]}
