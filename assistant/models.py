"""What the bot is set to on each channel, who holds each conversation, and what each of its stretches came to."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from people.models import Team
from tickets.models import Channel, Conversation, Ticket

MOST_TURNS = 20


def first_languages() -> list[str]:
    return ["en"]


class When(models.TextChoices):
    OFF = "off", _("Never")
    ALWAYS = "always", _("Always")
    OUT_OF_HOURS = "out_of_hours", _("Outside opening hours")
    NOBODY = "nobody", _("When nobody is there")


class Reason(models.TextChoices):
    """Why the bot let go of a conversation."""

    ASKED = "asked", _("they asked for a person")
    NO_ARTICLE = "no_article", _("no article answers the question")
    NOT_HELPED = "not_helped", _("the answer did not help")
    TURNS = "turns", _("it had answered often enough")
    SERIOUS = "serious", _("a complaint, or a matter of law or safety")
    FILES = "files", _("only a file was sent")
    LANGUAGE = "language", _("it does not speak the language")
    UNPROVEN = "unproven", _("a question about an order, without proof of who asks")
    NO_ORDER = "no_order", _("a question about an order, and none is known")
    TAKEN = "taken", _("a person took it")
    OFF = "off", _("it was switched off")


class Bot(models.Model):
    """How the bot behaves on one channel. `calendar` names opening hours; `least_match` is the share of the words asked
    for, in percent, that an article must hold; `greetings` by language stand before its first answer."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, primary_key=True, related_name="bot")
    when = models.CharField(max_length=12, choices=When.choices, default=When.OFF)
    name = models.CharField(max_length=40, blank=True, default="")
    languages = models.JSONField(default=first_languages)
    most_turns = models.SmallIntegerField(default=4)
    least_match = models.SmallIntegerField(default=60)
    fallback_team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    calendar = models.BigIntegerField(null=True, blank=True)
    greetings = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(most_turns__range=(1, MOST_TURNS)), name="bot_turns"),
            models.CheckConstraint(condition=Q(least_match__range=(1, 100)), name="bot_match"),
        ]

    def __str__(self) -> str:
        return f"bot of channel {self.channel_id}"


class Holder(models.TextChoices):
    NOBODY = "nobody", _("Nobody")
    BOT = "bot", _("Bot")
    PEOPLE = "people", _("People")


class Ownership(models.Model):
    """Who answers in a conversation: the token that the bot must hold, under the ticket's lock, to say anything.

    `revision` counts its changes of hand. `since` and `since_event` are the numbers of the ticket's last message and
    event when an agent gave it to the bot: what people did up to there is past. `heard` is that of the last message the
    bot has dealt with. `offered` are the articles it has named, `told_order` whether it told of an order; `answered`
    that it waits to hear whether it helped.
    """

    conversation = models.OneToOneField(
        Conversation, on_delete=models.CASCADE, primary_key=True, related_name="held_by"
    )
    holder = models.CharField(max_length=8, choices=Holder.choices)
    revision = models.IntegerField(default=1)
    since = models.IntegerField(default=0)
    since_event = models.IntegerField(default=0)
    heard = models.IntegerField(default=0)
    turns = models.SmallIntegerField(default=0)
    answered = models.BooleanField(default=False)
    told_order = models.BooleanField(default=False)
    offered: models.JSONField[Any, Any] = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"conversation {self.conversation_id}: {self.holder}"


class Outcome(models.TextChoices):
    OPEN = "", _("Open")
    HELPED = "helped", _("Solved without people")
    HANDED_OVER = "handed_over", _("Handed over")


class Stretch(models.Model):
    """One time the bot held a conversation, from its taking to its letting go: what reports count. `unmatched` says
    that a question found no article."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="bot_stretches")
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="bot_stretches", db_index=False
    )
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    began_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True, default="")
    reason = models.CharField(max_length=12, choices=Reason.choices, blank=True, default="")
    turns = models.SmallIntegerField(default=0)
    unmatched = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "stretches"
        constraints = [
            models.UniqueConstraint(fields=["conversation"], condition=Q(ended_at=None), name="stretch_one_open"),
        ]

    def __str__(self) -> str:
        return f"bot in #{self.ticket_id} since {self.began_at}"
