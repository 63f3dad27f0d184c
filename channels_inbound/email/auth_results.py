"""The verdicts of our own receiving server (RFC 8601). What any other server claims counts for nothing."""

import re
from collections.abc import Collection

from channels_inbound.email.mime import Fields
from channels_inbound.email.parsed import AuthVerdicts

_RESULT = re.compile(r"(spf|dkim|dmarc)\s{0,20}=\s{0,20}([a-z]{1,20})")
_VERDICTS = {"pass": "pass", "fail": "fail", "hardfail": "fail", "softfail": "fail", "policy": "fail"}


def read_auth(fields: Fields, trusted_authserv_ids: Collection[str]) -> AuthVerdicts:
    """SPF, DKIM and DMARC from the topmost run of trusted headers.

    The run ends at the next Received header: below it stands what came from outside, where anybody can write our
    name. A mail with two From headers passes nothing, since nobody can say which one was checked.
    """
    trusted = {name.lower() for name in trusted_authserv_ids}
    found: dict[str, list[str]] = {}
    inside = False
    for name, value in fields:
        if name == "received" and inside:
            break
        if name == "authentication-results" and trusted:
            server, _, results = _without_comments(value.decode("latin-1").lower()).partition(";")
            if server.split() and server.split()[0].strip('"') in trusted:
                inside = True
                for method, results_of in _read_results(results).items():
                    found.setdefault(method, results_of)
    if sum(1 for name, _ in fields if name == "from") > 1:
        return AuthVerdicts()
    return AuthVerdicts(*(_verdict(found.get(method, [])) for method in ("spf", "dkim", "dmarc")))


def _read_results(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for statement in text.split(";"):
        result = _RESULT.match(statement.strip())
        if result:
            found.setdefault(result.group(1), []).append(result.group(2))
    return found


def _verdict(results: list[str]) -> str:
    """One passing signature is enough; errors of the check (temperror, neutral) are no failure of the sender."""
    verdicts = {_VERDICTS.get(result, "none") for result in results}
    return next((verdict for verdict in ("pass", "fail") if verdict in verdicts), "none")


def _without_comments(text: str) -> str:
    out, depth = [], 0
    for piece in re.split(r"([()])", text):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth = max(depth - 1, 0)
        elif not depth:
            out.append(piece)
    return "".join(out)
