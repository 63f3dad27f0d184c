"""Measurements, each beside a limit measured in the same run: `make bench`, or `python -m bench NAMES`."""
