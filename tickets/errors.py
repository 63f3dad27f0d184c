"""What can be refused, and the word for it that pages and the API show."""

from __future__ import annotations

from collections.abc import Sequence


class DomainError(Exception):
    """A refusal the caller can act on; nothing was changed. `code` is stable, `message` is for people."""

    code = "refused"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(DomainError):
    """No such thing within what the actor may see; the two cases are not told apart."""

    code = "not_found"


class InvalidInput(DomainError):
    """One field's value cannot be used."""

    code = "invalid"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class StaleReply(DomainError):
    """The screen is behind: `missed` are the sequences that came after what the sender had seen."""

    code = "stale"

    def __init__(self, message: str, missed: Sequence[int]) -> None:
        super().__init__(message)
        self.missed = tuple(missed)


class NewAddress(DomainError):
    """The reply would reach addresses outside this conversation that nobody confirmed."""

    code = "new_address"

    def __init__(self, message: str, addresses: Sequence[str]) -> None:
        super().__init__(message)
        self.addresses = tuple(addresses)


class MaskedWords(DomainError):
    """Numbers in a reply will be masked, which nobody has agreed to yet; `masks` are what will stand there."""

    code = "masked_words"

    def __init__(self, message: str, masks: Sequence[str]) -> None:
        super().__init__(message)
        self.masks = tuple(masks)


class FieldsMissing(DomainError):
    """The ticket cannot be closed before something is said in these fields; `fields` are their numbers."""

    code = "fields_missing"

    def __init__(self, message: str, fields: Sequence[int]) -> None:
        super().__init__(message)
        self.fields = tuple(fields)


class TicketClosed(DomainError):
    """A closed ticket is history and takes no change."""

    code = "closed"


class TicketMerged(TicketClosed):
    """What it was about stands in another ticket now; `into` is its number."""

    code = "merged"

    def __init__(self, message: str, into: int) -> None:
        super().__init__(message)
        self.into = into


class DifferentCustomers(DomainError):
    """The tickets are of two people; whoever means it says so."""

    code = "different_customers"


class TooLate(DomainError):
    """What should be undone has already happened."""

    code = "too_late"


class IdempotencyMismatch(DomainError):
    """The same client id was used for something else."""

    code = "idempotency_mismatch"
