"""Which page may speak to which channel: allowed origins, and the pass a widget's frame gets for one of them.

The frame is ours, so its requests bear our own origin. What says on whose page it stands is the pass: given when the
frame is served for an allowed origin, under a `frame-ancestors` of exactly that origin, and held against the channel's
list again each time it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core import signing

from channels_inbound.hooks.accounts import connection_called
from channels_inbound.models import Connection
from livechat.widget_settings import PROVIDER, WidgetSettings

PASS_SECONDS = 12 * 3600
_SALT = "livechat.pass"


class Refused(Exception):
    """Not from here. 403, and nothing is said or changed."""


class Stale(Refused):
    """A pass of ours that is too old: its frame stood idle, and may ask for a new one."""


@dataclass(frozen=True, slots=True)
class Door:
    """A chat channel as a request of its widget meets it."""

    connection: Connection
    settings: WidgetSettings
    origin: str

    @property
    def channel_id(self) -> int:
        return self.connection.channel_id

    @property
    def key(self) -> str:
        return self.connection.key


def door_for(key: str, origin: str) -> Door:
    """The channel of that key, if pages of this origin may use it. Refused."""
    connection = connection_called(PROVIDER, key[:40])
    if connection is None or not connection.channel.is_active:
        raise Refused("no such channel")
    settings = WidgetSettings.read(connection.settings)
    if not origin or origin not in settings.origins:
        raise Refused("origin")
    return Door(connection, settings, origin)


def write_pass(door: Door) -> str:
    """For a frame just served."""
    return signing.dumps([door.key, door.origin], salt=_SALT, compress=False)


def door_by_pass(key: str, shown: str, *, however_old: bool = False) -> Door:
    """The channel a frame may speak to, by the pass it was served with. Refused, or Stale."""
    try:
        passed = signing.loads(shown, salt=_SALT, max_age=None if however_old else PASS_SECONDS)
    except signing.SignatureExpired:
        raise Stale("pass") from None
    except signing.BadSignature:
        raise Refused("pass") from None
    if not isinstance(passed, list) or len(passed) != 2 or passed[0] != key:
        raise Refused("pass of another channel")
    return door_for(key, str(passed[1]))
