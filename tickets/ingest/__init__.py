"""THE ONLY DOOR: how any message becomes part of a ticket."""

from .door import TRIES, ingest, ingest_batch

__all__ = ["TRIES", "ingest", "ingest_batch"]
