"""Columns that tell apart services with the same name."""

from typing import Final

from sightline.mixin.grafana.tables import Key

PLACE_KEYS: Final = (
    Key(label="cluster", title="Cluster"),
    Key(label="namespace", title="Namespace", width=95),
)
"""Columns of tables with a row per service. They exist only if the series have these labels."""
