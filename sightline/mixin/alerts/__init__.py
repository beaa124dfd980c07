"""Alerts: symptoms first, then the causes that a person can mend."""
