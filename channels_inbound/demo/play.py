"""Plays the stories of the demo shop: every mail through parser and door, every answer through action and outbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from channels_inbound.claims import MAX_ATTEMPTS, claim_waiting
from channels_inbound.demo.letters import MAIL_SERVER, Thread, delivery_report, letter
from channels_inbound.demo.script import Bounce, Change, Mail, Moment, Note, Person, Reply, Story
from channels_inbound.demo.shop import Shop
from channels_inbound.email.compose import compose_mail
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import DemoMail, RawDelivery
from channels_inbound.raw import store_raw
from events.delivery import drain
from events.tracing import new_trace
from tickets import actions
from tickets.actions.delivery import claim_replies, record_accepted, record_permanent_failure, record_unknown
from tickets.models import Notification, Ticket
from tickets.outbound import OutboundMessage

# What further timers would have done by a moment, for those above us.
Tick = Callable[[datetime], None]


class Stage:
    """The shop while its past is played, one moment after the other."""

    def __init__(self, shop: Shop, tick: Tick | None = None) -> None:
        self.shop = shop
        self.tick = tick
        self.tickets: dict[int, int] = {}
        self.numbers: dict[Person, int] = {}
        self.threads: dict[int, Thread] = {}
        self.day: datetime | None = None

    def play(self, moments: list[Moment]) -> None:
        for each in moments:
            self._pass_time(each.at)
            match each.step:
                case Mail() as mail:
                    self._mail(each.story, mail, each.at)
                case Bounce() as bounce:
                    self._bounce(each.story, bounce, each.at)
                case Reply() as reply:
                    self._reply(each.story, reply, each.at)
                case Note(_, by, text):
                    actions.add_note(self._ticket(each.story), by=self.shop.staff[by], text=text, at=each.at)
                case Change() as change:
                    self._change(self._ticket(each.story), change, each.at)

    def _pass_time(self, at: datetime) -> None:
        """What the timers would have done by now."""
        if self.day is None or at - self.day >= timedelta(hours=6):
            self.day = at
            actions.close_solved(at=at)
            actions.wake_snoozed(at=at)
            if self.tick:
                self.tick(at)
                for out in claim_replies(100, at=at):
                    self._hand_over(out, Reply("", "", ""), at)

    def _ticket(self, story: Story) -> int:
        return self.tickets[id(story)]

    def _mail(self, story: Story, mail: Mail, at: datetime) -> None:
        sender = mail.sender or story.customer
        thread = self.threads.get(id(story))
        if mail.about:
            number = f"#{self.numbers[mail.about]}"
            mail = replace(mail, subject=mail.subject.replace("#?", number), text=mail.text.replace("#?", number))
        written = letter(mail, sender=sender, to=story.to, at=at, thread=thread)
        recipients = [story.to, *mail.also_to]
        channels = [self.shop.channels[address].pk for address in recipients]
        message = receive(
            written.as_bytes(), channels, at=at, mail_from=sender.address, rcpt_tos=[str(written["To"])]
        ).message
        if message is None:
            raise RuntimeError(f"the demo mail {mail.subject!r} did not become a message")
        self.tickets[id(story)] = self.numbers[sender] = message.ticket_id
        if sender == story.customer or thread is None:
            references = (*thread.references, message.external_id) if thread else (message.external_id,)
            ours = thread.ours if thread else None
            self.threads[id(story)] = Thread(
                thread.subject if thread else mail.subject, message.external_id, references, ours,
                thread.ours_at if thread else None,
            )  # fmt: skip

    def _bounce(self, story: Story, bounce: Bounce, at: datetime) -> None:
        ours = self.threads[id(story)].ours
        if ours is None:
            raise RuntimeError("nothing was sent that could come back")
        report = delivery_report(bounce, ours=ours, at=at)
        receive(report, [self.shop.channels[story.to].pk], at=at, mail_from="", rcpt_tos=[ours.reply_address])

    def _reply(self, story: Story, reply: Reply, at: datetime) -> None:
        by = self.shop.staff[reply.by]
        actions.reply(
            self._ticket(story), by=by, text=reply.text, undo_seconds=0, then_status=reply.then or None, at=at
        )
        thread = self.threads[id(story)]
        for out in claim_replies(1, at=at):
            self._hand_over(out, reply, at)
            references = (*thread.references, out.message_id_header)
            self.threads[id(story)] = Thread(thread.subject, thread.last_id, references, out, at)

    def _hand_over(self, out: OutboundMessage, reply: Reply, at: datetime) -> None:
        """As an outgoing server would take it; nothing of the demo's past ever leaves this machine."""
        if reply.refused:
            record_permanent_failure(out.message_id, out.attempt, error=reply.refused, at=at)
        elif reply.unclear:
            record_unknown(out.message_id, out.attempt, error=reply.unclear, at=at)
        else:
            mail = compose_mail(out, at=at, load=_no_files)
            DemoMail.objects.create(
                message_id=out.message_id, attempt=out.attempt, sent_at=at, mail_from=mail.sender,
                rcpt_tos=list(mail.recipients), subject=mail.subject[:500], content=mail.content,
            )  # fmt: skip
            record_accepted(out.message_id, out.attempt, at=at)

    def _change(self, ticket_id: int, change: Change, at: datetime) -> None:
        by: dict[str, Any] = {"by": self.shop.staff[change.by], "at": at}
        for tag in change.tags:
            actions.add_tag(ticket_id, name=tag, **by)
        if change.priority:
            actions.set_priority(ticket_id, priority=change.priority, **by)
        if change.assignee:
            actions.assign_ticket(ticket_id, assignee=self.shop.staff[change.assignee], **by)
        if change.status:
            actions.set_status(ticket_id, status=change.status, **by)
        if change.snooze:
            actions.snooze_ticket(ticket_id, until=at + change.snooze, **by)
        if change.spam:
            actions.mark_spam(ticket_id, **by)
        if change.team:
            actions.move_to_team(ticket_id, team=self.shop.teams[change.team], **by)


@dataclass(frozen=True, slots=True)
class Stuck:
    """A mail at which worker after worker stopped, until it was set aside."""

    content: bytes
    mail_from: str
    to: str


def receive(content: bytes, channels: list[int], *, at: datetime, mail_from: str, rcpt_tos: list[str]) -> RawDelivery:
    """Bring one mail in as if it had come at `at`; its delivery, read."""
    ids = _store(content, channels, at=at, mail_from=mail_from, rcpt_tos=rcpt_tos)
    drain_inbound(trusted=[MAIL_SERVER])
    return RawDelivery.objects.select_related("message").get(pk=ids[0])


def set_aside(stuck: Stuck, channel: int, *, at: datetime) -> None:
    """Let a mail wear out all its tries, so that it waits in quarantine; parsed again it is an ordinary one."""
    _store(stuck.content, [channel], at=at, mail_from=stuck.mail_from, rcpt_tos=[stuck.to])
    for number in range(MAX_ATTEMPTS):
        claim_waiting(at=at + timedelta(minutes=5 * number))
    drain_inbound()


def _store(content: bytes, channels: list[int], *, at: datetime, mail_from: str, rcpt_tos: list[str]) -> list[int]:
    envelope = {"mail_from": mail_from, "rcpt_tos": rcpt_tos, "peer": "demo"}
    ids = store_raw(channels, transport="smtp", content=content, envelope=envelope, trace_id=new_trace())
    RawDelivery.objects.filter(pk__in=ids).update(received_at=at)
    return ids


def read_up(shop: Shop, *, unread_since: datetime) -> None:
    """Whoever can sign in has looked at what came in before; the rest greets them as new, in the bell too."""
    drain()
    Notification.objects.filter(event__at__lt=unread_since, read_at=None).update(read_at=timezone.now())
    for agent in (shop.staff[key] for key in shop.passwords):
        for ticket in Ticket.objects.visible_to(agent).filter(last_message_at__lt=unread_since):
            actions.mark_seen(ticket.pk, by=agent, sequence=ticket.message_sequence)


def _no_files(_attachment: object) -> bytes:
    raise FileNotFoundError("the demo's answers carry no files")
