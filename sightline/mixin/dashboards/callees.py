"""Names of called services. A caller's metrics contain only the address and port of the callee."""

from collections.abc import Sequence
from typing import Final

from sightline.mixin.dashboards.selection import labels
from sightline.mixin.identity import IDENTITY
from sightline.mixin.rules import services

EDGE: Final = (*IDENTITY, "peer")
"""Labels of a caller and its callee."""

_TARGETS: Final = 'label_replace(up, "peer", "$1", "job", "(.*)")'
_SERVICE_TARGETS: Final = f"{_TARGETS} and on ({labels(IDENTITY)}) {services.REQUESTS}"


def _by_address(targets: str) -> str:
    """Return PromQL with a series per address at which a single job is scraped."""
    jobs = f"group by (cluster, instance, peer) ({targets})"
    return f"({jobs} unless on (cluster, instance) (count by (cluster, instance) ({jobs}) > 1))"


_BY_ADDRESS: Final = (
    f"({_by_address(_TARGETS)}\n    or on (cluster, instance) {_by_address(_SERVICE_TARGETS)})"
)
"""PromQL for jobs by the address of their targets. A probe of the same address does not count."""

_BY_HOST: Final = (
    f'group by (cluster, host, peer) (label_replace({_TARGETS}, "host", "$1", "job", "(.*)"))'
)
"""PromQL for jobs by the name that a Kubernetes service with the job's name has."""


def name_callees(calls: str, *, aggregation: str = "sum", by: Sequence[str] = EDGE) -> str:
    """Return PromQL that replaces address and port in *calls* by the label ``peer``.

    The label contains the job that Prometheus scrapes at that address and port. Otherwise it
    contains the job named like the host, up to its first dot, as in ``orders.shop.svc``. Otherwise
    it contains ``address:port``. Calls to all instances of a callee are aggregated.
    """
    located = (
        f'label_replace(label_join({calls}, "instance", ":", "server_address", "server_port"), '
        '"host", "$1", "server_address", "([^.]+).*")'
    )
    address = labels((*IDENTITY, "instance"))
    return f"""
{aggregation} by ({labels(by)}) (
  {located}
    * on (cluster, instance) group_left (peer)
    {_BY_ADDRESS}
  or on ({address})
  {located}
    * on (cluster, host) group_left (peer)
    {_BY_HOST}
  or on ({address})
  label_replace({located}, "peer", "$1", "instance", "(.*?):?")
)
"""


def failure_ratio(failures: str, calls: str, *, by: Sequence[str] = EDGE) -> str:
    """Return PromQL for *failures* as a ratio of *calls*, per callee.

    Both may be rates that rules record at slightly different times, so the ratio is limited to 1.
    """
    failed = name_callees(failures, by=by).strip()
    return f"clamp_max(\n{failed}\n/\n({name_callees(calls, by=by).strip()} > 0),\n1)"
