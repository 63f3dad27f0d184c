"""Counts kept by day, and of which moments they may be out of date."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class CountedDay(models.Model):
    """One day of one time zone whose facts are counted in `DayTally`. `definition` numbers what was counted how;
    `recounted_at` says that the day had been counted by an earlier definition before, `in_month` that this count is the
    one its month was rolled up from (`MonthTally`)."""

    zone = models.CharField(max_length=64)
    day = models.DateField()
    definition = models.SmallIntegerField()
    counted_at = models.DateTimeField(db_default=Now())
    recounted_at = models.DateTimeField(null=True)
    in_month = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["zone", "day"], name="countedday_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.zone}"


class DayTally(models.Model):
    """So many facts of one kind (`what`) and value (`key`) on one day, told apart by one trait (`dim`): by nothing, by
    channel, team, person or language (`group`, 0 for none); and always by team and channel of the ticket, for whoever
    sees only some (0 and 0 for what has no ticket). Of lengths of time `lengths` holds the values themselves, in
    order, eight bytes each (big-endian doubles), so that a rank is found without reading rows."""

    zone = models.CharField(max_length=64)
    day = models.DateField()
    what = models.SmallIntegerField()
    dim = models.SmallIntegerField()
    group = models.BigIntegerField(default=0)
    place_team = models.BigIntegerField(default=0)
    place_channel = models.BigIntegerField(default=0)
    key = models.IntegerField()
    n = models.IntegerField()
    lengths = models.BinaryField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["zone", "what", "dim", "day"], name="daytally_read",
                include=["group", "place_team", "place_channel", "key", "n"],
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.day}: {self.n}"


class MonthTally(models.Model):
    """The tallies of a whole month (`day` is its first), added up, lengths of time with them."""

    zone = models.CharField(max_length=64)
    day = models.DateField()
    what = models.SmallIntegerField()
    dim = models.SmallIntegerField()
    group = models.BigIntegerField(default=0)
    place_team = models.BigIntegerField(default=0)
    place_channel = models.BigIntegerField(default=0)
    key = models.IntegerField()
    n = models.IntegerField()
    lengths = models.BinaryField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["zone", "what", "dim", "group", "key", "day"], name="monthtally_read",
                include=["place_team", "place_channel", "n"],
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"month of {self.day}: {self.n}"


class ChangedHour(models.Model):
    """In the hour that begins then something was counted that has changed since: written by triggers in the
    transaction of the change (migration 0004), forgotten once its days are counted anew. Hours of the last two hours
    are not noted, since no day is counted before it has been over for three."""

    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.at)
