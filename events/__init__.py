"""The append-only ledger: what happened to what, in order. Layer 0, knows nobody."""
