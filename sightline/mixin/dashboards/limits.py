"""Where values change colour: the thresholds of the alerts, and where it begins to look bad."""

from typing import Final

from sightline.mixin.grafana.fields import falling, rising

ERROR_RATIO: Final = rising(warning=0.01, bad=0.05)
DURATION_P99: Final = rising(warning=0.5, bad=1)
LOOP_DELAY: Final = rising(warning=0.05, bad=0.1)
WORKER_THREADS: Final = rising(warning=0.7, bad=0.9)
CORES: Final = rising(warning=0.7, bad=0.9)
FILE_DESCRIPTORS: Final = rising(warning=0.6, bad=0.8)
MEMORY: Final = rising(warning=0.75, bad=0.9)
BUDGET_LEFT: Final = falling(warning=0.25, bad=0)
BURN_RATE: Final = rising(warning=1, bad=14.4)
ANY: Final = rising(bad=1)
"""One is too many."""
