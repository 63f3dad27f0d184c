"""What DNS says of a domain we send from: SPF, DKIM and DMARC in plain sentences, and the record that is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from channels_inbound.email.headers_out import wire_address
from channels_inbound.models import DkimKey
from channels_inbound.outgoing.dns import DnsUnreachable, Lookup
from channels_inbound.outgoing.keys import Published, published

# What the big providers ask their customers to include.
INCLUDES = {
    "gmail.com": "_spf.google.com", "google.com": "_spf.google.com", "office365.com": "spf.protection.outlook.com",
    "outlook.com": "spf.protection.outlook.com", "amazonaws.com": "amazonses.com", "sendgrid.net": "sendgrid.net",
    "mailgun.org": "mailgun.org", "mailjet.com": "spf.mailjet.com", "brevo.com": "spf.brevo.com",
    "postmarkapp.com": "spf.mtasv.net", "zoho.com": "zohomail.com", "zoho.eu": "zohomail.eu",
    "yandex.net": "_spf.yandex.net", "ukr.net": "_spf.ukr.net", "messagingengine.com": "spf.messagingengine.com",
}  # fmt: skip
# DKIM keys stand under a name only the signer knows; these are the usual ones.
SELECTORS = ("google", "selector1", "selector2", "default", "dkim", "mail", "k1", "k2", "s1", "s2", "fm1", "zoho", "mx")
_LOOKUPS = re.compile(r"^[+?~-]?(?:include:|a\b|mx\b|ptr\b|exists:|redirect=)", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence. `state` is good, bad, warn or unknown; `name` and `value` are a TXT record to add or change;
    `key` is the key of ours it is about."""

    topic: str
    state: str
    words: str
    name: str = ""
    value: str = ""
    key: DkimKey | None = None


def check_sender(domain: str, hosts: Sequence[str], lookup: Lookup, keys: Sequence[DkimKey] = ()) -> list[Finding]:
    """SPF, DKIM and DMARC of the domain whose mail leaves by these hosts (none: by a server we know nothing of) and
    is, or is to be, signed with these keys."""
    domain = wire_address(f"x@{domain.lower().rstrip('.')}").partition("@")[2]
    if not _DOMAIN.fullmatch(domain):
        return [
            Finding("DNS", "unknown", _("%(domain)s is no domain other servers could look up.") % {"domain": domain})
        ]
    try:
        dkim = [_own_key(key, lookup) for key in keys] or [_dkim(domain, lookup)]
        return [_spf(domain, hosts, lookup), *dkim, _dmarc(domain, lookup)]
    except DnsUnreachable:
        words = _("DNS cannot be reached from here, so nothing can be said about %(domain)s. Try again later.")
        return [Finding("DNS", "unknown", words % {"domain": domain}), *unasked(keys)]


def unasked(keys: Sequence[DkimKey]) -> list[Finding]:
    """Our keys where no name server can be asked."""
    words = _("Whether this record is published cannot be seen from here.")
    return [Finding("DKIM", "unknown", words, key.name, key.record, key) for key in keys]


def _own_key(key: DkimKey, lookup: Lookup) -> Finding:
    match published(key, lookup), bool(key.signs_since):
        case Published.OURS, True:
            return Finding("DKIM", "good", _("Outgoing mail is signed, and the key is published."), key=key)
        case Published.OURS, False:
            return Finding("DKIM", "warn", _("The key is published. Begin signing with it."), key=key)
        case Published.OTHER, _signs:
            words = _("Another key stands under this name. Make this record the only one there:")
        case Published.UNKNOWN, _signs:
            return unasked([key])[0]
        case _missing, True:
            words = _("Mail is signed, but the key is not published, so receivers cannot check it. Add this record:")
        case _:
            words = _("Add this record, then begin signing. Changes may take some hours to be seen.")
    return Finding("DKIM", "bad" if key.signs_since else "warn", words, key.name, key.record, key)


def _spf(domain: str, hosts: Sequence[str], lookup: Lookup) -> Finding:
    found = [text for text in lookup(domain, "TXT") if text.lower().split(" ")[0] == "v=spf1"]
    wanted = _mechanisms(hosts)
    if not found:
        value = f"v=spf1 {' '.join(wanted)} ~all" if wanted else "v=spf1 mx ~all"
        return Finding(
            "SPF", "bad", _("No SPF record says which servers may send for this domain. Add one:"), domain, value
        )
    if len(found) > 1:
        words = _("There are %(n)d SPF records; receivers then trust none of them. Keep one that holds everything.")
        return Finding("SPF", "bad", words % {"n": len(found)})
    terms = found[0].split()
    if terms[-1].lower() in ("+all", "all"):
        return Finding("SPF", "bad", _("The SPF record lets the whole world send for this domain. End it with ~all:"),
                       domain, " ".join([*terms[:-1], "~all"]))  # fmt: skip
    if sum(bool(_LOOKUPS.match(term)) for term in terms[1:]) > 10:
        return Finding("SPF", "bad", _("The SPF record needs more than ten lookups; receivers then ignore it."))
    missing = [term for term in wanted if not _allows(term, terms, domain, lookup)]
    if missing:
        value = " ".join([terms[0], *missing, *terms[1:]])
        return Finding(
            "SPF",
            "warn",
            _("The SPF record does not name the server that mail leaves by. Change it to:"),
            domain,
            value,
        )
    return Finding("SPF", "good", _("The SPF record is in order."))


def _mechanisms(hosts: Sequence[str]) -> list[str]:
    """How SPF names these servers."""
    found = []
    for host in hosts:
        name = host.lower().rstrip(".")
        include = next((INCLUDES[known] for known in INCLUDES if name == known or name.endswith(f".{known}")), "")
        if include or _DOMAIN.fullmatch(name):
            found.append(f"include:{include}" if include else f"a:{name}")
    return list(dict.fromkeys(found))


def _allows(mechanism: str, terms: Sequence[str], domain: str, lookup: Lookup) -> bool:
    """Whether the record names the server, by itself or by an include of what the mechanism names."""
    bare = [term.lstrip("+").lower() for term in terms]
    kind, _colon, name = mechanism.partition(":")
    if mechanism in bare or f"include:{name}" in bare or f"redirect={name}" in bare:
        return True
    if kind != "a":
        return False
    addresses = {*lookup(name, "A"), *lookup(name, "AAAA")}
    named = {term.partition(":")[2].partition("/")[0] for term in bare if term.startswith(("ip4:", "ip6:"))}
    own = {*lookup(domain, "A")} if "a" in bare else set()
    return bool(addresses) and addresses <= named | own


def _dkim(domain: str, lookup: Lookup) -> Finding:
    keys = []
    for selector in SELECTORS:
        texts = lookup(f"{selector}._domainkey.{domain}", "TXT")
        if any(re.search(r"\bp=[A-Za-z0-9+/]", text.replace(" ", "")) for text in texts):
            keys.append(selector)
    if keys:
        words = _("Keys for DKIM signatures are published (%(names)s). Your mail server must sign with one of them.")
        return Finding("DKIM", "good", words % {"names": ", ".join(keys)})
    words = _(
        "No DKIM key stands under the usual names. Make one here and mail is signed before it leaves, or switch "
        "signing on at the provider whose server sends. Keys under other names cannot be seen from outside."
    )
    return Finding("DKIM", "unknown", words)


def _dmarc(domain: str, lookup: Lookup) -> Finding:
    name = f"_dmarc.{domain}"
    texts = lookup(name, "TXT")
    parent = domain.partition(".")[2]
    if not texts and "." in parent:
        texts = lookup(f"_dmarc.{parent}", "TXT")  # a subdomain falls under its parent's policy
    found = [text for text in texts if re.match(r"v\s*=\s*DMARC1\b", text, re.IGNORECASE)]
    if not found:
        value = f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
        return Finding(
            "DMARC",
            "bad",
            _("No DMARC record says what receivers should do with forged mail. Begin with:"),
            name,
            value,
        )
    if len(found) > 1:
        return Finding("DMARC", "bad", _("There are several DMARC records; receivers then ignore them all. Keep one."))
    policy = re.search(r"(?:^|;)\s*p\s*=\s*(none|quarantine|reject)\b", found[0], re.IGNORECASE)
    if policy is None:
        return Finding("DMARC", "bad", _("The DMARC record has no valid policy (p=none, quarantine or reject)."))
    if policy.group(1).lower() == "none":
        words = _(
            "DMARC only watches (p=none). When its reports show that all your own mail passes, ask for quarantine."
        )
        return Finding("DMARC", "warn", words)
    return Finding(
        "DMARC", "good", _("DMARC tells receivers to %(policy)s forged mail.") % {"policy": policy.group(1).lower()}
    )
