"""Notices in browsers that have no page open: Web Push (RFC 8030), its payload encrypted (RFC 8291), its sender named
by a key of ours (RFC 8292)."""
