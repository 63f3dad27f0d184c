"""Mail from files: `sources` finds and reads it, `archive` brings it in."""
