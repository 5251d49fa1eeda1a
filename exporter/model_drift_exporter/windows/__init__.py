"""Counts and outcomes over time."""
