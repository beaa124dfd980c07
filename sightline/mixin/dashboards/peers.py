"""Names for those a service calls, of whom it knows no more than address and port."""

from typing import Final

LISTENERS: Final = 'group by (instance, peer) (label_replace(up, "peer", "$1", "job", "(.*)"))'
"""Which service listens at an address and port that Prometheus scrapes."""


def named(calls: str) -> str:
    """*calls* by ``job`` and ``peer``: the service that listens there, else address and port."""
    placed = f'label_join({calls}, "instance", ":", "server_address", "server_port")'
    return f"""
max by (job, peer) (
  {placed} * on (instance) group_left (peer) {LISTENERS}
  or label_replace(
    {placed} unless on (instance) up, "peer", "$1", "instance", "(.*)"
  )
)
"""
