from .agent import Agent, Membership, Role, Team
from .customer import HARD_BOUNCES, Customer, Identity, IdentityKind, Trust
from .idempotency import IdempotentRequest
from .token import ApiToken, TokenScope

__all__ = [
    "HARD_BOUNCES",
    "Agent",
    "ApiToken",
    "Customer",
    "IdempotentRequest",
    "Identity",
    "IdentityKind",
    "Membership",
    "Role",
    "Team",
    "TokenScope",
    "Trust",
]
