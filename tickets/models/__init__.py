from .bulk import BulkItem, BulkJob, BulkPhase, BulkState
from .call import Call, CallDirection, CallOutcome
from .channel import Channel, ChannelHealth, ChannelKind
from .conversation import Conversation, Participant, ParticipantRole, ParticipantState
from .macro import Macro, MacroText
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
from .reminder import Reminder
from .same_person import CustomerMatch, MatchState
from .storm import Storm, StormScope
from .ticket import (
    SETTABLE,
    UNTIL_ANSWER,
    Cycle,
    DueState,
    LinkReason,
    Priority,
    Status,
    Tag,
    Tagging,
    Tally,
    Ticket,
    TicketLink,
)
from .view import SavedView, ViewOrder
from .workbench import Acknowledgement, Draft, DraftKind, Notification, RemovedUpload, Seen

__all__ = [
    "OWN_AUTOMATIC",
    "SETTABLE",
    "UNTIL_ANSWER",
    "Acknowledgement",
    "Attachment",
    "AutoKind",
    "BulkItem",
    "BulkJob",
    "BulkPhase",
    "BulkState",
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
    "Macro",
    "MacroText",
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
    "Reminder",
    "RemovedUpload",
    "SavedView",
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
    "ViewOrder",
]
