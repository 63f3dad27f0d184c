"""What somebody wrote in a contact form becomes a mail of theirs: same ticket, same composer, answered by mail."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from channels_inbound.email.language import guess_language
from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.hooks.reading import key_of, storable
from channels_inbound.hooks.words import subject_of, worded
from channels_inbound.models import ContactForm
from channels_inbound.phone.numbers import e164
from channels_inbound.quarantine import channels_visible_to
from events.audit import note_setting
from events.ledger import record_event
from people.languages import choose_language
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from people.sniff import sniff
from people.storage import store_blob
from tickets.asked_fields import asked_fields, say_for_customer
from tickets.claims import claims_of
from tickets.errors import NotFound
from tickets.inbound import Address, InboundAttachment, InboundMessage, IngestResult
from tickets.ingest import ingest
from tickets.models import ChannelKind, Message
from tickets.sensitive.arriving import hide_text

MAX_FILES, MAX_FILE = 4, 10 * 1024 * 1024


class AlreadyUsed(Exception):
    """The page has brought another message already: what it says now was not taken."""


ABOUT = gettext_noop("Written in the contact form")


def take_message(
    form: ContactForm, *, token: str, name: str, email: str, phone: str, subject: str, text: str,
    files: Sequence[UploadedFile], at: datetime, answers: Mapping[int, str] | None = None,
) -> IngestResult:  # fmt: skip
    """Let it in. The address is what they say, not proven; the same token again is the same message, and AlreadyUsed
    when it says something else. `answers` are what they said in fields of the shop's own, by field."""
    channel, words = form.channel, storable(text).strip()
    key = key_of("contact", form.pk, token)
    number = e164(phone)
    message = InboundMessage(
        channel_id=channel.pk,
        dedupe_key=key,
        external_id=f"form.{key.hex}@{channel.address.rpartition('@')[2]}",
        at=at,
        received_at=at,
        sender=Address(storable(name).strip()[:200], email.strip().lower()),
        subject=storable(" ".join(subject.split()))[:300] or subject_of(words, _("Message from the contact form")),
        text=words,
        verdict="none",
        # Who says too little to tell has chosen the form's language, or their browser has.
        language=guess_language(words, default=choose_language([get_language() or channel.locale])),
        to=(Address("", channel.address),),
        about=worded(channel.locale, ABOUT),
        claims=claims_of("", number),
        attachments=tuple(_stored(file) for file in files[:MAX_FILES]),
    )
    with transaction.atomic():
        result = ingest(message)
        if result.outcome == "duplicate" and not _says(result.message_id, words):
            raise AlreadyUsed
        if answers and result.ticket_id is not None and result.outcome != "duplicate":
            say_for_customer(result.ticket_id, answers, at=at)
    return result


def _says(message_id: int | None, words: str) -> bool:
    kept = Message.objects.filter(pk=message_id or 0).values_list("text", flat=True).first()
    return kept in (words, hide_text(words)[0])


def _stored(file: UploadedFile) -> InboundAttachment:
    content = file.read()
    name = storable(str(file.name or "file").replace("\\", "/").rpartition("/")[2])[:255] or "file"
    return InboundAttachment(name, sniff(content, name)[:127], len(content), store_blob(content))


def set_contact_form(
    channel_id: int, *, by: Agent, is_active: bool, greeting: str, origins: Sequence[str], fields: Sequence[int] = (),
    at: datetime | None = None,
) -> ContactForm:  # fmt: skip
    """Open a mail channel's form, change or close it. NotFound, PermissionDenied."""
    if not (by.is_active and by.may(Permission.MANAGE_CHANNELS)):
        raise PermissionDenied(_("Your role does not allow this."))
    if not channels_visible_to(by).filter(pk=channel_id, kind=ChannelKind.EMAIL).exists():
        raise NotFound(_("There is no such channel."))
    with transaction.atomic():
        lock_channel(channel_id)
        form, made = ContactForm.objects.get_or_create(
            channel_id=channel_id, defaults={"key": secrets.token_hex(8), "is_active": is_active}
        )
        wanted = {"is_active": is_active, "greeting": greeting.strip()[:300], "origins": list(origins)}
        wanted["fields"] = [one.pk for one in asked_fields(fields, team_id=form.channel.team_id)]
        changed = [field for field, value in wanted.items() if made or getattr(form, field) != value]
        before = {} if made else {field: getattr(form, field) for field in wanted}
        note_setting(f"contact form {channel_id}", before, wanted, by=by.actor)
        for field in changed:
            setattr(form, field, wanted[field])
        if changed:
            form.save(update_fields=changed)
            record_event(
                channel_stream(channel_id), ChannelEvent.CONTACT_FORM_CHANGED, by=by.actor, at=at or timezone.now(),
                data={"changed": sorted(changed)},
            )  # fmt: skip
    return form
