"""What customers buy: orders of shops as they come in, and whose they are. Knows tickets, nothing of channels."""
