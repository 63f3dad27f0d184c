"""What opens something in a link: a password or token in its query, a sign-in before its host, the way to a reset.

Pure and linear, as `finding`. A link is looked at part by part, since a pattern over the whole of it would have to try
every place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

# As it stands in a text, or in an address of HTML that was unescaped.
_LINK = re.compile(r"https?://[^\s<>\"'«»]{4,4000}", re.IGNORECASE)
_PART = re.compile(r"[^/?#&;=]+")
_TRAILING = ".,;:!?)]}*_"
_PASSWORDS = frozenset({"password", "passwd", "passwort", "passphrase", "pwd", "pass", "haslo", "parol"})
_TOKENS = frozenset({
    "access_token", "auth_token", "id_token", "refresh_token", "reset_token", "reset_password_token", "session_token",
    "confirmation_token", "invitation_token", "login_token", "magic_token", "api_key", "apikey", "client_secret",
    "secret", "sessionid", "session_id", "phpsessid", "jsessionid", "jwt", "otp",
})  # fmt: skip
# These say what they are only in a link that says what it is for: parcels, photographs and orders have tokens too.
_VAGUE = frozenset({"token", "code", "key", "hash", "sig", "signature", "t", "k", "c", "id", "uid"})
_OPENS = re.compile(
    r"reset|passw|recover|magic|log-?in|sign-?in|sign-?up|oauth|verif|activat|confirm-?e|invit|one-?time|2fa|(?<![a-z])otp",
    re.IGNORECASE,
)
# A step of a path that is no word: long, with digits and letters.
_RANDOM = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[A-Za-z0-9_.~%:-]{16,}")
_SHORTEST_TOKEN, _SHORTEST_VAGUE = 6, 12
_SHORTEST_PASSWORD, _SHORTEST_OF_LETTERS = 5, 8  # `pass=true` is none, and words go wherever else they stand
_RESET_LONGEST = 600

Credential = tuple[int, int, Literal["password", "key"]]


def credentials(text: str) -> Iterator[Credential]:
    """Where in the text such a thing stands in a link, and which it is."""
    for link in _LINK.finditer(text):
        start = link.start() + link.group().index("://") + 3
        yield from _in_link(text, start, start + len(text[start : link.end()].rstrip(_TRAILING)))


def without_links(text: str) -> str:
    """The text with every link blank, so that places in it stay what they are."""
    return _LINK.sub(lambda link: " " * len(link.group()), text)


def _in_link(text: str, start: int, end: int) -> Iterator[Credential]:
    host_end = min((at for at in (text.find(sign, start, end) for sign in "/?#") if at >= 0), default=end)
    yield from _before_host(text, start, host_end)
    query = min((at for at in (text.find(sign, host_end, end) for sign in "?#") if at >= 0), default=end)
    opens = _OPENS.search(text, host_end, end) is not None
    if opens:
        for step in _PART.finditer(text, host_end, min(query, host_end + _RESET_LONGEST)):
            if _RANDOM.fullmatch(step.group()):
                yield *step.span(), "key"
    name = ""
    for part in _PART.finditer(text, query, end):
        if text[part.start() - 1] != "=":
            name = part.group().lower().replace("-", "_")
        elif kind := _kind_of(name, part.group(), opens=opens):
            yield *part.span(), kind


def _before_host(text: str, start: int, end: int) -> Iterator[Credential]:
    at = text.rfind("@", start, end)
    colon = text.find(":", start, at) if at > 0 else -1
    if 0 < colon < at - 1:
        yield colon + 1, at, "password"


def _kind_of(name: str, value: str, *, opens: bool) -> Literal["password", "key"] | None:
    if value.startswith("•"):
        return None
    if name in _PASSWORDS and len(value) >= (_SHORTEST_OF_LETTERS if value.isalpha() else _SHORTEST_PASSWORD):
        return "password"
    if name in _TOKENS and len(value) >= _SHORTEST_TOKEN:
        return "key"
    random = any(one.isdigit() for one in value) and any(one.isalpha() for one in value)
    return "key" if opens and name in _VAGUE and random and len(value) >= _SHORTEST_VAGUE else None
