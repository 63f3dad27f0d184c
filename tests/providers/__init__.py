"""Simulators: each speaks a provider's send API over real HTTP, with its faults on demand."""
