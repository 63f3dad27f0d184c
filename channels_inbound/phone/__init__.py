"""Telephone: numbers in one form, calls and what becomes of them, logs of exchanges."""
