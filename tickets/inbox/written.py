"""What our own people wrote, with its formatting, in the page itself: the allow-list leaves nothing active."""

from __future__ import annotations

from django.utils.safestring import SafeString, mark_safe

from people.written_html import clean_written_html, pictures_of, replace_pictures
from tickets.files import inline_picture_url
from tickets.models import Message, MessageKind


def written_html(message: Message) -> SafeString | None:
    """A reply's or note's HTML, cleaned again by today's rules, its pictures by short-lived addresses; None for
    plain text and for everything that came from outside."""
    if not message.html or message.kind == MessageKind.INBOUND:
        return None
    html = clean_written_html(message.html)
    addresses = {picture: inline_picture_url(picture) for picture in pictures_of(html)}
    return mark_safe(replace_pictures(html, addresses).replace("<img ", '<img loading="lazy" '))  # noqa: S308
