"""One thread in one channel, and who takes part in it."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from people.models import Customer, Identity

from .channel import Channel
from .ticket import Ticket


class Conversation(models.Model):
    """A mail thread, a chat session, a call. Belongs to one ticket; a merge re-parents it."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="conversations")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="conversations", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="conversations", db_index=False)
    subject = models.CharField(max_length=500, blank=True, default="")
    external_id = models.CharField(max_length=255, blank=True, default="")
    # With somebody else than the customer, begun by forwarding: never what an answer to the customer continues.
    aside = models.BooleanField(default=False, db_default=False)
    # When somebody said that what was asked aside is settled; what comes after that opens it again.
    done_at = models.DateTimeField(null=True, blank=True)
    # The ticket it began in, where a merge took it elsewhere: a number in a subject still leads here.
    home = models.ForeignKey(Ticket, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(
                fields=["channel", "external_id"], name="conversation_external", condition=~models.Q(external_id="")
            ),
            models.Index(fields=["home"], name="conversation_home", condition=models.Q(home__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"conversation {self.pk} of #{self.ticket_id}"

    @property
    def is_settled(self) -> bool:
        """Whether what was asked aside is settled: said so, and nothing came since. One query where it was said."""
        if self.done_at is None:
            return False
        return not self.messages.filter(kind="inbound", at__gt=self.done_at).exists()


class ParticipantRole(models.TextChoices):
    REQUESTER = "requester", _("Requester")
    COPIED = "copied", _("Copied")
    JOINED = "joined", _("Joined later")


class ParticipantState(models.TextChoices):
    ACTIVE = "active", _("Takes part")
    PENDING = "pending", _("Waiting to be accepted")
    REFUSED = "refused", _("Refused")


class Participant(models.Model):
    """One address in a conversation. A pending one is shown with a mark and changes nothing (decision 9)."""

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="participants", db_index=False
    )
    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="participations")
    role = models.CharField(max_length=10, choices=ParticipantRole.choices)
    state = models.CharField(max_length=8, choices=ParticipantState.choices, default=ParticipantState.ACTIVE)
    created_at = models.DateTimeField(db_default=Now())

    # The events that deciding on them recorded on this instance, for whoever may want to take that back.
    recorded: tuple[int, ...] = ()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "identity"], name="participant_once")]

    def __str__(self) -> str:
        return f"{self.identity_id} in {self.conversation_id}: {self.state}"
