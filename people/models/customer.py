"""People who write: a customer and the addresses we know them by."""

from __future__ import annotations

import uuid

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from events.actors import Actor

# One report may be a mistake of some server on the way.
HARD_BOUNCES = 2


class Trust(models.TextChoices):
    """How well an address is proven. Only `signed` and `verified` may ever open history."""

    ANONYMOUS = "anonymous", _("Anonymous")
    CLAIMED = "claimed", _("Claimed")
    SIGNED = "signed", _("Signed")
    VERIFIED = "verified", _("Verified")


class IdentityKind(models.TextChoices):
    EMAIL = "email", _("Email")
    PHONE = "phone", _("Phone")
    PAGE_USER = "page_user", _("Account elsewhere")
    VISITOR = "visitor", _("Visitor")


class MailKind(models.TextChoices):
    """What is written to customers unprompted; of each kind an address may ask for no more."""

    SURVEY = "survey", _("Surveys")


class Folded(models.Func):
    """A name without case, accents and apostrophes, as the database compares it (people_fold, migration 0002)."""

    function = "people_fold"
    output_field = models.TextField()


class Customer(models.Model):
    """One person. A merged customer points at the one who stays (`merged_into`)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200, blank=True, default="")
    locale = models.CharField(_("language"), max_length=8, blank=True, default="")
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, default="")
    # The kind of channel they like to be answered by, as an agent noted it; a wish, not a rule.
    prefers = models.CharField(max_length=16, blank=True, default="", db_default="")
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged_from")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [GinIndex(OpClass(Folded("name"), name="gin_trgm_ops"), name="customer_name_part")]

    def __str__(self) -> str:
        return self.name or f"Customer {self.pk}"

    @property
    def actor(self) -> Actor:
        return Actor.customer(self.pk)


class Identity(models.Model):
    """One address of a customer. A `suspect` one (authentication failed) is never the real person's."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=12, choices=IdentityKind.choices)
    value = models.CharField(max_length=320)
    display_name = models.CharField(max_length=200, blank=True, default="")
    trust = models.CharField(max_length=12, choices=Trust.choices, default=Trust.CLAIMED)
    suspect = models.BooleanField(default=False)
    # Mail of ours that came back for good since the address last wrote to us.
    hard_bounces = models.SmallIntegerField(default=0, db_default=0)
    bounced_at = models.DateTimeField(null=True)
    # Told per channel since (tickets.ChannelRefusal); only the version before reads it, a release later it goes.
    refuses = models.CharField(max_length=8, blank=True, default="", db_default="", editable=False)
    # Somebody here said that it sends spam: what it opens lands there.
    blocked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            models.UniqueConstraint(fields=["kind", "value", "suspect"], name="identity_once"),
        ]
        indexes = [GinIndex(fields=["value"], opclasses=["gin_trgm_ops"], name="identity_value_part")]

    def __str__(self) -> str:
        return self.value

    @property
    def is_unreachable(self) -> bool:
        """Whether mail came back so often that an agent should know before writing again."""
        return self.hard_bounces >= HARD_BOUNCES


class CustomerNote(models.Model):
    """What somebody here wrote about a customer, for whoever answers them next. `public_id` is the form's: sent twice
    it is one note."""

    public_id = models.UUIDField(unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="notes", db_index=False)
    by = models.ForeignKey("people.Agent", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer", "-at", "-id"], name="customer_notes")]

    def __str__(self) -> str:
        return f"note on customer {self.customer_id}"


class Claim(models.Model):
    """An address somebody says is theirs, without proof: it opens nothing and joins nobody, it is evidence for a
    person who decides. `proven` ones were named by the provider, who knows, but belong to another customer already."""

    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="claims", db_index=False)
    kind = models.CharField(max_length=12, choices=IdentityKind.choices)
    value = models.CharField(max_length=320)
    proven = models.BooleanField(default=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identity", "kind", "value"], name="claim_once")]
        indexes = [models.Index(fields=["kind", "value"], name="claim_value")]

    def __str__(self) -> str:
        return f"identity {self.identity_id} says {self.value}"


class Unsubscription(models.Model):
    """An address that wants no more mail of a kind. Answers to what it asks are not such mail."""

    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="unsubscriptions", db_index=False)
    kind = models.CharField(max_length=16, choices=MailKind.choices)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identity", "kind"], name="unsubscription_once")]

    def __str__(self) -> str:
        return f"{self.kind} to identity {self.identity_id}"
