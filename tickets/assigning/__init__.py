"""Giving tickets to whoever can take them: `rules` says to whom, `giving` does it, `hearing` says when to look."""
