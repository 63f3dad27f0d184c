"""What happens to chats beside their messages; recorded in their tickets' streams. Data carries ids and small facts."""

from __future__ import annotations

from enum import StrEnum


class ChatEvent(StrEnum):
    GREETED = "chat.greeted"  # they answered a greeting of ours: {greeting, text}
    ASKED_ABOUT = "chat.asked_about"  # {order: its number, said: only they say that it is theirs}
    INVITED = "chat.invited"  # {agent}
    REQUEUED = "chat.requeued"  # taken from who did not answer in time: {from, minutes}
    ROUTED = "chat.routed"  # a rule said whose it is: {team, rule (its number), because}
    PASSED_ON = "chat.passed_on"  # nobody of the team could take it: {from, to, why (nobody, full), seconds}
    TAKEN_ABOVE = "chat.taken_above"  # accepted by who had no room: {why (busy, chats, units)}
    ENDED = "chat.ended"  # {round}
    RATED = "chat.rated"  # {round, rating (a livechat.Round), score, commented, again: only the words are new}
    MAIL_WAITS = "chat.mail_waits"  # unseen replies cannot go by mail: {why (limit, address, channel), until}
    BLOCKED = "chat.blocked"  # {visitor, address_until: nobody unknown begins a chat from their address}
    UNBLOCKED = "chat.unblocked"  # {visitor}
    ADDRESS_FREED = "chat.address_freed"  # others may begin a chat from a blocked visitor's address again: {visitor}
