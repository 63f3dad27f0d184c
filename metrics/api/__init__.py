"""The figures for programs."""
