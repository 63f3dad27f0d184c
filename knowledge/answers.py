"""What readers leave behind: that an article was opened, whether it helped, what was searched for in vain. Counted
without accounts and without anything that tells who it was."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from people.finding.text import normalise

from .errors import InvalidInput, NotFound
from .models import LONGEST_COMMENT, ArticleFeedback, Audience
from .reading import published

# Programs that fetch pages for themselves; they say so, and those that do not are not told apart.
_ROBOT = re.compile(r"bot|crawl|spider|slurp|preview|fetch|monitor|curl|wget|python|headless", re.IGNORECASE)
# What could be an address, a telephone or an order of somebody.
_PERSONAL = re.compile(r"@|\d{4,}|\d[\d ().-]{6,}\d")
_SHORTEST_MISS, _LONGEST_MISS = 3, 100
_COUNT_VIEW = """
INSERT INTO knowledge_articleviews (article_id, language, day, count) VALUES (%s, %s, %s, 1)
ON CONFLICT (article_id, day, language) DO UPDATE SET count = knowledge_articleviews.count + 1
"""
_COUNT_MISS = """
INSERT INTO knowledge_searchmiss (language, query, day, count) VALUES (%s, %s, %s, 1)
ON CONFLICT (day, language, query) DO UPDATE SET count = knowledge_searchmiss.count + 1
"""


def is_robot(user_agent: str) -> bool:
    return not user_agent or bool(_ROBOT.search(user_agent))


def count_view(article_id: int, language: str) -> None:
    """One more opening today."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_VIEW, [article_id, language, timezone.localdate()])


def note_miss(query: str, language: str) -> bool:
    """Count a search that found nothing, unless somebody could be named in it; whether it was counted."""
    said = " ".join(normalise(query).replace("\0", " ").split())
    if not _SHORTEST_MISS <= len(said) <= _LONGEST_MISS or _PERSONAL.search(said):
        return False
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_MISS, [language, said, timezone.localdate()])
    return True


def reader_of(address: str, user_agent: str, day: str) -> str:
    """A keyed digest of the browser on that day, another one on the next."""
    return salted_hmac("knowledge.reader", f"{day}|{address}|{user_agent}", algorithm="sha256").hexdigest()


def give_feedback(
    article_id: int, *, language: str, reader: str, helped: bool, comment: str = "", at: datetime | None = None
) -> ArticleFeedback:
    """What a reader says of an article; said again on the same day it is changed, not counted twice. NotFound for an
    article they cannot read."""
    comment = comment.replace("\0", "").strip()
    if len(comment) > LONGEST_COMMENT:
        raise InvalidInput("comment", _("This is too long."))
    now = at or timezone.now()
    day = timezone.localdate(now)
    with transaction.atomic():
        if not published(Audience.PUBLIC).filter(article=article_id, language=language).exists():
            raise NotFound(_("There is no such article."))
        values: dict[str, object] = {"helped": helped, "at": now, "language": language}
        if comment:
            values["comment"] = comment
        row, _made = ArticleFeedback.objects.update_or_create(
            article_id=article_id, day=day, reader=reader, defaults=values
        )
    return row
