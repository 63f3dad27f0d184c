"""Where channels take the guard of outgoing connections from."""

from people.egress import (
    AddressRefused,
    EgressError,
    NameNotFound,
    checked_addresses,
    connect,
    is_loopback,
    tls_context,
    trusted_authorities,
)

__all__ = [
    "AddressRefused", "EgressError", "NameNotFound", "checked_addresses", "connect", "is_loopback", "tls_context",
    "trusted_authorities",
]  # fmt: skip
