"""The house all providers live in: one door for their webhooks, one way out, one place for what goes wrong."""
