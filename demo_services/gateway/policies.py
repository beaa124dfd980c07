"""Rate limits of the gateway, far above the generated traffic."""

from typing import Final

from demo_services.limits.algorithms import (
    FixedWindow,
    LeakyBucket,
    Quota,
    SlidingWindow,
    TokenBucket,
)
from demo_services.limits.policy import Policy

POLICIES: Final = (
    Policy(name="client", algorithm=TokenBucket, quota=Quota(per_second=250, burst=500)),
    Policy(
        name="place_order",
        algorithm=SlidingWindow,
        quota=Quota(per_second=30, burst=300),
        method="POST",
        path="/api/orders",
    ),
    Policy(
        name="rename_user",
        algorithm=FixedWindow,
        quota=Quota(per_second=20, burst=1200),
        method="PUT",
        path="/api/users/",
    ),
    Policy(
        name="report",
        algorithm=LeakyBucket,
        quota=Quota(per_second=20, burst=20),
        path="/api/report/",
    ),
)
"""One of each algorithm. Reports are the most expensive requests, so they are spread evenly."""
