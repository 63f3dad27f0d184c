"""Backups that are known to restore: one folder each, sealed, tried in a scratch database; keys lie elsewhere."""
