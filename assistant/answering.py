"""What the bot does when a customer has written, and when a person has acted. Called for each fact, by however many
workers: everything is decided under the ticket's lock from what stands there then, so a repeated or late fact finds
itself dealt with, and a person's answer is never spoken over."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from assistant.events import BotEvent, takes_over
from assistant.handing import hand_over
from assistant.hearing import Heard, hear, hours_of, proven_address, terms_of
from assistant.models import Bot, Holder, Ownership, Reason, When
from assistant.ownership import end_helped, let_go, ownership_of, people_are_in, state_of, take
from assistant.rules import Answer, AnswerOrder, AskForMore, Decision, HandOver, Helped, Silent, decide
from assistant.saying import answer_text, ask_text, bot_name, glad_text, greeting_of, order_text
from assistant.words import buttons, words_for
from events.actors import Actor, ActorKind
from events.models import Event
from people.languages import choose_language
from tickets.actions.base import lock_ticket_of, record
from tickets.actions.by_bot import BOT, reply_by_bot
from tickets.actions.status import change_status
from tickets.errors import InvalidInput, StaleReply
from tickets.events import TicketEvent
from tickets.models import Message, MessageKind, SenderVerdict, Status, Ticket
from tickets.refusals import refusal_in
from tickets.storms import automatic_answer_held

_PASSED_BY = ("auto", "pending", "aside", "historic")


def hear_event(event: Event) -> None:
    """The subscriber."""
    if event.kind == TicketEvent.MESSAGE_RECEIVED:
        if not any(event.data.get(name) for name in _PASSED_BY):
            answer_message(event.data["message"], at=timezone.now(), cause=event)
    elif takes_over(event):
        note_taken(event)


def answer_message(message_id: int, *, at: datetime, cause: Event | None) -> Decision:
    """Do with a customer's message what the rules say; what was done. Doing it again does nothing."""
    message = _message(message_id)
    bot = Bot.objects.filter(channel=message.conversation.channel_id).first() if message else None
    if message is None or bot is None or not message.conversation.channel.is_active:
        return Silent("no bot")
    ticket = lock_ticket_of(message_id)
    if ticket is None or ticket.status in (Status.SPAM, Status.CLOSED) or ticket.merged_into_id:
        return Silent("closed")
    own = ownership_of(message.conversation_id)
    if not _is_due(ticket, message, own, at=at):
        return Silent("not due")
    heard = _heard(message, own)
    if bot.when == When.OFF and own is not None and own.holder == Holder.BOT:
        decision: Decision = HandOver(Reason.OFF)
    else:
        decision = decide(
            heard.said, state_of(own), terms_of(bot), hours_of(bot, ticket.channel, ticket.team_id, at=at)
        )
    if not isinstance(decision, Silent):
        # What cannot be said, or no longer fits, is left to people, as if never tried.
        with suppress(InvalidInput, StaleReply), transaction.atomic():
            _act(decision, _Turn(ticket, message, bot, heard, at, cause, _known(message, own)), own)
    elif own is not None:
        Ownership.objects.filter(pk=own.pk).update(heard=message.sequence)
    return decision


def _message(message_id: int) -> Message | None:
    found = Message.objects.select_related("conversation__channel", "identity")
    message = found.filter(pk=message_id, kind=MessageKind.INBOUND, auto_kind="", pending=False).first()
    if message is None or message.identity is None or message.identity.suspect:
        return None
    if refusal_in(message.conversation.channel_id, message.identity.pk):
        return None
    if message.envelope.get("standby"):
        return None  # another system answers there
    return None if message.verdict == SenderVerdict.FAIL or message.conversation.aside else message


def _is_due(ticket: Ticket, message: Message, own: Ownership | None, *, at: datetime) -> bool:
    """Whether this message is the bot's to look at: it is the last of its writer's, not dealt with, no person has
    answered, and no flood is on."""
    if own is not None and own.heard >= message.sequence:
        return False
    later = Message.objects.filter(conversation=message.conversation_id, sequence__gt=message.sequence)
    if later.filter(kind=MessageKind.INBOUND, auto_kind="", pending=False).exists():
        return False
    if people_are_in(ticket, message.conversation_id, own):
        return False
    return automatic_answer_held(ticket.pk, [message.identity_id or 0], at=at) != "storm"


def _known(message: Message, own: Ownership | None) -> int:
    """Up to where the bot knows the ticket: to the message it heard, or to where it was given to the bot after it. What
    came in beside (a note, another conversation of a merged ticket) is something to know before one answers."""
    return max(message.sequence, own.since if own else 0)


def _heard(message: Message, own: Ownership | None) -> Heard:
    """All they have said since they were last answered, read as one."""
    said = Message.objects.filter(conversation=message.conversation_id, sequence__lte=message.sequence)
    answered = said.filter(kind=MessageKind.OUTBOUND).order_by("-sequence").values_list("sequence", flat=True).first()
    after = max(answered or 0, own.heard if own else 0)
    new = said.filter(kind=MessageKind.INBOUND, auto_kind="", pending=False, sequence__gt=after).order_by("sequence")
    texts = list(new.values_list("text", flat=True))
    conversation = message.conversation
    return hear(
        "\n".join(text for text in texts if text.strip()),
        language=choose_language([message.language, conversation.channel.locale]),
        files=message.attachments.exists(),
        address=proven_address(conversation.channel_id, conversation.external_id),
    )


class _Turn:
    """One message the bot deals with, and what it needs for it."""

    def __init__(
        self, ticket: Ticket, message: Message, bot: Bot, heard: Heard, at: datetime, cause: Event | None, known: int
    ) -> None:
        self.ticket, self.message, self.bot, self.heard, self.at, self.cause = ticket, message, bot, heard, at, cause
        self.known = known
        self.language = choose_language([heard.said.language])

    def say(self, text: str, *, choices: list[str]) -> Message:
        about = {"name": bot_name(self.bot, self.language), "holds": True, "person": words_for(self.language)["person"]}
        return reply_by_bot(
            self.ticket, self.message, text=text, expected=self.known, at=self.at,
            language=self.language, about=about, choices=choices,
        )  # fmt: skip


def _act(decision: Decision, turn: _Turn, own: Ownership | None) -> None:
    own = take(turn.ticket, turn.message.conversation, own, at=turn.at)
    if isinstance(decision, HandOver):
        hand_over(
            turn.ticket, own, turn.bot, turn.message, turn.heard, decision.reason, at=turn.at, cause=turn.cause,
            known=turn.known,
        )  # fmt: skip
        return
    own.heard = turn.message.sequence
    if isinstance(decision, Helped):
        _helped(turn, own)
        return
    own.turns += 1
    _answer(decision, turn, own)
    own.save()


def _answer(decision: Decision, turn: _Turn, own: Ownership) -> None:
    """An answer that they are asked about, or a question back."""
    words = words_for(turn.language)
    if isinstance(decision, Answer):
        found = sorted(turn.heard.named(decision.articles), key=lambda one: decision.articles.index(one.id))
        message = turn.say(_greeted(turn, own, answer_text(found, turn.language)), choices=buttons(turn.language))
        own.answered, own.offered = True, [*own.offered, *decision.articles]
        data = {"message": message.pk, "articles": list(decision.articles)}
        record(turn.ticket, BotEvent.ANSWERED, by=BOT, at=turn.at, data=data, cause=turn.cause)
    elif isinstance(decision, AnswerOrder):
        order = turn.heard.order
        message = turn.say(_greeted(turn, own, order_text(order, turn.language)), choices=buttons(turn.language))
        own.answered = own.told_order = True
        data = {"message": message.pk, "order": order.number}
        record(turn.ticket, BotEvent.ANSWERED, by=BOT, at=turn.at, data=data, cause=turn.cause)
    elif isinstance(decision, AskForMore):
        turn.say(greeting_of(turn.bot, turn.language) or ask_text(turn.language), choices=[words["person"]])


def _greeted(turn: _Turn, own: Ownership, text: str) -> str:
    greeting = greeting_of(turn.bot, turn.language) if own.turns == 1 else ""
    return f"{greeting}\n\n{text}" if greeting else text


def _helped(turn: _Turn, own: Ownership) -> None:
    turn.say(glad_text(turn.language), choices=[])
    data = {"articles": list(own.offered)}
    record(turn.ticket, BotEvent.HELPED, by=BOT, at=turn.at, data=data, cause=turn.cause)
    change_status(turn.ticket, Status.SOLVED, by=BOT, at=turn.at)
    end_helped(own, at=turn.at)


def note_taken(event: Event) -> None:
    """A person answered or took the ticket: what the bot holds there is theirs. What they did before the bot got it
    back changes nothing."""
    held = Ownership.objects.filter(conversation__ticket=event.stream_id, holder=Holder.BOT)
    if not held.exists():
        return
    ticket = Ticket.objects.select_for_update(of=("self",)).filter(pk=event.stream_id).first()
    if ticket is None:
        return
    by = Actor(ActorKind.AGENT, event.actor_id)
    for own in held.select_for_update(of=("self",)).order_by("pk"):
        if event.sequence > own.since_event:
            let_go(ticket, own, by=by, reason=Reason.TAKEN, at=event.at, cause=event)
