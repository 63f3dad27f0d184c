"""Sockets of visitors: told that there is news, never told the news itself."""
