"""The words the stories of the demo shop are written in: who writes what, when, and what is done about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, or somebody they write with."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that comes in. `quotes` sends our last answer along below, as mail programs do; `#?` in it stands for the
    number of the ticket of the customer `about`."""

    when: str
    text: str
    subject: str = ""
    html: str = ""
    pictures: tuple[str, ...] = ()
    inline_picture: str = ""
    sender: Person | None = None
    cc: tuple[Person, ...] = ()
    also_to: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    quotes: bool = False
    about: Person | None = None


@dataclass(frozen=True, slots=True)
class Bounce:
    """The report of a mail server that our last answer was not delivered."""

    when: str
    diagnosis: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An agent's answer; `refused` or `unclear` is what the outgoing server said, if it did not take it."""

    when: str
    by: str
    text: str
    then: str = ""
    refused: str = ""
    unclear: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    when: str
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """What an agent does to the ticket; only what is named changes."""

    when: str
    by: str
    assignee: str = ""
    team: str = ""
    status: str = ""
    priority: int = 0
    tags: tuple[str, ...] = ()
    snooze: timedelta | None = None
    spam: bool = False


Step = Mail | Bounce | Reply | Note | Change


@dataclass(frozen=True, slots=True)
class Story:
    """One customer's matter from its first mail on; `to` is the mailbox it comes to."""

    to: str
    customer: Person
    steps: tuple[Step, ...]


@dataclass(slots=True)
class Moment:
    """A step at its point in time, in its story."""

    at: datetime
    story: Story
    step: Step
    order: int = field(default=0)


def moment(when: str, now: datetime) -> datetime:
    """`14m` and `3h` are that long ago; `3 10:24` is three days ago at that time on the clock of `now`."""
    if when[-1] in "mh":
        return now - timedelta(**{"minutes" if when[-1] == "m" else "hours": float(when[:-1])})
    days, clock = when.split()
    hour, minute = clock.split(":")
    return (now - timedelta(days=int(days))).replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)


def timeline(stories: tuple[Story, ...], now: datetime) -> list[Moment]:
    """Every step of every story, as it happened."""
    moments = [
        Moment(moment(step.when, now), story, step, order)
        for story in stories
        for order, step in enumerate(story.steps)
    ]
    return sorted(moments, key=lambda each: (each.at, each.order))
