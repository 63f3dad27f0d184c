"""Finding an address or a number in bytes that nobody has taken apart. Whole: who erases ann@x.example takes nothing
of joann@x.example, nor of ann@x.example.ua."""

from __future__ import annotations

from typing import Any

# A letter that only ends an escape of JSON belongs to no address.
_BEFORE = r"(?:(?<![a-z0-9._%+-])|(?<=\\[nrt]))"
_AFTER = r"(?![a-z0-9-]|\.[a-z0-9])"


def naming(column: str, address: str) -> dict[str, Any]:
    """Arguments of `QuerySet.extra`: rows whose bytes in `column` name the address, in whatever case.

    Bytes of any kind: PostgreSQL's escape format has no byte that it could stumble over, as casts of text do over each
    backslash and each NUL.
    """
    return {"where": [f"encode({column}, 'escape') ~* %s"], "params": [_BEFORE + _literal(address) + _AFTER]}


def _literal(text: str) -> str:
    return "".join(_octet(octet) for octet in text.encode())


def _octet(octet: int) -> str:
    if octet >= 128:
        return f"\\\\{octet:03o}"
    return chr(octet) if chr(octet).isalnum() else f"\\{chr(octet)}"
