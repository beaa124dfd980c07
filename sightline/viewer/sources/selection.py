"""Queries that the viewer sends."""

from sightline.grafana.dashboard import JAEGER, Target


def is_answered(target: Target) -> bool:
    """Return true if Prometheus or Jaeger answers *target*, or if it is empty."""
    source = target.source
    named = not source.type and source.uid and target.expr and not _is_special(source.uid)
    return bool(source.is_prometheus or source.type == JAEGER or named)


def _is_special(uid: str) -> bool:
    """Return true for Grafana's own sources, ``__expr__`` and ``-- Mixed --``."""
    return uid.startswith(("__", "-- ")) or uid == "grafana"
