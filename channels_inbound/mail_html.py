"""The HTML of a stored message as its frame shows it: cleaned by today's sanitizer, pictures mapped or held back."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape, unescape

from django.utils.safestring import SafeString, mark_safe

from channels_inbound.email.elements import Attributes, change_elements, replaced, value_of
from channels_inbound.email.sanitizer import clean_again, sanitizer_number
from channels_inbound.mail_colours import in_readers_colours
from tickets.files import inline_picture_url
from tickets.models import Message, MessageKind


def shown_html(message: Message) -> SafeString:
    """What the frame's body holds. Remote pictures stay out until `show_remote`.

    The only place that calls a stranger's HTML safe: it comes from the sanitizer, what is added here is escaped, and
    the frame's own policy forbids scripts if both should fail.
    """
    html = refresh_html(message)
    if " data-cid=" in html:
        html = with_pictures(html, _pictures(message))
    if message.show_remote:
        html = change_elements(html, {"img"}, _fetched)
    return mark_safe(html)  # noqa: S308


def _fetched(image: Attributes) -> Attributes:
    remote = value_of(image, "data-remote-src")
    if remote is None:
        return image
    kind = (("src", remote), ("referrerpolicy", "no-referrer"), ("loading", "lazy"))
    return replaced(image, "data-remote-src", *kind)


def framed_html(html: str, pictures: Mapping[str, str]) -> SafeString:
    """The same for HTML that comes from the sanitizer just now: an attached mail's. Remote pictures stay out."""
    return mark_safe(with_pictures(html, pictures))  # noqa: S308


def refresh_html(message: Message) -> str:
    """The stored HTML, cleaned again first if another version of the sanitizer cleaned it."""
    if not message.html or message.html_version == sanitizer_number():
        return message.html
    html = clean_again(message.html)
    if message.kind == MessageKind.INBOUND:
        Message.objects.filter(pk=message.pk, html_version=message.html_version).update(
            html=html, html_version=sanitizer_number()
        )
        message.html, message.html_version = html, sanitizer_number()
    return html


def in_theme(html: SafeString) -> tuple[SafeString, bool]:
    """What may be shown in the reader's colours, and whether it needs paper below it because it has its own."""
    plain = in_readers_colours(html)
    # Only colours were taken out of what was safe already.
    return (html, True) if plain is None else (mark_safe(plain), False)  # noqa: S308


def _pictures(message: Message) -> dict[str, str]:
    files = message.attachments.exclude(content_id="")
    return {file.content_id.strip("<>"): inline_picture_url(file.public_id) for file in files}


def with_pictures(html: str, addresses: Mapping[str, str]) -> str:
    """Cleaned HTML whose own pictures, named by content id, are fetched from these addresses."""

    def shown(image: Attributes) -> Attributes:
        id = value_of(image, "data-cid")
        if id is None:
            return image
        address = addresses.get(unescape(id).strip("<>"))
        return replaced(image, "data-cid", *((("src", escape(address)),) if address else ()))

    return change_elements(html, {"img"}, shown)
