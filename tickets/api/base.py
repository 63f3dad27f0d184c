"""What the endpoints of the spine share: the scope, and the domain's refusals as problems."""

from __future__ import annotations

from collections.abc import Callable

from people.api.base import ApiView
from people.api.problems import NotFoundProblem, Problem, invalid_input
from people.watching import BudgetSpent, saw_ticket
from tickets.errors import (
    DomainError,
    FieldsMissing,
    IdempotencyMismatch,
    InvalidInput,
    NewAddress,
    NotFound,
    StaleReply,
    TooLate,
)
from tickets.models import Ticket
from tickets.queries import TicketQuerySet


class SpineView(ApiView):
    """Everything below a ticket is fetched through the tickets this agent may see."""

    area = "tickets"

    @property
    def tickets(self) -> TicketQuerySet:
        return Ticket.objects.visible_to(self.agent)

    def ticket(self, ticket_id: int) -> Ticket:
        """The ticket without what hangs on it, or 404."""
        return self.one(self.tickets, pk=ticket_id)

    def opened(self, ticket: Ticket) -> Ticket:
        """The same ticket, noted as seen by whom the token acts for. To be called before anything of it is told."""
        saw_ticket(self.agent, ticket.pk)
        return ticket

    @property
    def may_read(self) -> bool:
        """Whether the token may, and not only write."""
        return bool({"read", f"{self.area}:read"} & set(getattr(self.request.auth, "scopes", ())))

    def translate(self, exc: Exception) -> Exception:
        if isinstance(exc, BudgetSpent):
            return Problem(429, "budget_spent", str(exc))
        return refusal(exc) if isinstance(exc, DomainError) else exc


def refusal(error: DomainError) -> Problem:
    """The problem document for a domain error; a new kind without an entry is a plain 409."""
    for kind, problem in _PROBLEMS.items():
        if isinstance(error, kind):
            return problem(error)
    return Problem(409, error.code, error.message)


def _invalid(error: DomainError) -> Problem:
    assert isinstance(error, InvalidInput)
    return invalid_input([{"field": error.field, "code": error.code, "detail": error.message}])


def _new_address(error: DomainError) -> Problem:
    assert isinstance(error, NewAddress)
    detail = f"{error.message} Repeat the request with them in confirm_addresses."
    return Problem(422, error.code, detail, addresses=list(error.addresses))


def _missing(error: DomainError) -> Problem:
    assert isinstance(error, FieldsMissing)
    return Problem(422, error.code, error.message, fields=list(error.fields))


def _stale(error: DomainError) -> Problem:
    assert isinstance(error, StaleReply)
    return Problem(409, error.code, error.message, missed=list(error.missed))


_PROBLEMS: dict[type[DomainError], Callable[[DomainError], Problem]] = {
    NotFound: lambda error: NotFoundProblem(),
    InvalidInput: _invalid,
    NewAddress: _new_address,
    FieldsMissing: _missing,
    StaleReply: _stale,
    TooLate: lambda error: Problem(409, error.code, error.message),
    IdempotencyMismatch: lambda error: Problem(422, error.code, error.message),
}
