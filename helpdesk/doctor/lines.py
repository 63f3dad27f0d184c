"""What a line of the checklist can say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.checks import CheckMessage
from django.core.checks import messages as levels
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

Look = Callable[[], Iterator["Problem"]]


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be, in words for operators, and what to do in one line.

    Both in the language that was active when it was looked at; names to be typed stand between backticks.
    """

    state: State
    said: str
    cure: str


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the checklist after a look."""

    number: int
    title: Any  # translated when it is shown
    problems: tuple[Problem, ...]

    @property
    def state(self) -> State:
        states = {problem.state for problem in self.problems}
        return State.FAIL if State.FAIL in states else State.WARN if State.WARN in states else State.OK


def warn(said: str, cure: str) -> Problem:
    return Problem(State.WARN, said, cure)


def fail(said: str, cure: str) -> Problem:
    return Problem(State.FAIL, said, cure)


class Sentence(str):
    """English with values in it, as `manage.py check` prints it, that can be said again in the reader's language."""

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: Any) -> Sentence:
        made = super().__new__(cls, template % values)
        made.template, made.values = template, values
        return made

    def retold(self) -> str:
        return gettext(self.template) % self.values


def as_problem(message: CheckMessage) -> Problem:
    """What Django's and our own checks say, as a line says it."""
    state = State.FAIL if message.level >= levels.ERROR else State.WARN
    see = gettext("See `%(check)s` in what `manage.py check --deploy` says.") % {"check": message.id}
    if str(message.id).startswith("security."):
        # Django words its own in English only, and at length.
        known = DJANGO.get(str(message.id), _("Django objects to the settings: `%(check)s`."))
        return Problem(state, gettext(known) % {"check": message.id}, see)
    said = message.msg.retold() if isinstance(message.msg, Sentence) else gettext(str(message.msg))
    return Problem(state, said, gettext(str(message.hint)) if message.hint else see)


DJANGO = {
    "security.W003": _("Forms are not guarded: `CsrfViewMiddleware` is missing."),
    "security.W004": _("Browsers are not told to insist on https: `SECURE_HSTS_SECONDS` is 0."),
    "security.W005": _("Subdomains may be visited without https: `SECURE_HSTS_INCLUDE_SUBDOMAINS` is off."),
    "security.W008": _("Pages are not forced to https: `SECURE_SSL_REDIRECT` is off."),
    "security.W009": _("Django finds the secret key too weak."),
    "security.W018": _("`DEBUG` is on in production."),
    "security.W019": _("Pages may stand in frames of other sites: `X_FRAME_OPTIONS` is not `DENY`."),
    "security.W020": _("Pages answer to no name: `ALLOWED_HOSTS` is empty."),
    "security.W021": _("Browsers may not keep this host in their https list: `SECURE_HSTS_PRELOAD` is off."),
    "security.W022": _("Other sites learn which page one came from: `SECURE_REFERRER_POLICY` is not set."),
}
