"""Servers that mail of a channel leaves by: which, in what order, how fast, and what to do when one says no."""
