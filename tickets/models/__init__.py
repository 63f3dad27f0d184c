from .assigning import Assigning, Method
from .bulk import BulkItem, BulkJob, BulkPhase, BulkState
from .call import Call, CallDirection, CallOutcome
from .channel import Channel, ChannelHealth, ChannelKind
from .conversation import Conversation, Participant, ParticipantRole, ParticipantState
from .custom_status import CATEGORIES, CustomStatus, Tone
from .field import FieldKind, FieldValue, TicketField
from .macro import Macro, MacroText
from .merge_policy import MergePolicy
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
from .refusal import ChannelRefusal, Refusal
from .relocation import Relocation, RelocationKind
from .reminder import Reminder
from .same_person import CustomerMatch, MatchState
from .secret import Secret, SecretKind, SecretManner
from .storm import Storm, StormScope
from .template import ChannelTemplate, TemplateState
from .ticket import (
    SETTABLE,
    UNTIL_ANSWER,
    AsideState,
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
from .workbench import (
    Acknowledgement,
    Cause,
    Draft,
    DraftKind,
    Follow,
    NoticeSettings,
    Notification,
    RemovedUpload,
    Seen,
)

__all__ = [
    "CATEGORIES",
    "OWN_AUTOMATIC",
    "SETTABLE",
    "UNTIL_ANSWER",
    "Acknowledgement",
    "AsideState",
    "Assigning",
    "Attachment",
    "AutoKind",
    "BulkItem",
    "BulkJob",
    "BulkPhase",
    "BulkState",
    "Call",
    "CallDirection",
    "CallOutcome",
    "Cause",
    "Channel",
    "ChannelHealth",
    "ChannelKind",
    "ChannelRefusal",
    "ChannelTemplate",
    "Conversation",
    "CustomStatus",
    "CustomerMatch",
    "Cycle",
    "Draft",
    "DraftKind",
    "DueState",
    "FieldKind",
    "FieldValue",
    "Follow",
    "LinkReason",
    "Macro",
    "MacroText",
    "MatchState",
    "MergePolicy",
    "Message",
    "MessageKind",
    "Method",
    "NoticeSettings",
    "Notification",
    "OutboxState",
    "Participant",
    "ParticipantRole",
    "ParticipantState",
    "Priority",
    "Refusal",
    "Relocation",
    "RelocationKind",
    "Reminder",
    "RemovedUpload",
    "SavedView",
    "SearchEntry",
    "Secret",
    "SecretKind",
    "SecretManner",
    "Seen",
    "SenderVerdict",
    "Status",
    "Storm",
    "StormScope",
    "Tag",
    "Tagging",
    "Tally",
    "TemplateState",
    "ThreadLayer",
    "Ticket",
    "TicketField",
    "TicketLink",
    "Tone",
    "ViewOrder",
]
