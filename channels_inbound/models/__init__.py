"""What a channel keeps beside itself."""

from .call_import import CallImport, CallImportState
from .connection import Connection, ConnectionState, FetchState, ParkedFact, RemoteMedia, SentPart
from .contact_form import ContactForm
from .greeting import Greeting
from .invitation import Invitation
from .mailbox import AfterFetch, FetchedMail, Mailbox, MailboxAuth, MailboxSecurity, MailboxState, StartFrom
from .outgoing import DkimKey, DomainPace, OutgoingSecurity, OutgoingServer, OutgoingState
from .push import PushedNotice, PushKey, PushSubscription
from .raw import DemoMail, RawBody, RawDelivery, RawState
from .upkeep import Upkeep, UpkeepKind

__all__ = [
    "AfterFetch",
    "CallImport",
    "CallImportState",
    "Connection",
    "ConnectionState",
    "ContactForm",
    "DemoMail",
    "DkimKey",
    "DomainPace",
    "FetchState",
    "FetchedMail",
    "Greeting",
    "Invitation",
    "Mailbox",
    "MailboxAuth",
    "MailboxSecurity",
    "MailboxState",
    "OutgoingSecurity",
    "OutgoingServer",
    "OutgoingState",
    "ParkedFact",
    "PushKey",
    "PushSubscription",
    "PushedNotice",
    "RawBody",
    "RawDelivery",
    "RawState",
    "RemoteMedia",
    "SentPart",
    "StartFrom",
    "Upkeep",
    "UpkeepKind",
]
