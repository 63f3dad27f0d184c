"""Direct messages of an Instagram account."""
