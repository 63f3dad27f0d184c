"""How fast mail goes to each domain. A domain that says "too many" is left alone for a while, it and no other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from channels_inbound.models import DomainPace

FIRST_PAUSE = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(hours=1)
TURN_LASTS = timedelta(minutes=2)  # that nobody came to take is given anew
_MAX_STREAK = 6
# RFC 3463 4.7.0, 4.7.28 and 4.7.650 as Google and Microsoft use them, Yahoo's TS codes, and plain words.
_TOO_FAST = re.compile(
    r"\b4\.7\.(?:0|1|28|65\d)\b|\bTS0\d\b|\bRP-00\d\b|too (?:many|fast|much)|rate.?limit|throttl|slow down|"
    r"exceed(?:s|ed|ing)|temporarily deferred|unusual rate|try again later due to",
    re.IGNORECASE,
)
# The row holds the last minute that turns were given of, which may be to come, and how many of it.
_TAKE = """
INSERT INTO channels_inbound_domainpace AS pace (domain, minute, sent, streak, detail)
VALUES (%(domain)s, %(minute)s, 1, 0, '')
ON CONFLICT (domain) DO UPDATE SET
    minute = CASE
        WHEN pace.minute < %(minute)s THEN %(minute)s
        WHEN pace.sent < %(limit)s THEN pace.minute
        ELSE pace.minute + interval '1 minute'
    END,
    sent = CASE WHEN pace.minute >= %(minute)s AND pace.sent < %(limit)s THEN pace.sent + 1 ELSE 1 END
RETURNING minute
"""


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()[:253]


def says_too_fast(words: str) -> bool:
    """Whether a temporary refusal is about how much comes, not about this mail."""
    return words[:1] == "4" and bool(_TOO_FAST.search(words))


def held_domains(domains: Iterable[str], *, at: datetime) -> dict[str, datetime]:
    """Those of the domains that want no mail now, and until when."""
    paused = DomainPace.objects.filter(domain__in=sorted(set(domains)), paused_until__gt=at)
    return {row.domain: row.paused_until for row in paused if row.paused_until}


def take_turns(domains: Iterable[str], *, at: datetime) -> dict[str, datetime]:
    """Give one mail a turn at each domain; those whose minute is full, and the minute in which its turn comes. Turns
    are given in the order in which they are asked for: whoever waits is not overtaken by what is written later."""
    minute = at.replace(second=0, microsecond=0)
    later = {}
    with transaction.atomic(), connection.cursor() as cursor:
        for domain in sorted(set(domains)):
            limit: int = settings.MAILS_PER_DOMAIN_MINUTE
            cursor.execute(_TAKE, {"domain": domain, "minute": minute, "limit": limit})
            (turn,) = cursor.fetchone()
            if turn > minute:
                later[domain] = turn
    return later


def note_answers(refusals: Mapping[str, str], *, at: datetime) -> datetime | None:
    """Pause each domain whose server said "too many" (words by recipient); until when, for the last to open again."""
    said = {domain_of(who): words for who, words in refusals.items() if says_too_fast(words)}
    until = None
    for domain, words in sorted(said.items()):
        paused = _pause(domain, words, at)
        until = max(until, paused) if until else paused
    return until


def note_taken(domains: Iterable[str]) -> None:
    """They take mail again: the next pause begins short."""
    paused = DomainPace.objects.filter(domain__in=sorted(set(domains)), streak__gt=0)
    paused.update(streak=0, paused_until=None, detail="")


@transaction.atomic
def _pause(domain: str, words: str, at: datetime) -> datetime:
    minute = at.replace(second=0, microsecond=0)
    DomainPace.objects.get_or_create(domain=domain, defaults={"minute": minute})
    pace = DomainPace.objects.select_for_update().get(pk=domain)
    if pace.paused_until and pace.paused_until > at:  # another worker heard it too
        return pace.paused_until
    pace.paused_until = at + min(FIRST_PAUSE * 2**pace.streak, LONGEST_PAUSE)
    pace.streak, pace.detail = min(pace.streak + 1, _MAX_STREAK), words[:300]
    pace.save()
    return pace.paused_until
