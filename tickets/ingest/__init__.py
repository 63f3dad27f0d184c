"""THE ONLY DOOR: how any message becomes part of a ticket."""

from .door import ingest, ingest_batch

__all__ = ["ingest", "ingest_batch"]
