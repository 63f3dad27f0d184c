"""Reasons that are kept as English sentences, told again in the reader's language.

Why a mail was not read, not sent or not believed is written down once, by processes that serve nobody in particular.
What another server said stays as it said it.
"""

from __future__ import annotations

import re
from functools import cache

from django.utils.translation import gettext, gettext_noop

# As they are written where they arise; {name} is whatever stands there. The longer before its own beginning.
KNOWN = (
    gettext_noop("names no conversation of ours"),
    gettext_noop("points at #{ticket}, but the sender's authentication failed"),
    gettext_noop("points at #{ticket} without proof, from somebody who does not take part in it"),
    gettext_noop("bears the Message-ID of another mail, in #{ticket}"),
    gettext_noop("#{ticket} is closed, its follow-up is #{other}"),
    gettext_noop("#{ticket} is closed"),
    gettext_noop("no usable recipient address"),
    gettext_noop("no outgoing mail server is set (EMAIL_URL)"),
    gettext_noop("an attached file is missing on storage"),
    gettext_noop("could not be written as a mail ({error})"),
    gettext_noop("Much mail goes to this domain: it waits for its turn."),
    gettext_noop("This domain has asked for less mail for a while."),
    gettext_noop("given up after two days: {detail}"),
    gettext_noop("The worker stopped before sending."),
    gettext_noop("The worker stopped while sending."),
    gettext_noop("The worker stopped at every try."),
    gettext_noop("{count} tries to read this mail did not come to an end"),
    gettext_noop("{error} while reading the mail"),
    gettext_noop("timeout: reading took longer than {seconds} s"),
    gettext_noop("timeout: reading took more than {seconds} s of CPU"),
    gettext_noop("crash: the parsing process ended ({code})"),
    gettext_noop("memory: more memory than a mail may take"),
    gettext_noop("nothing listens for mail on {address}"),
    gettext_noop("mailbox {name}: {detail}"),
    gettext_noop("nobody has looked into it for too long"),
    gettext_noop("the server does not give this mail: {detail}"),
    gettext_noop("the server does not give this mail, without a reason"),
    gettext_noop("the server gives this mail without its text"),
    gettext_noop("the connection broke {count} times while this mail was being fetched"),
    gettext_noop("the connection broke while this mail was being fetched again"),
    gettext_noop("the mail is no longer in the mailbox; this is its header"),
    gettext_noop("{detail}, the mail itself is still in the mailbox"),
    gettext_noop("larger than {limit} MB ({size} MB): only its header was fetched"),
    gettext_noop("the provider calls another address than ours, or none"),
)
_FIELD = re.compile(r"\\\{(\w+)\\\}")


def retold(reason: str, known: tuple[str, ...] = KNOWN) -> str:
    """The reason in the reader's language; as it is when another server worded it. Sentences of ours that pages say
    too need not be `known`."""
    for sentence, pattern in _patterns(known):
        if found := pattern.fullmatch(reason):
            values = found.groupdict()
            if "detail" in values:
                values["detail"] = retold(values["detail"], known)
            return gettext(sentence).format_map(values)
    return gettext(reason) if reason else ""


@cache
def _patterns(known: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((one, re.compile(_FIELD.sub(_anything, re.escape(one)))) for one in known)


def _anything(field: re.Match[str]) -> str:
    """Details may be sentences themselves, everything else is one word."""
    return f"(?P<{field[1]}>.*)" if field[1] == "detail" else rf"(?P<{field[1]}>\S+)"
