"""Whether the authorities this machine trusts vouch for a certificate, as they do for servers we call.

What comes is often the certificate alone: whose it is signed by it names itself, and we fetch that from the
authority's own hosts. It proves nothing by where it lies, only by what signed it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from urllib.parse import urlsplit

from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import (
    AuthorityInformationAccess,
    Certificate,
    DNSName,
    ExtensionNotFound,
    UniformResourceIdentifier,
    load_der_x509_certificate,
    load_pem_x509_certificates,
)
from cryptography.x509.oid import AuthorityInformationAccessOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from channels_inbound.hooks.provider import BadSignature, Unverifiable
from people.egress import trusted_authorities

MOST_CERTIFICATES = 4
_DEEPEST = 2
_ISSUER_HOST = re.compile(r"crt\.[a-z0-9]{1,20}\.amazontrust\.com")
_ISSUER_PATH = re.compile(r"/[A-Za-z0-9_-]{1,60}\.(cer|crt)")

Fetch = Callable[[str], bytes]


def vouched(content: bytes, names: Sequence[str], *, at: datetime, fetch: Fetch) -> Certificate:
    """The first certificate of a PEM file, if a trusted authority vouches for it now, by one of these names.
    BadSignature; Unverifiable when what it takes to judge cannot be had, which `fetch` raises."""
    try:
        found = load_pem_x509_certificates(content)
    except ValueError:
        raise BadSignature from None
    if len(found) > MOST_CERTIFICATES:
        raise BadSignature
    leaf, between = found[0], found[1:]
    for _ in range(_DEEPEST + 1):
        if _is_vouched(leaf, between, names, at):
            return leaf
        between = [*between, _issuer_of(between[-1] if between else leaf, fetch)]
    raise BadSignature


def _is_vouched(leaf: Certificate, between: Sequence[Certificate], names: Sequence[str], at: datetime) -> bool:
    policy = PolicyBuilder().store(_authorities()).time(at.replace(tzinfo=None)).max_chain_depth(_DEEPEST)
    for name in names:
        try:
            policy.build_server_verifier(DNSName(name)).verify(leaf, list(between))
        except VerificationError:
            continue
        return True
    return False


def _issuer_of(certificate: Certificate, fetch: Fetch) -> Certificate:
    """Who signed it, from where it says; only from Amazon's own authority, and never twice around."""
    try:
        access = certificate.extensions.get_extension_for_class(AuthorityInformationAccess).value
    except (ExtensionNotFound, ValueError):
        raise BadSignature from None
    places = [
        one.access_location.value
        for one in access
        if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        and isinstance(one.access_location, UniformResourceIdentifier)
    ]
    for place in places:
        parts = urlsplit(place)
        ours = _ISSUER_HOST.fullmatch(parts.netloc) and _ISSUER_PATH.fullmatch(parts.path)
        if ours and parts.scheme in ("http", "https") and not parts.query:
            try:
                return load_der_x509_certificate(fetch(place))
            except ValueError:
                raise BadSignature from None
    raise BadSignature


@cache
def _authorities() -> Store:
    found = []
    for content in trusted_authorities():
        with warnings.catch_warnings(), suppress(ValueError):  # an old one that is odd, or that cannot be read
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            found.append(load_der_x509_certificate(content))
    if not found:
        raise Unverifiable("this machine knows no authorities: install its ca-certificates")
    return Store(found)
