"""What a provider tells beside messages, put where it belongs. Inside the transaction that settles its delivery."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from channels_inbound.hooks import own
from channels_inbound.hooks.condition import alarm, connection_refused, connection_works, release_waiting
from channels_inbound.hooks.facts import (
    Agreed,
    CallNoted,
    Echo,
    Edited,
    Fact,
    Heard,
    Hidden,
    RawMail,
    Reachable,
    Reacted,
    Receipt,
    RecordingHeard,
    RemoteFile,
    Renumbered,
    TemplateJudged,
    Trouble,
    Unsent,
)
from channels_inbound.hooks.to_fetch import fetch_later
from channels_inbound.models import ParkedFact, RawBody, RawDelivery, RemoteMedia, SentPart
from channels_inbound.raw import store_raw
from events.actors import SYSTEM
from events.ledger import record_event
from people.identities import give_identity
from people.models import Customer, Identity
from tickets.actions.changes import message_edited, message_hidden, message_joined, message_reacted, message_unsent
from tickets.actions.refusals import note_refusal
from tickets.models import Channel, ChannelTemplate, Message

# What calls and mail reports do: filled by their own modules, which stand on this one.
FURTHER: dict[type, Callable[..., str]] = {}
AGREED = "customer.agreed"
PARKED_FOR = timedelta(hours=24)


def apply_fact(channel_id: int, fact: Fact, *, at: datetime, delivery_id: int | None = None) -> str:
    """`applied`, `parked` (about something not here yet), `own`, `duplicate` or `ignored`. `delivery_id` is the raw
    delivery that told it."""
    appliers: dict[type, Callable[..., str]] = {
        Edited: _edited, Unsent: _unsent, Reacted: _reacted, Hidden: _hidden, Receipt: own.receipt, Echo: own.echo,
        Reachable: _reachable, RawMail: _raw_mail, Trouble: _trouble, TemplateJudged: _template_judged,
        Renumbered: _renumbered, Agreed: _agreed,
    }  # fmt: skip
    word = (appliers | FURTHER)[type(fact)](channel_id, fact, at=at)
    if word == "parked":
        park(channel_id, fact, delivery_id)
    return word


def find_message(channel_id: int, external_id: str) -> int | None:
    """The message a provider's id means in this channel: theirs, or a part of ours."""
    part = SentPart.objects.filter(channel=channel_id, external_id=external_id).values_list("message_id", flat=True)
    if found := part.first():
        return found
    said = Message.objects.filter(external_id=external_id[:255], conversation__channel=channel_id)
    return said.order_by("pk").values_list("pk", flat=True).first() or _by_piece(channel_id, external_id)


def _by_piece(channel_id: int, external_id: str) -> int | None:
    """The message a further piece of which has this id, as each picture of an album has one of its own."""
    pieces = RemoteMedia.objects.filter(external_id=external_id[:255]).exclude(external_id="")
    return pieces.filter(channel=channel_id).values_list("message_id", flat=True).first()


def _edited(channel_id: int, fact: Edited, *, at: datetime) -> str:
    message = find_message(channel_id, fact.external_id)
    if message is None:
        return "parked"
    if not fact.text.strip() and message == _by_piece(channel_id, fact.external_id):
        return "ignored"  # one picture of several, whose words stand with another
    return "applied" if message_edited(message, fact.text, at=fact.at) else "duplicate"


def _unsent(channel_id: int, fact: Unsent, *, at: datetime) -> str:
    message = find_message(channel_id, fact.external_id)
    if message is None:
        return "parked"
    RemoteMedia.objects.filter(message=message).delete()
    return "applied" if message_unsent(message, at=fact.at) else "duplicate"


def _reacted(channel_id: int, fact: Reacted, *, at: datetime) -> str:
    message = find_message(channel_id, fact.external_id)
    if message is None:
        return "parked"
    changed = message_reacted(message, fact.emoji, by=fact.by, at=fact.at, ours=fact.ours)
    return "applied" if changed else "duplicate"


def _hidden(channel_id: int, fact: Hidden, *, at: datetime) -> str:
    message = find_message(channel_id, fact.external_id)
    if message is None:
        return "parked"
    return "applied" if message_hidden(message, hidden=fact.hidden, by=SYSTEM, at=fact.at) else "duplicate"


def _reachable(channel_id: int, fact: Reachable, *, at: datetime) -> str:
    noted = note_refusal(channel_id, fact.address, fact.refuses, at=fact.at, kinds=[fact.identity_kind])
    return "applied" if noted else "ignored"


def _agreed(channel_id: int, fact: Agreed, *, at: datetime) -> str:
    """Told as an event of the customer; who keeps consents hears it."""
    found = Identity.objects.filter(kind=fact.identity_kind, value=fact.address, suspect=False)
    known = found.select_related("customer").first()
    if known is None:
        return "ignored"
    customer_id = known.customer.merged_into_id or known.customer_id
    customer = Customer.objects.select_for_update(no_key=True).get(pk=customer_id)
    data = {"channel": channel_id, "purpose": fact.purpose, "given": fact.given}
    record_event(("customer", customer.pk), AGREED, by=customer.actor, at=fact.at, data=data)
    return "applied"


def _renumbered(channel_id: int, fact: Renumbered, *, at: datetime) -> str:
    found = Identity.objects.filter(kind=fact.identity_kind, value=fact.address, suspect=False)
    known = found.select_related("customer").first()
    if known is None:
        return "ignored"
    give_identity(known.customer_id, fact.identity_kind, fact.now, name=known.customer.name)
    return "applied"


def _raw_mail(channel_id: int, fact: RawMail, *, at: datetime) -> str:
    channel = Channel.objects.get(pk=channel_id)
    envelope: dict[str, Any] = {"rcpt_tos": list(fact.rcpt_tos) or [channel.address]}
    envelope |= {"mail_from": fact.mail_from} if fact.mail_from is not None else {}
    store_raw([channel_id], transport="webhook", content=fact.content, envelope=envelope)
    return "applied"


def _template_judged(channel_id: int, fact: TemplateJudged, *, at: datetime) -> str:
    found = ChannelTemplate.objects.filter(channel=channel_id, name=fact.name, language=fact.language)
    judged = found.filter(synced_at__lt=fact.at).exclude(state=fact.state)
    return "applied" if judged.update(state=fact.state) else "ignored"


def _trouble(channel_id: int, fact: Trouble, *, at: datetime) -> str:
    if fact.over:
        connection_works(channel_id, at=at)
        release_waiting(channel_id, at=at)
        return "applied"
    if fact.refused:
        connection_refused(channel_id, fact.detail, at=at)
        return "applied"
    alarm(channel_id, fact.detail, at=at)
    return "applied"


def joined(channel_id: int, fact: Heard, message_id: int, *, at: datetime) -> str:
    """One more piece of a message that is here already: its files, and its words where there were none."""
    if RemoteMedia.objects.filter(message=message_id, number=fact.place).exists():
        return "duplicate"
    if not message_joined(message_id, fact.message.text, files=len(fact.files), at=at):
        return "duplicate"
    fetch_later(channel_id, message_id, fact.files, first=fact.place, piece=fact.message.external_id)
    return "threaded"


def park(channel_id: int, fact: Fact, delivery_id: int | None = None) -> None:
    """Keep what is said of a message that is not here: providers deliver out of order. New words lie in the delivery
    too, which has to be found if they are taken back."""
    data: dict[str, Any]
    if isinstance(fact, Edited):
        kind, data = "edited", {"text": fact.text} | ({"delivery": delivery_id} if delivery_id else {})
    elif isinstance(fact, Unsent):
        kind, data = "unsent", {}
    elif isinstance(fact, Hidden):
        kind, data = "hidden", {"hidden": fact.hidden}
    elif isinstance(fact, Reacted):
        kind, data = "reacted", {"emoji": fact.emoji, "by": fact.by, "ours": fact.ours}
    elif isinstance(fact, RecordingHeard):
        kind = "recording"
        data = {
            "id": fact.external_id,
            "ref": fact.file.ref,
            "filename": fact.file.filename,
            "voicemail": fact.voicemail,
        }
    elif isinstance(fact, CallNoted):
        kind, data = "noted", {"note": fact.note}
    elif isinstance(fact, Receipt):
        kind, data = fact.status, {"error": fact.error, "refuses": fact.refuses}
    else:
        return
    named = fact.call_id if isinstance(fact, RecordingHeard | CallNoted) else fact.external_id
    row = ParkedFact(channel_id=channel_id, external_id=named[:255], kind=kind, data=data, at=fact.at)
    ParkedFact.objects.bulk_create([row], ignore_conflicts=True)


def apply_parked(channel_id: int, external_ids: Sequence[str], *, at: datetime) -> set[str]:
    """What waited for these messages, in its order; which of them were taken back before they came."""
    found = list(ParkedFact.objects.filter(channel=channel_id, external_id__in=external_ids).order_by("at", "pk"))
    for parked in found:
        apply_fact(channel_id, _unparked(parked), at=at)
        if delivery := parked.data.get("delivery"):
            RawDelivery.objects.filter(pk=delivery).update(message=find_message(channel_id, parked.external_id))
    ParkedFact.objects.filter(pk__in=[parked.pk for parked in found]).delete()
    return {parked.external_id for parked in found if parked.kind == "unsent"}


def _unparked(parked: ParkedFact) -> Fact:
    if parked.kind == "edited":
        return Edited(parked.external_id, parked.data["text"], parked.at)
    if parked.kind == "unsent":
        return Unsent(parked.external_id, parked.at)
    if parked.kind == "hidden":
        return Hidden(parked.external_id, parked.data["hidden"], parked.at)
    if parked.kind == "reacted":
        ours = parked.data.get("ours", False)  # the version before kept none
        return Reacted(parked.external_id, parked.data["emoji"], parked.data["by"], parked.at, ours)
    if parked.kind == "recording":
        file = RemoteFile(parked.data["ref"], parked.data["filename"])
        return RecordingHeard(parked.external_id, parked.data["id"], file, parked.data["voicemail"], parked.at)
    if parked.kind == "noted":
        return CallNoted(parked.external_id, parked.data["note"], parked.at)
    return Receipt(parked.kind, parked.at, parked.external_id, **parked.data)


def forget_parked(*, at: datetime) -> int:
    """Drop what nothing came for within a day."""
    return ParkedFact.objects.filter(parked_at__lt=at - PARKED_FOR).delete()[0]


def redact_raw(channel_id: int, external_ids: Collection[str]) -> None:
    """What was taken back is taken out of the kept deliveries too: where it was said, and where it was changed."""
    taken = Q(delivery__message__external_id__in=external_ids, delivery__channel=channel_id)
    RawBody.objects.filter(taken).update(content=b"")
