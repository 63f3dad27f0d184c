"""What an erasure does, step by step. Each step runs in one transaction, finds by itself what is left of its work, and
does nothing the second time. Rows that figures count stay, without words; the person's own rows come last, since the
steps before find their way by them."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Q

from channels_inbound.models import (
    DemoMail,
    Greeting,
    Invitation,
    ParkedFact,
    RawBody,
    RawDelivery,
    RawState,
    RemoteMedia,
    SentPart,
)
from commerce.models import Buyer, DeliveryState, Order, ShopDelivery
from events.actors import SYSTEM
from events.audit import note_amended
from events.models import Event, EventDelivery
from livechat.models import BlockedAddress, Round, UnseenReplies, Visitor, VisitorKey
from metrics.models import FollowUp, SurveyAnswer, SurveyInvitation
from people.models import Claim, Customer, CustomerNote, IdempotentRequest, Identity, Trust, Unsubscription
from tickets.models import (
    Acknowledgement,
    Attachment,
    Call,
    ChannelRefusal,
    Conversation,
    CustomerMatch,
    Draft,
    FieldValue,
    OutboxState,
    Reminder,
    SearchEntry,
    Secret,
    Storm,
    Ticket,
    TicketLink,
)

from .exporting import withdraw_exports
from .models import ConsentEntry, Erasure, RetentionRun
from .naming import naming
from .scrubbing import scrubbed
from .subject import ERASED, Subject

Job = Erasure | RetentionRun
Step = Callable[[Subject, Job], dict[str, int]]


def hold_back_replies(subject: Subject, job: Job) -> dict[str, int]:
    """Nothing more leaves to them."""
    waiting = subject.messages.filter(outbox__in=[OutboxState.QUEUED, OutboxState.HELD])
    return {"replies": waiting.update(outbox=OutboxState.WITHDRAWN)}


def take_files(subject: Subject, job: Job) -> dict[str, int]:
    """The rows of files, with uploads that nobody sent; their bytes go after the commit (`erasing.take_blobs`)."""
    files = Attachment.objects.filter(Q(message__in=subject.messages) | Q(ticket__in=subject.tickets))
    job.blobs = sorted({*job.blobs, *files.values_list("sha256", flat=True)})
    return {"files": files.delete()[0]}


def take_exports(subject: Subject, job: Job) -> dict[str, int]:
    """Files that were made for them and lie here still, or are just being made."""
    return {"exports": withdraw_exports(subject.customers)}


def take_raw_copies(subject: Subject, job: Job) -> dict[str, int]:
    """What came in and went out byte for byte. The delivery's row stays, so that the same mail is not read again."""
    mails, _phones = subject.reachable()
    theirs = Q(message__in=subject.messages)
    for address in mails:
        theirs |= Q(message=None, envelope__mail_from__iexact=address)
    deliveries = RawDelivery.objects.filter(theirs)
    if deliveries.filter(state=RawState.STORED).exists():
        raise BlockingIOError("a mail of theirs is just being read")
    bodies = RawBody.objects.filter(delivery__in=deliveries).delete()[0]
    # What could not be read has nobody's name on it but in its bytes. What is still to be read is not touched: it may
    # be the mail of somebody else, and without its bytes it would come in empty.
    unread = RawBody.objects.filter(delivery__message=None).exclude(delivery__state=RawState.STORED)
    for address in mails:
        bodies += unread.extra(**naming("content", address)).delete()[0]
    deliveries.update(envelope={}, reason="")
    sent = Q(message__in=subject.messages)
    for address in mails:
        sent |= Q(mail_from__iexact=address) | Q(rcpt_tos__contains=[address])
    copies = DemoMail.objects.filter(sent).delete()[0]
    ids = list(subject.messages.exclude(external_id="").values_list("external_id", flat=True))
    ParkedFact.objects.filter(external_id__in=ids).delete()
    RemoteMedia.objects.filter(message__in=subject.messages).delete()
    SentPart.objects.filter(message__in=subject.messages).delete()
    Invitation.objects.filter(ticket__in=subject.tickets).delete()
    return {"raw copies": bodies + copies}


def empty_tickets(subject: Subject, job: Job) -> dict[str, int]:
    """Words of messages, drafts, notes, calls and fields; the skeleton with its times stays for the figures."""
    messages = subject.messages
    SearchEntry.objects.filter(message__in=messages).delete()
    Secret.objects.filter(message__in=messages).delete()
    count = messages.update(
        subject="", text="", html="", quoted=[], envelope={}, marks={}, deliveries=None, external_id="",
        reply_token=None, thread_reason="", error="", client_id=None, language="",
    )  # fmt: skip
    tickets = Ticket.objects.filter(pk__in=subject.tickets)
    tickets.update(subject="", preview="", language="")
    Conversation.objects.filter(Q(ticket__in=subject.tickets) | Q(customer__in=subject.customers)).update(
        subject="", external_id=""
    )
    for model in (Draft, Reminder, FieldValue):
        model._default_manager.filter(ticket__in=subject.tickets).delete()
    _mails, phones = subject.reachable()
    Call.objects.filter(Q(ticket__in=subject.tickets) | Q(number__in=phones)).update(number="", note="", line="")
    TicketLink.objects.filter(Q(ticket__in=subject.tickets) | Q(other__in=subject.tickets)).update(note="")
    return {"tickets": len(subject.tickets), "messages": count}


def forget_buyers(subject: Subject, job: Job) -> dict[str, int]:
    """Orders stay as figures; who bought does not. Calls of shops that name them go whole."""
    mails, phones = subject.reachable()
    buyers = Buyer.objects.filter(Q(email__in=mails) | Q(phone__in=phones))
    count = 0
    for buyer in buyers:
        buyer.key, buyer.email, buyer.phone, buyer.name = f"{ERASED}{buyer.pk}", "", "", ""
        buyer.save(update_fields=["key", "email", "phone", "name"])
        count += Order.objects.filter(buyer=buyer).update(number="", tracking="")
    for address in [*mails, *phones]:
        calls = ShopDelivery.objects.extra(**naming("body", address))
        if calls.filter(state=DeliveryState.STORED).exists():
            raise BlockingIOError("a shop's call about them is just being read")
        calls.update(body=b"")
    return {"orders": count}


def empty_answers(subject: Subject, job: Job) -> dict[str, int]:
    """What they wrote into surveys and chats; scores stay as figures, keys to pages end."""
    theirs = Q(customer__in=subject.customers) | Q(ticket__in=subject.tickets)
    answers = SurveyAnswer.objects.filter(theirs).update(comment="", language="")
    SurveyInvitation.objects.filter(theirs).update(secret=None, language="", reason="")
    FollowUp.objects.filter(theirs).update(outcome="")
    Round.objects.filter(ticket__in=subject.tickets).update(comment="")
    visitors = Visitor.objects.filter(identity__in=subject.identities)
    VisitorKey.objects.filter(visitor__in=visitors).delete()
    BlockedAddress.objects.filter(visitor__in=visitors).delete()
    UnseenReplies.objects.filter(visitor__in=visitors).delete()
    visitors.update(subject="", name="", email="", email_signed=False, language="", traits={})
    return {"answers": answers}


def empty_events(subject: Subject, job: Job) -> dict[str, int]:
    """The ledger keeps that something happened and when; words in it go."""
    words = [*subject.addresses(), *subject.names()]
    streams = Q(stream_type="ticket", stream_id__in=subject.tickets)
    streams |= Q(stream_type="customer", stream_id__in=subject.customers)
    streams |= Q(actor_kind="customer", actor_id__in=subject.customers)
    changed = []
    for event in Event.objects.filter(streams).only("data").iterator(chunk_size=500):
        clean = scrubbed(event.data, words)
        if clean != event.data:
            Event.objects.filter(pk=event.pk).update(data=clean)
            changed.append(event.pk)
    if changed:  # or the audit would find them altered
        note_amended(changed, by=job.by.actor if job.by else SYSTEM, reason=job.reason)
    EventDelivery.objects.filter(event__in=Event.objects.filter(streams)).exclude(error="").update(error="")
    return {"events": len(changed)}


def forget_answers_of_the_api(subject: Subject, job: Job) -> dict[str, int]:
    """Answers kept for repeated writes hold what was written; they would go within a day anyway."""
    said = [f'"ticket":{number},' for number in subject.tickets] + subject.addresses()
    gone = 0
    for row in IdempotentRequest.objects.iterator(chunk_size=200):
        answer = row.answer.replace('": ', '":')
        if any(word in answer for word in said):
            gone += row.delete()[0]
    return {"answers of the API": gone}


def empty_person(subject: Subject, job: Job) -> dict[str, int]:
    """Last of all who they are. The rows stay as somebody whom nobody knows."""
    CustomerNote.objects.filter(customer__in=subject.customers).delete()
    ConsentEntry.objects.filter(customer__in=subject.customers).delete()
    either = Q(kept__in=subject.customers) | Q(other__in=subject.customers)
    CustomerMatch.objects.filter(either).update(evidence=[])
    for model in (Claim, Unsubscription, Acknowledgement, Storm, ChannelRefusal):
        model._default_manager.filter(identity__in=subject.identities).delete()
    values = subject.addresses()
    Claim.objects.filter(value__in=values).delete()
    Greeting.objects.filter(address__in=values).delete()
    for pk in Identity.objects.filter(pk__in=subject.identities).order_by("pk").values_list("pk", flat=True):
        Identity.objects.filter(pk=pk).update(
            value=f"{ERASED}{pk}", display_name="", trust=Trust.ANONYMOUS, refuses="", hard_bounces=0, bounced_at=None
        )
    Customer.objects.filter(pk__in=subject.customers).update(name="", locale="", time_zone="", prefers="")
    return {"addresses": len(values)}


STEPS: tuple[Step, ...] = (
    hold_back_replies, take_files, take_exports, take_raw_copies, empty_tickets, forget_buyers, empty_answers,
    empty_events, forget_answers_of_the_api, empty_person,
)  # fmt: skip
