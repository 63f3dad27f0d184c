"""Pages about shops and their orders."""
