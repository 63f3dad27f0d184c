"""What can be refused, and the word for it that pages and the API show."""

from __future__ import annotations

from datetime import datetime


class KnowledgeError(Exception):
    """A refusal the caller can act on; nothing was changed. `code` is stable, `message` is for people."""

    code = "refused"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(KnowledgeError):
    """No such thing within what the actor may see; the two cases are not told apart."""

    code = "not_found"


class InvalidInput(KnowledgeError):
    """One field's value cannot be used."""

    code = "invalid"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class StaleText(KnowledgeError):
    """Somebody saved the text since it was opened: `revision` is what it is now, `by` and `at` who and when. What they
    wrote is in the draft; what was to be saved is with the caller, who shows both."""

    code = "stale"

    def __init__(self, message: str, revision: int, by: str, at: datetime | None) -> None:
        super().__init__(message)
        self.revision, self.by, self.at = revision, by, at
