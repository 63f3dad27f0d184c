"""Agents, teams, customers and their addresses. Layer 1."""
