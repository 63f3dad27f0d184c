"""What is changed: each page reads its form, calls one action and answers with what is new on the ticket."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.db import OperationalError
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from people.models import Agent, MailKind, Team
from people.permissions import PermissionDenied
from people.written_html import LONGEST, text_of_html
from tickets.actions import (
    assignment,
    drafts,
    files,
    labels,
    later,
    notes,
    participants,
    reminders,
    replies,
    status,
    undelivered,
)
from tickets.actions import spam as spam_
from tickets.actions import withdrawal as withdrawal_
from tickets.actions.manner import Manner
from tickets.actions.undo import undo_changes
from tickets.errors import DomainError, InvalidInput, NotFound, StaleReply
from tickets.mentions import mentions_in
from tickets.models import DraftKind, Message, Ticket
from tickets.notices import mark_ticket_read
from tickets.realtime import announce_to_agent

from .access import agent_of, busy, forbidden, refusal, signed_in
from .dates import short_moment
from .directory import read_directory
from .pages import read_number, updates_of
from .rows import render_row, rows_seen
from .said import say
from .steps import told, undoable, undoing
from .thread import read_thread
from .times import chosen_moment, moment_of

MOST_TOGETHER = 20  # changes that are taken back by one step
Write = Callable[..., dict[str, Any]]


def write(action: Write) -> Callable[..., HttpResponseBase]:
    """A POST that calls one action. Its answer holds what is new on the ticket since `event`, if one was named, and
    the ticket's row, if it was asked for."""

    @require_POST
    @signed_in
    @wraps(action)
    def page(request: HttpRequest, **ids: Any) -> HttpResponseBase:
        try:
            body = action(request, agent_of(request), **ids)
        except StaleReply as error:
            return _stale(request, error, **ids)
        except DomainError as error:
            return refusal(error)
        except PermissionDenied as error:
            return forbidden(error)
        except OperationalError as error:  # somebody holds a lock, or the database restarts
            return busy(error)
        ticket_id = body.pop("ticket", ids.get("ticket_id"))
        if "event" in request.POST and ticket_id:
            body["updates"] = _updates(request, ticket_id)
        if "row" in request.POST and ticket_id:
            body["row"] = _row(request, ticket_id)
        return JsonResponse(body)

    return page


def _updates(request: HttpRequest, ticket_id: int) -> dict[str, Any] | None:
    """None when the change took the ticket out of the agent's sight."""
    agent = agent_of(request)
    if not Ticket.objects.visible_to(agent).filter(pk=ticket_id).exists():
        return None
    return updates_of(read_thread(agent, ticket_id, read_directory()), read_number(request.POST.get("event")))


def _row(request: HttpRequest, ticket_id: int) -> str | None:
    """The ticket's row as it is now; None when the agent may no longer see it."""
    return next((render_row(row) for row, _mark in rows_seen(agent_of(request), [ticket_id]).values()), None)


def _stale(request: HttpRequest, error: StaleReply, **ids: int) -> JsonResponse:
    """The refusal together with what the sender has not seen."""
    visible = Ticket.objects.visible_to(agent_of(request)).filter(pk=ids["ticket_id"])
    missed = Message.objects.filter(ticket__in=visible, sequence__in=error.missed).select_related(
        "identity", "agent", "conversation"
    )
    said = [say(message) for message in missed.order_by("sequence")]
    return JsonResponse(
        {
            "code": error.code,
            "message": error.message,
            "html": render_to_string("tickets/_missed.html", {"said": said}),
            "sequence": max(error.missed, default=0),
        },
        status=409,
    )


@write
def messages(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    form = request.POST
    html, client_id = form.get("html", "")[: LONGEST + 1], posted_uuid(form.get("client_id"), "client_id")
    text = text_of_html(html) if html else form.get("text", "")
    attachments = posted_uuids(form.getlist("attachments"))
    if form.get("kind") == "note":
        message = notes.add_note(
            ticket_id, by=agent, text=text, html=html, attachments=attachments, client_id=client_id
        )
        return {"message": message.pk, "kind": "note", "sequence": message.sequence, **blind_words(message)}
    snooze = _snooze_of(form.get("then", ""))
    message = replies.reply(
        ticket_id,
        by=agent,
        text=text,
        html=html,
        to=posted_addresses(form.get("to"), "to"),
        cc=posted_addresses(form.get("cc"), "cc"),
        bcc=posted_addresses(form.get("bcc"), "bcc") or (),
        attachments=attachments,
        answers=read_number(form.get("answers")) or None,
        expected=read_number(form.get("expected")),
        client_id=client_id,
        confirmed=form.getlist("confirmed"),
        ask_masks=True,
        then_status=None if snooze else form.get("then") or None,
        then_snooze=snooze,
        send_at=moment_of(form, "later", "send_at") if "later" in form else None,
        hold_on_answer=form.get("hold") != "0",
        manner=_manner(form.get("privately") == "1", form.getlist("choices")[:20]),
    )
    left = (message.not_before - timezone.now()).total_seconds() if message.not_before else 0
    later = {"later": short_moment(message.scheduled_for)} if message.scheduled_for else {}
    seconds = max(0, round(left, 1))
    return {"message": message.pk, "kind": "reply", "sequence": message.sequence, "undo_seconds": seconds, **later}


def _snooze_of(then: str) -> datetime | None:
    """Of "snooze-tomorrow" the moment; of any other way to send none."""
    kind, dash, key = then.partition("-")
    return chosen_moment(key, timezone.localtime()) if kind == "snooze" and dash else None


def blind_words(note: Message) -> dict[str, Any]:
    """That somebody who was mentioned may not see the ticket, in words; nothing where all do."""
    blind = mentions_in(note.ticket, note.text).blind
    if not blind:
        return {}
    names = ", ".join(agent.name for agent in blind)
    return {"said": _("Added. Not told, since they may not see this ticket: %(names)s.") % {"names": names}}


def _manner(privately: bool, choices: list[str]) -> Manner | None:
    return Manner(privately, [choice[:100] for choice in choices]) if privately or choices else None


@write
def assignee(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    wanted = request.POST.get("agent", "")
    chosen = Agent.objects.filter(pk=read_number(wanted), is_active=True).first() if wanted else None
    if wanted and chosen is None:
        raise InvalidInput("assignee", _("There is no such agent."))
    return undoable(assignment.assign_ticket(ticket_id, by=agent, assignee=chosen))


@write
def team(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    wanted = request.POST.get("team", "")
    chosen = Team.objects.filter(pk=read_number(wanted)).first() if wanted else None
    if wanted and chosen is None:
        raise InvalidInput("team", _("There is no such team."))
    return undoable(assignment.move_to_team(ticket_id, by=agent, team=chosen))


@write
def status_(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    return undoable(status.set_status(ticket_id, by=agent, status=request.POST.get("status", "")))


@write
def snooze(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    return undoable(status.snooze_ticket(ticket_id, by=agent, until=moment_of(request.POST, "preset", "until")))


@write
def remind(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    form = request.POST
    if done := form.get("done") or request.GET.get("done"):
        reminders.finish_reminder(ticket_id, read_number(done), by=agent)
        return {"said": _("Taken back.")} if "done" in request.GET else {}
    at = moment_of(form, "preset", "until")
    reminder = reminders.set_reminder(ticket_id, by=agent, remind_at=at, text=form.get("text", ""))
    back = f"{reverse('ticket_reminders', args=[ticket_id])}?done={reminder.pk}"
    return {"at": short_moment(reminder.at), "undo": back}


@write
def priority(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    return undoable(labels.set_priority(ticket_id, by=agent, priority=read_number(request.POST.get("priority"))))


@write
def tags(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    if removed := request.POST.get("remove"):
        return undoable(labels.remove_tag(ticket_id, by=agent, name=removed))
    return undoable(labels.add_tag(ticket_id, by=agent, name=request.POST.get("add", "")))


@write
def undo(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    """Take back the agent's own last change, named by its event, or several that were made together."""
    named = request.POST.getlist("change") or request.GET.getlist("change")
    ids = [int(id) if id.isdecimal() and len(id) < 19 else 0 for id in named[:MOST_TOGETHER]]
    undo_changes(ticket_id, ids or [0], by=agent)
    return {"said": _("Taken back.")}


@write
def participant(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    form = request.POST
    decide = participants.accept_participant if form.get("accept") else participants.refuse_participant
    decided = decide(read_number(form.get("conversation")), read_number(form.get("identity")), by=agent)
    return undoing(ticket_id, *decided.recorded)


@write
def address(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    """Mail to an address that came back, or of a kind it had unsubscribed from, may go there again."""
    identity, kind = read_number(request.POST.get("identity")), request.POST.get("kind", "")
    if not kind:
        participants.use_address_again(ticket_id, identity, by=agent)
    elif kind in MailKind.values:
        participants.allow_mail_again(ticket_id, identity, MailKind(kind), by=agent)
    else:
        raise NotFound(_("There is no such kind of mail."))
    return {}


@write
def seen(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    sequence = read_number(request.POST.get("sequence") or request.GET.get("sequence"))
    drafts.mark_seen(ticket_id, by=agent, sequence=sequence)
    mark_ticket_read(agent, ticket_id)
    announce_to_agent(agent.pk, "seen", ticket=ticket_id, sequence=sequence)
    return {"said": _("Taken back.")} if "sequence" in request.GET else {}


@write
def spam(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    """Mark as spam, take it back, or let one address write again."""
    form = request.POST
    if "identity" in form:
        spam_.unblock_address(ticket_id, read_number(form.get("identity")), by=agent)
        return {"said": _("They may write again.")}
    if "off" in form:
        return told(spam_.unmark_spam(ticket_id, by=agent), _("No spam. The sender may write again."))
    return told(spam_.mark_spam(ticket_id, by=agent), _("Marked as spam. Its sender is blocked."))


@write
def unread(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    before = drafts.mark_unread(ticket_id, by=agent)
    return {"undo": f"{reverse('ticket_seen', args=[ticket_id])}?sequence={before}"} if before is not None else {}


@write
def draft(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    form = request.POST
    kind = {"note": DraftKind.NOTE, "forward": DraftKind.FORWARD}.get(form.get("kind", ""), DraftKind.REPLY)
    if form.get("discard"):
        drafts.discard_draft(ticket_id, by=agent, kind=kind)
        return {"saved": True}
    recipients = {
        name: [{"name": "", "address": address} for address in posted_addresses(form.get(name), name) or ()]
        for name in ("to", "cc", "bcc")
    }
    revision = form.get("revision", "")
    kept = drafts.save_draft(
        ticket_id, by=agent, kind=kind, text=form.get("text", ""), html=form.get("html", "")[: LONGEST + 1],
        about=read_number(form.get("about")) or None, recipients=recipients,
        revision=int(revision) if revision.isdecimal() and len(revision) < 18 else 0,
    )  # fmt: skip
    return {"saved": kept}


@write
def uploads(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    upload = request.FILES.get("file")
    if upload is None:
        raise InvalidInput("file", _("Choose a file."))
    kept = files.upload_attachment(
        ticket_id, by=agent, upload=upload, filename=upload.name or "file",
        public_id=posted_uuid(request.POST.get("id"), "id"), inline="inline" in request.POST,
    )  # fmt: skip
    return {"id": str(kept.public_id), "name": kept.filename, "size": kept.size}


@write
def removal(request: HttpRequest, agent: Agent, ticket_id: int, public_id: UUID) -> dict[str, Any]:
    files.remove_upload(ticket_id, by=agent, public_id=public_id)
    return {}


@write
def withdrawal(request: HttpRequest, agent: Agent, message_id: int) -> dict[str, Any]:
    message = withdrawal_.withdraw_reply(message_id, by=agent)
    if withdrawal_.beginning_taken_back(message_id, by=agent):  # its ticket went with it
        return {"ticket": message.ticket_id, "again": f"{reverse('begin')}?again={message_id}"}
    thread = read_thread(agent, message.ticket_id, read_directory())
    return {"ticket": message.ticket_id, "compose": thread.compose()}


@write
def retry(request: HttpRequest, agent: Agent, message_id: int) -> dict[str, Any]:
    return {"ticket": undelivered.retry_delivery(message_id, by=agent).ticket_id}


@write
def confirmation(request: HttpRequest, agent: Agent, message_id: int) -> dict[str, Any]:
    return {"ticket": undelivered.confirm_delivered(message_id, by=agent).ticket_id}


@write
def images(request: HttpRequest, agent: Agent, message_id: int) -> dict[str, Any]:
    return {"ticket": participants.show_remote_images(message_id, by=agent).ticket_id}


@write
def folding(request: HttpRequest, agent: Agent, message_id: int) -> dict[str, Any]:
    decide = participants.restore_folding if request.POST.get("restore") else participants.reject_folding
    return {"ticket": decide(message_id, by=agent).ticket_id}


@write
def schedule(request: HttpRequest, agent: Agent, message_id: int) -> dict[str, Any]:
    """Another moment for a reply that waits, or now."""
    if "now" in request.POST:
        return {"ticket": later.send_scheduled_now(message_id, by=agent).ticket_id}
    send_at = moment_of(request.POST, "later", "send_at")
    if send_at is None:
        raise InvalidInput("send_at", _("Choose a date and a time."))
    message = later.reschedule_reply(message_id, by=agent, send_at=send_at)
    return {"ticket": message.ticket_id, "later": short_moment(send_at)}


def posted_addresses(value: str | None, field: str) -> list[str] | None:
    """Addresses as the composer sends them, a JSON list; None when it did not name any."""
    if value is None:
        return None
    try:
        found = json.loads(value)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found) or len(found) > 100:
        raise InvalidInput(field, _("These recipients cannot be read."))
    # Half a character, as a cut paste leaves it, can be stored nowhere.
    return [entry.encode("utf-8", "replace").decode().replace("\x00", "") for entry in found]


def posted_uuid(value: str | None, field: str) -> UUID | None:
    if not value:
        return None
    try:
        return UUID(value)
    except ValueError:
        raise InvalidInput(field, _("This is not an id.")) from None


def posted_uuids(values: list[str]) -> list[UUID]:
    """Ids of files; one that is none names no file of ours."""
    found = [posted_uuid(value, "attachments") for value in values]
    if None in found:
        raise NotFound(_("There is no such file."))
    return [id for id in found if id is not None]
