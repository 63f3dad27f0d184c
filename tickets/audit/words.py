"""What happened to something that is no ticket, in two words: the thing and the act."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

THINGS: dict[str, str | Promise] = {
    "agent": pgettext_lazy("audit", "Agent"),
    "annotation": pgettext_lazy("audit", "Note on the charts"),
    "article": pgettext_lazy("audit", "Article"),
    "bulk": pgettext_lazy("audit", "Change of many tickets"),
    "calendar": pgettext_lazy("audit", "Opening hours"),
    "call": pgettext_lazy("audit", "Call"),
    "channel": pgettext_lazy("audit", "Channel"),
    "chat": pgettext_lazy("audit", "Chat"),
    "connection": pgettext_lazy("audit", "Connection"),
    "contact_form": pgettext_lazy("audit", "Contact form"),
    "contact_rules": pgettext_lazy("audit", "Limit of surveys and reminders"),
    "customer": pgettext_lazy("audit", "Customer"),
    "dkim": pgettext_lazy("audit", "Signing key of a domain"),
    "field": pgettext_lazy("audit", "Field"),
    "help_category": pgettext_lazy("audit", "Category of the help centre"),
    "help_centre": pgettext_lazy("audit", "Help centre"),
    "import": pgettext_lazy("audit", "Import"),
    "macro": pgettext_lazy("audit", "Canned reply"),
    "mailbox": pgettext_lazy("audit", "Mailbox"),
    "merging": pgettext_lazy("audit", "Automatic merging"),
    "message": pgettext_lazy("audit", "Message"),
    "note": pgettext_lazy("audit", "Note"),
    "order": pgettext_lazy("audit", "Order"),
    "outgoing": pgettext_lazy("audit", "Outgoing mail server"),
    "policy": pgettext_lazy("audit", "Deadline rule"),
    "reminder": pgettext_lazy("audit", "Reminder"),
    "report_mailing": pgettext_lazy("audit", "Report by mail"),
    "retention": pgettext_lazy("audit", "Retention rule"),
    "role": pgettext_lazy("audit", "Role"),
    "shop": pgettext_lazy("audit", "Shop"),
    "sign_in_service": pgettext_lazy("audit", "Sign-in service"),
    "status": pgettext_lazy("audit", "Status"),
    "survey": pgettext_lazy("audit", "Survey"),
    "team": pgettext_lazy("audit", "Team"),
    "view": pgettext_lazy("audit", "View"),
    "vouchers": pgettext_lazy("audit", "Vouchers"),
    "webhook": pgettext_lazy("audit", "Webhook"),
}
ACTS: dict[str, str | Promise] = {
    "added": pgettext_lazy("audit", "added"),
    "agreed": pgettext_lazy("audit", "agreed to something, or took it back"),
    "archived": pgettext_lazy("audit", "archived"),
    "assigning_changed": pgettext_lazy("audit", "automatic assignment changed"),
    "availability_changed": pgettext_lazy("audit", "availability changed"),
    "blocked": pgettext_lazy("audit", "visitor blocked"),
    "budget_reached": pgettext_lazy("audit", "daily budget reached"),
    "changed": pgettext_lazy("audit", "changed"),
    "consent_noted": pgettext_lazy("audit", "consent noted"),
    "created": pgettext_lazy("audit", "made"),
    "discarded": pgettext_lazy("audit", "draft thrown away"),
    "done": pgettext_lazy("audit", "done"),
    "edited": pgettext_lazy("audit", "draft changed"),
    "ended": pgettext_lazy("audit", "ended"),
    "erased": pgettext_lazy("audit", "erased"),
    "erasure_asked": pgettext_lazy("audit", "erasing asked for"),
    "export_asked": pgettext_lazy("audit", "export asked for"),
    "exported": pgettext_lazy("audit", "exported"),
    "finished": pgettext_lazy("audit", "finished"),
    "held": pgettext_lazy("audit", "kept from erasing"),
    "hold_ended": pgettext_lazy("audit", "may be erased again"),
    "imported": pgettext_lazy("audit", "imported"),
    "invited": pgettext_lazy("audit", "invited"),
    "joined": pgettext_lazy("audit", "joined"),
    "kept_apart": pgettext_lazy("audit", "kept apart from another"),
    "limits_changed": pgettext_lazy("audit", "limits changed"),
    "logged": pgettext_lazy("audit", "noted"),
    "made": pgettext_lazy("audit", "made"),
    "made_admin": pgettext_lazy("audit", "made an admin"),
    "moved": pgettext_lazy("audit", "put in another place"),
    "note_removed": pgettext_lazy("audit", "note removed"),
    "noted": pgettext_lazy("audit", "note added"),
    "parted": pgettext_lazy("audit", "taken apart"),
    "password_changed": pgettext_lazy("audit", "password changed"),
    "placed": pgettext_lazy("audit", "placed"),
    "prefers": pgettext_lazy("audit", "preferred way noted"),
    "published": pgettext_lazy("audit", "published"),
    "queued": pgettext_lazy("audit", "written"),
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
    "secrets_changed": pgettext_lazy("audit", "handling of secrets changed"),
    "sent": pgettext_lazy("audit", "sent"),
    "set": pgettext_lazy("audit", "set"),
    "sign_in_linked": pgettext_lazy("audit", "sign-in by a service linked"),
    "signed_out": pgettext_lazy("audit", "signed out"),
    "started": pgettext_lazy("audit", "started"),
    "stopped": pgettext_lazy("audit", "stopped"),
    "taken_back": pgettext_lazy("audit", "taken back"),
    "token_created": pgettext_lazy("audit", "API token made"),
    "token_revoked": pgettext_lazy("audit", "API token revoked"),
    "token_elsewhere": pgettext_lazy("audit", "API token used from a new network"),
    "token_busy": pgettext_lazy("audit", "API token asks for unusually much"),
    "unblocked": pgettext_lazy("audit", "visitor no longer blocked"),
    "undo_started": pgettext_lazy("audit", "undo started"),
    "undone": pgettext_lazy("audit", "undone"),
    "unpublished": pgettext_lazy("audit", "unpublished"),
    "unsubscribed": pgettext_lazy("audit", "unsubscribed"),
    "updated": pgettext_lazy("audit", "changed"),
    "used": pgettext_lazy("audit", "used"),
    "written": pgettext_lazy("audit", "written"),
}

# What settings are noted under, by how that begins; the rest is a name or a number.
SETTINGS: dict[str, str | Promise] = {
    "bot of ": pgettext_lazy("audit", "Bot of %(rest)s"),
    "brand ": pgettext_lazy("audit", "Brand #%(rest)s"),
    "channel ": pgettext_lazy("audit", "Channel #%(rest)s"),
    "connection ": pgettext_lazy("audit", "Connection #%(rest)s"),
    "contact form ": pgettext_lazy("audit", "Contact form #%(rest)s"),
    "mailbox ": pgettext_lazy("audit", "Mailbox #%(rest)s"),
    "survey ": pgettext_lazy("audit", "Survey #%(rest)s"),
}
FIELDS: dict[str, str | Promise] = {
    "when": pgettext_lazy("audit", "answers"),
    "name": pgettext_lazy("audit", "name"),
    "languages": pgettext_lazy("audit", "languages"),
    "is_active": pgettext_lazy("audit", "active"),
}
VALUES: dict[str, str | Promise] = {
    "off": pgettext_lazy("audit", "never"),
    "always": pgettext_lazy("audit", "always"),
    "out_of_hours": pgettext_lazy("audit", "outside opening hours"),
    "nobody": pgettext_lazy("audit", "when nobody is there"),
    "True": pgettext_lazy("audit", "yes"),
    "False": pgettext_lazy("audit", "no"),
    "None": "–",
}


def setting(what: str) -> str:
    """Which setting it is, in words; as it is written where there are none for it."""
    for start, words in SETTINGS.items():
        if what.startswith(start):
            return words % {"rest": what.removeprefix(start)}
    thing, _blank, rest = what.rpartition(" ")
    return f"{THINGS[thing]} #{rest}" if thing in THINGS else what


def change(name: str, before: Any, after: Any) -> str:
    """What became of one value of a setting. Words a person wrote stay as they are."""
    old, new = (str(VALUES.get(str(value), value)) if name != "name" else str(value) for value in (before, after))
    return f"{FIELDS.get(name, name)}: {old or '–'} → {new or '–'}"


def happened(kind: str) -> str:
    """The kind of an event in words; a kind nobody has words for as it is written."""
    thing, _dot, act = kind.partition(".")
    if thing not in THINGS or act not in ACTS:
        return kind
    return _("%(thing)s: %(act)s") % {"thing": THINGS[thing], "act": ACTS[act]}
