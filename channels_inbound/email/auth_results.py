"""The verdicts of our own receiving server (RFC 8601). What any other server claims counts for nothing."""

import re
from collections.abc import Collection, Sequence
from dataclasses import astuple

from channels_inbound.email.mime import Fields
from channels_inbound.email.parsed import AuthVerdicts

_RESULT = re.compile(r"(spf|dkim|dmarc)\s{0,20}=\s{0,20}([a-z]{1,20})")
_FROM_DOMAIN = re.compile(r"header\.from\s{0,5}=\s{0,5}(?:[^\s;@]{1,320}@)?([^\s;]{1,255})")
_VERDICTS = {"pass": "pass", "fail": "fail", "hardfail": "fail", "softfail": "fail", "policy": "fail"}


def read_auth(fields: Fields, trusted_authserv_ids: Collection[str], senders: Sequence[str] = ()) -> AuthVerdicts:
    """SPF, DKIM and DMARC from the topmost trusted header; `senders` are the addresses in From.

    Below the second hop stands what came from outside, where anybody can write our name; one hop may stand above,
    since some servers put their own Received over what they found. A mail with several senders passes nothing, since
    nobody can say which one was checked, and a DMARC verdict counts for the domain it names.
    """
    trusted = {name.lower() for name in trusted_authserv_ids}
    found: dict[str, list[str]] = {}
    hops = 0
    for name, value in fields:
        hops += name == "received" and value.lstrip().lower().startswith(b"from ")
        if hops > 1:
            break
        if name == "authentication-results" and trusted:
            server, _, results = _without_comments(value.decode("latin-1").lower()).partition(";")
            if server.split() and server.split()[0].strip('"') in trusted:
                found = _read_results(results, senders)
                break
    verdicts = AuthVerdicts(*(_verdict(found.get(method, [])) for method in ("spf", "dkim", "dmarc")))
    if len(senders) > 1 or sum(1 for name, _ in fields if name == "from") > 1:
        return AuthVerdicts(*("none" if verdict == "pass" else verdict for verdict in astuple(verdicts)))
    return verdicts


def _read_results(text: str, senders: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for statement in text.split(";"):
        result = _RESULT.match(statement.strip())
        if result and not (result.group(1) == "dmarc" and _is_about_another(statement, senders)):
            found.setdefault(result.group(1), []).append(result.group(2))
    return found


def _is_about_another(statement: str, senders: Sequence[str]) -> bool:
    """Whether a DMARC statement names a domain that is not the sender's."""
    found = _FROM_DOMAIN.search(statement)
    named = found.group(1).strip('"').rstrip(".") if found else ""
    domains = {sender.lower().rpartition("@")[2] for sender in senders if "@" in sender}
    return "." in named and bool(domains) and named not in domains


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
