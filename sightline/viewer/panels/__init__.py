"""Panels: pure functions from a panel's data to its view."""
