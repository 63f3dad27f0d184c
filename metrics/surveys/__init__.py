"""Asking customers how it was: what is asked, when and whom, what they said, and what follows from it."""
