"""Event-loop delay and CPU use by process."""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.model import Group, Record

LOOP_DELAY: Final = f"job_instance:{queries.LOOP_DELAY}:quantile"
CORES: Final = "job_instance:process_cpu_seconds:rate"

PROCESSES: Final = Group(
    name="processes.recording",
    rules=(
        *(
            Record(
                name=LOOP_DELAY,
                expr=queries.loop_delay(float(quantile)),
                labels={"quantile": quantile},
            )
            for quantile in ("0.5", "0.99")
        ),
        Record(name=CORES, expr=queries.cores()),
    ),
)
