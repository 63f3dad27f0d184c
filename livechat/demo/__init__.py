"""Nordvik Outdoor, a small shop of another origin that embeds the chat exactly as a customer would."""
