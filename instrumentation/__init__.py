"""Traces, metrics and log correlation for a Python service: ``instrument(app)``."""
