"""Sockets of agents: one hub a process hears what changed and tells each browser what its agent may see."""
