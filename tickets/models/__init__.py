from .call import Call, CallDirection, CallOutcome
from .channel import Channel, ChannelHealth, ChannelKind
from .conversation import Conversation, Participant, ParticipantRole, ParticipantState
from .message import (
    OWN_AUTOMATIC,
    Attachment,
    AutoKind,
    Message,
    MessageKind,
    OutboxState,
    SearchEntry,
    SenderVerdict,
    ThreadLayer,
)
from .relocation import Relocation, RelocationKind
from .same_person import CustomerMatch, MatchState
from .storm import Storm, StormScope
from .ticket import SETTABLE, Cycle, DueState, LinkReason, Priority, Status, Tag, Tagging, Tally, Ticket, TicketLink
from .workbench import Acknowledgement, Draft, DraftKind, Notification, RemovedUpload, Seen

__all__ = [
    "OWN_AUTOMATIC",
    "SETTABLE",
    "Acknowledgement",
    "Attachment",
    "AutoKind",
    "Call",
    "CallDirection",
    "CallOutcome",
    "Channel",
    "ChannelHealth",
    "ChannelKind",
    "Conversation",
    "CustomerMatch",
    "Cycle",
    "Draft",
    "DraftKind",
    "DueState",
    "LinkReason",
    "MatchState",
    "Message",
    "MessageKind",
    "Notification",
    "OutboxState",
    "Participant",
    "ParticipantRole",
    "ParticipantState",
    "Priority",
    "Relocation",
    "RelocationKind",
    "RemovedUpload",
    "SearchEntry",
    "Seen",
    "SenderVerdict",
    "Status",
    "Storm",
    "StormScope",
    "Tag",
    "Tagging",
    "Tally",
    "ThreadLayer",
    "Ticket",
    "TicketLink",
]
