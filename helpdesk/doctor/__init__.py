"""The production checklist, looked at from inside: each line ok, warn or fail, with its cure."""
