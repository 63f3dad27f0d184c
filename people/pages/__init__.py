"""Pages about people: one's own profile, the team, the very first admin."""
