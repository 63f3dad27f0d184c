"""The spine: tickets, conversations, messages, and the one door they come through. Layer 2."""
