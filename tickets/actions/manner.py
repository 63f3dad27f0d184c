"""What a channel can do beside plain words: answer a public comment in private, offer ready answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from tickets.errors import InvalidInput
from tickets.kinds import Traits, traits_of_channel
from tickets.models import Conversation, Message, MessageKind, OutboxState

from .elsewhere import Elsewhere


@dataclass(frozen=True, slots=True)
class Manner:
    """How an answer is to go: `privately` to the one who commented, with `choices` to press, or `elsewhere`."""

    privately: bool = False
    choices: Sequence[str] = ()
    elsewhere: Elsewhere | None = None

    @property
    def template(self) -> int | None:
        """The template that stands for words, if one does."""
        return self.elsewhere.template_id if self.elsewhere else None


def manner_envelope(
    manner: Manner, conversation: Conversation, answered: Message | None, text: str, *, at: datetime
) -> dict[str, Any]:
    """What the outbox must know of it. InvalidInput when the channel does not do that, or not now."""
    traits = traits_of_channel(conversation.channel)
    envelope: dict[str, Any] = {}
    if manner.privately:
        envelope["private_to"] = _private_to(traits, conversation, answered, at=at)
        _refuse_long(traits, text)
    choices = list(dict.fromkeys(clean for choice in manner.choices if (clean := " ".join(choice.split()))))
    if choices:
        _refuse_choices(traits, choices)
        envelope["choices"] = choices
    return envelope


def _private_to(traits: Traits, conversation: Conversation, answered: Message | None, *, at: datetime) -> str:
    if traits.private_for is None or answered is None or answered.kind != MessageKind.INBOUND:
        raise InvalidInput("privately", _("Nothing can be answered privately here."))
    if answered.at + traits.private_for <= at:
        raise InvalidInput(
            "privately",
            _("A comment can be answered privately for %(days)d days, which are over.")
            % {"days": traits.private_for.days},
        )
    sent = Message.objects.filter(conversation=conversation, envelope__private_to=answered.external_id)
    if sent.exclude(outbox__in=[OutboxState.WITHDRAWN, OutboxState.FAILED]).exists():
        raise InvalidInput("privately", _("This comment has its one private answer already."))
    return answered.external_id


def _refuse_long(traits: Traits, text: str) -> None:
    """One message is all that goes: what does not fit cannot follow in a second one."""
    length = len(text) + sum(1 for sign in text if ord(sign) > 0xFFFF)  # as providers count
    if traits.private_text and length > traits.private_text:
        said = _("A private answer to a comment is one message of at most %(count)d characters: this has %(length)d.")
        raise InvalidInput("text", said % {"count": traits.private_text, "length": length})


def _refuse_choices(traits: Traits, choices: Sequence[str]) -> None:
    if not traits.choices:
        raise InvalidInput("choices", _("This channel has no quick replies."))
    if len(choices) > traits.choices or max(map(len, choices)) > traits.choice_length:
        raise InvalidInput(
            "choices",
            _("At most %(count)d quick replies of %(length)d characters here.")
            % {"count": traits.choices, "length": traits.choice_length},
        )
