"""What makes two copies of a mail the same mail: who wrote it, when, about what, and the body; not the way it took."""

import hashlib

from channels_inbound.email.mime import Part

_CHUNK = 1 << 20


def fingerprint(raw: bytes, root: Part) -> str:
    """The same for copies of one mail delivered to several mailboxes, another one when anything readable differs."""
    digest = hashlib.sha256()
    for name in ("from", "date", "subject"):
        digest.update(b" ".join(root.first(name).split()) + b"\n")
    tail = b""
    for start in range(root.start, root.end, _CHUNK):
        # Servers on the way change line ends and trailing blank lines, nothing else we must forgive.
        chunk = tail + raw[start : min(start + _CHUNK, root.end)].replace(b"\r", b"")
        kept = chunk.rstrip()
        tail = chunk[len(kept) :]
        digest.update(kept)
    return digest.hexdigest()
