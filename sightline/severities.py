"""Severities of alerts, which the viewer sorts by and `lint` accepts."""

from typing import Final

SEVERITIES: Final = ("critical", "warning", "info", "none")
"""Values of the label ``severity``, the most urgent first."""
