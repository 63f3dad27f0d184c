"""Pages about one customer's data."""
