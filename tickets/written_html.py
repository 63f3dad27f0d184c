"""The allow-list for what our own people write, by the name the spine knows it under; it lies below, since agents'
signatures are written in the same way."""

from people.written_html import (
    LONGEST,
    clean_written_html,
    html_of_text,
    pictures_of,
    replace_pictures,
    text_of_html,
)

__all__ = ["LONGEST", "clean_written_html", "html_of_text", "pictures_of", "replace_pictures", "text_of_html"]
