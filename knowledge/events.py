"""What happens to articles, noun.past; each in its article's own stream. Data carries ids, languages and numbers."""

from __future__ import annotations

from enum import StrEnum


class ArticleEvent(StrEnum):
    CREATED = "article.created"
    EDITED = "article.edited"  # {language, revision}: of the draft; readers see nothing of it yet
    PUBLISHED = "article.published"  # {language, revision, slug}
    UNPUBLISHED = "article.unpublished"  # {language}
    ARCHIVED = "article.archived"
    TAKEN_BACK = "article.taken_back"  # out of the archive
    RESTORED = "article.restored"  # {language, revision, from}: an older text is the draft again
    DISCARDED = "article.discarded"  # {language, revision}: the draft is what readers see
    CHANGED = "article.changed"  # {what it was, what it is}: category, who may read, words to find it by
    MOVED = "article.moved"  # {category, position}


class CategoryEvent(StrEnum):
    SAVED = "help_category.saved"
    MOVED = "help_category.moved"
    REMOVED = "help_category.removed"


class CentreEvent(StrEnum):
    SAVED = "help_centre.saved"


ARTICLE_STREAM = "article"
# Categories and settings stand in one stream, under the lock of the settings' row.
CENTRE_STREAM = ("help_centre", 0)
