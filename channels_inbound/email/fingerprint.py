"""What makes two copies of a mail the same mail: who wrote it, when, about what, and the body; not the way it took."""

import hashlib

from channels_inbound.email.mime import Part

_CHUNK = 1 << 20


def fingerprint(raw: bytes, root: Part) -> str:
    """The same for copies of one mail delivered to several mailboxes, another one when anything readable differs."""
    digest = hashlib.sha256()
    for name in ("from", "date", "subject"):
        digest.update(b" ".join(root.first(name).split()) + b"\n")
    # Servers on the way change line ends and trailing blank lines, nothing else we must forgive.
    end = _filled_end(raw, root.start, root.end)
    for start in range(root.start, end, _CHUNK):
        digest.update(raw[start : min(start + _CHUNK, end)].replace(b"\r", b""))
    return digest.hexdigest()


def _filled_end(raw: bytes, start: int, end: int) -> int:
    """Where the blank end of raw[start:end] begins."""
    while end > start:
        chunk = raw[max(start, end - _CHUNK) : end]
        kept = len(chunk.rstrip())
        if kept:
            return end - len(chunk) + kept
        end -= len(chunk)
    return end
