"""What /readyz says of a part and why a backup is no good: written in English, told again in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from tickets import reasons

# As they are written where they arise; {name} is one word, {detail} whatever stands there.
KNOWN = (
    gettext_noop("no answer"),
    gettext_noop("not migrated"),
    gettext_noop("unknown without database"),
    gettext_noop("unknown without redis"),
    gettext_noop("no heartbeat yet"),
    gettext_noop("last heartbeat {seconds} s ago"),
    gettext_noop("refuses"),
    gettext_noop("{seconds} s behind"),
    gettext_noop("The file of keys would lie in the backup itself."),
    gettext_noop("The backup cannot be written to {place}: {detail}."),
    gettext_noop("The ledger has a gap in its stream {stream}."),
    gettext_noop("Files: {detail}."),
    gettext_noop("{table} has {found} rows instead of {rows}."),
    gettext_noop("The newest ticket is of {found}, not of {wanted}."),
    gettext_noop("Its migrations are not those the manifest names."),
    gettext_noop("The keys given do not open the passwords of {table}: they belong to another time."),
    gettext_noop("The scratch database is not empty."),
    gettext_noop("No scratch database: {detail} Name one with --scratch-url."),
    gettext_noop("This database holds no helpdesk."),
    gettext_noop("The database could not be restored: {detail}"),
    gettext_noop("{program} was not found: install PostgreSQL's client programs."),
    gettext_noop("{program} failed: {detail}"),
    gettext_noop("{name} is missing: the backup is not whole."),
    gettext_noop("{name} has {found} bytes instead of {size}: cut off or changed."),
    gettext_noop("{name} is not what was written: its SHA-256 differs."),
    gettext_noop(
        "{name} was changed, or sealed with a secret key that is not here: name the file of keys with --keys."
    ),
    gettext_noop("{name} cannot be read: it was cut off or changed."),
    gettext_noop("There is no backup in {place}."),
    gettext_noop("The file of keys cannot be read: {detail}."),
)


def retold(reason: str) -> str:
    """The reason in the reader's language; what another program said in it stays as it said it."""
    return reasons.retold(reason, KNOWN)
