"""Rate limits of the gateway: requests and algorithms of each policy.

Their quotas are in the configuration, far above the generated traffic.
"""

from collections.abc import Mapping

from demo_services.limits.algorithms import (
    FixedWindow,
    LeakyBucket,
    Quota,
    SlidingWindow,
    TokenBucket,
)
from demo_services.limits.policy import Policy


def policies(quotas: Mapping[str, Quota]) -> tuple[Policy, ...]:
    """Return a policy for each algorithm, with its quota of *quotas*, by name.

    Reports are the most expensive requests, so they are spread evenly.
    """
    return (
        Policy(name="client", algorithm=TokenBucket, quota=quotas["client"]),
        Policy(
            name="place_order",
            algorithm=SlidingWindow,
            quota=quotas["place_order"],
            method="POST",
            path="/api/orders",
        ),
        Policy(
            name="rename_user",
            algorithm=FixedWindow,
            quota=quotas["rename_user"],
            method="PUT",
            path="/api/users/",
        ),
        Policy(
            name="report",
            algorithm=LeakyBucket,
            quota=quotas["report"],
            path="/api/report/",
        ),
    )
