"""What agents are told of without asking, and what they have read of it."""

from .reading import announce_unread, mark_all_read, mark_ticket_read, notices_of, unread_and_said, unread_count
from .rules import NOTICED, notify_agents, notify_of_channel, teach_notice

__all__ = [
    "NOTICED",
    "announce_unread",
    "mark_all_read",
    "mark_ticket_read",
    "notices_of",
    "notify_agents",
    "notify_of_channel",
    "teach_notice",
    "unread_and_said",
    "unread_count",
]
