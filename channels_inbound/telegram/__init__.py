"""Telegram: a bot of the shop's."""
