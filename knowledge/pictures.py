"""Pictures of articles: taken in our own encoding, so that what is shown is never what somebody sent."""

from __future__ import annotations

import io

from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image

from people.models import Agent
from people.permissions import Permission
from people.sniff import sniff
from people.storage import store_blob
from people.thumbs import MAX_SOURCE_BYTES, RASTER_TYPES, NoPicture, make_picture

from .errors import InvalidInput
from .models import ArticlePicture
from .writing import lock_article, refuse_unless

WIDEST = 1600
MOST_OF_ONE = 100


def add_picture(article_id: int, content: bytes, filename: str, *, by: Agent) -> ArticlePicture:
    """Keep a picture for an article; who writes puts it into the text. InvalidInput for what is none."""
    refuse_unless(by, Permission.SUGGEST_ARTICLES)
    if len(content) > MAX_SOURCE_BYTES or sniff(content, filename) not in RASTER_TYPES:
        raise InvalidInput("file", _("Only PNG, JPEG, GIF and WebP pictures up to 25 MB."))
    try:
        drawn, media_type = make_picture(io.BytesIO(content), bound=WIDEST)
    except NoPicture:
        raise InvalidInput("file", _("This picture could not be read.")) from None
    width, height = Image.open(io.BytesIO(drawn)).size
    sha256 = store_blob(drawn)
    with transaction.atomic():
        article = lock_article(article_id)
        if article.pictures.count() >= MOST_OF_ONE:
            raise InvalidInput("file", _("This article has too many pictures."))
        return ArticlePicture.objects.create(
            article=article, sha256=sha256, content_type=media_type, size=len(drawn), width=width, height=height,
            filename=filename.replace("\0", "")[-200:], by=by,
        )  # fmt: skip
