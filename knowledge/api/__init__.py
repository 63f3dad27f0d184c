"""The help centre for other programs."""
