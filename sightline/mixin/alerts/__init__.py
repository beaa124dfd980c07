"""Alerts: symptoms first, then causes that an operator can fix."""
