"""THE ONLY DOOR: how any message becomes part of a ticket."""

from .door import TRIES, ingest, ingest_batch
from .sent import ingest_sent

__all__ = ["TRIES", "ingest", "ingest_batch", "ingest_sent"]
