"""Aircall: calls of a telephone service, told by webhook."""
