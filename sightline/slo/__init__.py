"""`sightline slo`: build, explain, simulate and backtest objectives."""

from sightline.slo.command import main

__all__ = ["main"]
