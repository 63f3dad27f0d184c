from .access import AccessRules
from .agent import Agent, Membership, Role, Team
from .availability import Availability, Presence
from .brand import Brand, BrandLogo
from .contact import ContactRules, UnpromptedContact
from .customer import (
    HARD_BOUNCES,
    Claim,
    Customer,
    CustomerNote,
    Identity,
    IdentityKind,
    MailKind,
    Trust,
    Unsubscription,
)
from .idempotency import IdempotentRequest
from .role import CustomRole
from .session import AgentSession
from .sign_in_service import ServiceKind, SignInLink, SignInService
from .token import ApiToken, TokenScope

__all__ = [
    "HARD_BOUNCES",
    "AccessRules",
    "Agent",
    "AgentSession",
    "ApiToken",
    "Availability",
    "Brand",
    "BrandLogo",
    "Claim",
    "ContactRules",
    "CustomRole",
    "Customer",
    "CustomerNote",
    "IdempotentRequest",
    "Identity",
    "IdentityKind",
    "MailKind",
    "Membership",
    "Presence",
    "Role",
    "ServiceKind",
    "SignInLink",
    "SignInService",
    "Team",
    "TokenScope",
    "Trust",
    "UnpromptedContact",
    "Unsubscription",
]
