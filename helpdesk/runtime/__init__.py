"""Runs the real PostgreSQL and Redis, and the processes of the helpdesk, on one machine.

Nothing here imports Django: the launcher must be able to say what is wrong before settings can load.
"""
