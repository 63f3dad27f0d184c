"""X: direct messages and mentions of an account."""
