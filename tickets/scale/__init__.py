"""Believable data in any amount, for measuring: `manage.py create_scale_data`. Same seed, same data."""
