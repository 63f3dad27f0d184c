"""Messenger of a page."""
