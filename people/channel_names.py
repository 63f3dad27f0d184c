"""The channels by name, for people's pages: channels stand above people, so whoever keeps them says what there is."""

from __future__ import annotations

from collections.abc import Callable

ChannelChoices = list[tuple[int, str]]


def _none_yet() -> ChannelChoices:
    return []


_read: Callable[[], ChannelChoices] = _none_yet


def teach_channels(read: Callable[[], ChannelChoices]) -> None:
    """Learn how the channels are read; once, when the app that keeps them is ready."""
    global _read
    _read = read


def channel_choices() -> ChannelChoices:
    """(id, name) of each channel, in the order of their names; one query."""
    return _read()
