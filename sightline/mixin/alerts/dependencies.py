"""Alerts on dependencies that fail or are slow, and on protections against them."""

from typing import Final

from instrumentation import conventions, service_metrics
from instrumentation.service_metrics import MESSAGING_CONSUMER_LAG
from sightline.mixin.config import MIN_REQUESTS, MIN_REQUESTS_FOR_P99, RATE_WINDOW
from sightline.mixin.identity import IDENTITY, SERVICE, by, on
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.queries import (
    CLIENT_ERROR,
    DEPENDENCY,
    PEER,
    STREAM_SECONDS,
    increase,
    or_zero,
    over_clients,
    rate,
    share,
)
from sightline.mixin.rules import dependencies as rules
from sightline.mixin.rules import significance
from sightline.mixin.text import COUNT, PER_SECOND, first_value, list_of

_LOCAL_NAME: Final = "([^.]+)[.]([^.]+|[^.]+[.]svc([.].+)?|.+[.](internal|local|lan|consul))"
"""Pattern of the address of a service: its name, then its namespace or a private domain."""


def _callee(signal: str) -> str:
    """Return *signal* with the label ``callee``, which is equal for all addresses of a service."""
    whole = f'label_replace({signal}, "callee", "$1", "server_address", "(.+)")'
    return f'label_replace({whole}, "callee", "$1", "server_address", "{_LOCAL_NAME}")'


_PEER: Final = (
    "{{ $labels.callee }}{{ with $labels.server_port }}:{{ . }}{{ end }}"
    "{{ with $labels.rpc_system_name }} ({{ . }}){{ end }}"
)
_SAME: Final = on("server_address", "server_port", "rpc_system_name")
_PEER_MATCHERS: Final = f'{SERVICE}, server_address="%s", server_port="%s", rpc_system_name="%s"'
_FAILURES: Final = over_clients(
    lambda client: rate(
        f"{client}_count", by=["error_type"], where=f"{_PEER_MATCHERS}, {CLIENT_ERROR}"
    )
)

ERRORS: Final = Alert(
    name="DependencyErrorRatioHigh",
    signal=_callee(significance.FAILURE_RATIO),
    threshold=Threshold(operator=">", value=0.05),
    hold="5m",
    keep="5m",
    why="Measured by the caller, so that it includes dependencies outside of our control. Counts "
    "calls without an answer, 5xx, and 401, 407, 408 and 429, which are throttling and expired "
    "keys; another 4xx is an error of the caller. The status codes of gRPC count alike: CANCELLED "
    "and NOT_FOUND are none of the dependency. At least 20 calls in 5 minutes or, with 5 failures, "
    "in an hour.",
    severity="warning",
    summary="{{ $value | humanizePercentage }} of calls by {{ $labels.job }} to "
    f"{_PEER} fail.",
    description="Requests that need this dependency fail or are degraded. Check first whether the "
    "dependency reports errors, too; if not, the fault is between the two. Errors by type: "
    + list_of(
        f"topk(3, {_FAILURES} > 0)".replace("\n", " "),
        *DEPENDENCY,
        *DEPENDENCY,
        item='{{ .Labels.error_type }} ({{ .Value | printf "%.2f" }}/s)',
        default="none at this moment",
    )
    + ".",
    dashboard="dependencies",
)

_STREAMS: Final = (
    f"unless {_SAME} (\n"
    f'  {rules.DURATION}{{quantile="0.99"}} >= {STREAM_SECONDS:g}\n'
    f'  and {_SAME} {rules.DURATION}{{quantile="0.95"}} <= 1\n)'
)

LATENCY: Final = Alert(
    name="DependencyLatencyHigh",
    signal=_callee(f'{rules.DURATION}{{quantile="0.99"}}'),
    threshold=Threshold(operator=">", value=1.0),
    gate=f"and {_SAME} {rules.CALL_COUNT} >= {MIN_REQUESTS_FOR_P99}\n{_STREAMS}",
    hold="10m",
    keep="5m",
    why="A caller cannot be faster than its dependency. At least 100 calls, as for "
    "HttpServerLatencyHigh. Few calls longer than the last bucket among quick ones are streams and "
    "long polls.",
    severity="warning",
    summary=f"The slowest 1 % of calls by {{{{ $labels.job }}}} to {_PEER} take "
    "{{ $value | humanizeDuration }} or longer.",
    description="Requests that need this dependency are slow. Compare with the duration that the "
    "dependency reports: if that is lower, the time is spent in the network or in queues. Median "
    "of its calls: "
    + first_value(
        f'{rules.DURATION}{{{_PEER_MATCHERS}, quantile="0.5"}}',
        *DEPENDENCY,
        template="humanizeDuration",
    )
    + ".",
    dashboard="dependencies",
)

BREAKER: Final = Alert(
    name="CircuitBreakerOpen",
    signal=f"max {by('name')} (max_over_time("
    f'{service_metrics.CIRCUIT_BREAKER_STATE}{{state="open"}}[1m]))',
    threshold=Threshold(operator="==", value=1),
    hold="1m",
    keep="5m",
    why="The state changes between scrapes while the breaker probes, so its maximum of a minute "
    "counts. A single trip is the normal work of a breaker.",
    severity="warning",
    summary="The circuit breaker {{ $labels.name }} of {{ $labels.job }} is open.",
    description="Calls are rejected without being tried, at "
    + first_value(
        f"sum(rate({service_metrics.CIRCUIT_BREAKER_CALLS}_total"
        f'{{{SERVICE}, name="%s", outcome="rejected"}}[{RATE_WINDOW}]))',
        "job",
        "name",
        template=PER_SECOND,
    )
    + "/s; users get an error or a fallback. Fix the dependency first; the breaker then closes by "
    "itself.",
    dashboard="dependencies",
)

_POLICY: Final = (*IDENTITY, "policy")
_DECISIONS: Final = f"{service_metrics.RATE_LIMITER_REQUESTS}_total"

_ENOUGH_DECISIONS: Final = (
    f"and {on('policy')} " + increase(_DECISIONS, by=_POLICY) + f" >= {MIN_REQUESTS}"
)

LIMITER: Final = Alert(
    name="RateLimiterRejecting",
    signal=share(
        rate(_DECISIONS, by=_POLICY, where='result="rejected"'),
        rate(_DECISIONS, by=_POLICY),
    ),
    threshold=Threshold(operator=">", value=0.1),
    gate=_ENOUGH_DECISIONS,
    hold="5m",
    keep="5m",
    why="A short burst of one client is what the limiter is for. A tenth of all requests for five "
    "minutes means a limit that is too low, or abuse. At least 20 decisions.",
    severity="warning",
    summary="{{ $labels.job }} rejects {{ $value | humanizePercentage }} of requests under "
    "{{ $labels.policy }}.",
    description="Clients get 429, at "
    + first_value(
        f'sum(rate({_DECISIONS}{{{SERVICE}, policy="%s", result="rejected"}}[{RATE_WINDOW}]))',
        *_POLICY,
        template=PER_SECOND,
    )
    + "/s. Search the traces of this service for status 429 to see whether it is one client or "
    "all of them.",
    dashboard="dependencies",
)

_FALLBACKS: Final = f"{service_metrics.RATE_LIMITER_FALLBACKS}_total"

LIMITER_FALLBACK: Final = Alert(
    name="RateLimiterNotShared",
    signal=share(rate(_FALLBACKS, by=_POLICY), rate(_DECISIONS, by=_POLICY)),
    threshold=Threshold(operator=">", value=0.05),
    gate=_ENOUGH_DECISIONS,
    hold="5m",
    keep="5m",
    why="A single slow answer of the shared limiter is not worth a message. A twentieth of all "
    "decisions for five minutes means that it is away or too slow. At least 20 decisions.",
    severity="warning",
    summary="{{ $labels.job }} decides {{ $value | humanizePercentage }} of requests under "
    "{{ $labels.policy }} without the shared limiter.",
    description="Each instance applies the whole limit alone, so the clients of several instances "
    "are allowed a multiple of it. Requests are served. Check the server of the shared limiter and "
    "the network to it.",
    dashboard="dependencies",
)

_RESENDS: Final = rate(f"{conventions.HTTP_CLIENT_REQUEST_RESENDS}_total", by=PEER)

RETRIES: Final = Alert(
    name="RetryStorm",
    signal=_callee(share(or_zero(_RESENDS, rules.CALLS), rules.CALLS)),
    threshold=Threshold(operator=">", value=0.2),
    gate=f"and {_SAME} {rules.CALL_COUNT} >= {MIN_REQUESTS}",
    hold="5m",
    keep="5m",
    why="Retries multiply the load on a failing dependency. Above a fifth they prolong the outage.",
    severity="warning",
    summary="{{ $value | humanizePercentage }} of calls by {{ $labels.job }} to "
    f"{_PEER} are retries.",
    description="The additional load keeps the dependency from recovering, and users wait for the "
    "retries. Lower the retry budget before adding capacity. Error ratio of these calls: "
    + first_value(
        f"{rules.FAILURE_RATIO}{{{_PEER_MATCHERS}}}", *DEPENDENCY, template="humanizePercentage"
    )
    + ".",
    dashboard="dependencies",
)

_DESTINATION: Final = (*IDENTITY, "messaging_destination_name")

_ON_DESTINATION: Final = on("messaging_destination_name")
_WAITING: Final = f"sum {by('messaging_destination_name')} ({MESSAGING_CONSUMER_LAG})"
_BEFORE: Final = f"sum {by('messaging_destination_name')} ({MESSAGING_CONSUMER_LAG} offset 5m)"
_MESSAGES: Final = f"{conventions.MESSAGING_CLIENT_CONSUMED_MESSAGES}_total"
_CONSUMED: Final = (
    f"({rate(_MESSAGES, by=_DESTINATION)} > 0 or {rate(_MESSAGES, by=_DESTINATION, window='30m')})"
)
_BUSY: Final = rate(
    f"{conventions.MESSAGING_PROCESS_DURATION_SECONDS}_sum", by=_DESTINATION, window="30m"
)

LAG: Final = Alert(
    name="MessageConsumerLagging",
    signal=f"{_WAITING}\n/\n{or_zero(_CONSUMED, _WAITING)}",
    threshold=Threshold(operator=">", value=60),
    gate=f"and {_ON_DESTINATION} {_WAITING} > 2\n"
    f"unless {_ON_DESTINATION} {_WAITING} <= 2 * {_BUSY}\n"
    f"unless {_ON_DESTINATION} {_WAITING} < 0.95 * {_BEFORE}",
    hold="5m",
    keep="5m",
    why="Seconds of waiting work are independent of volume, and infinite if none was consumed in "
    "half an hour or ever. Two messages for each busy worker may wait, because one job can take "
    "minutes. A queue that shrinks by a twentieth in five minutes recovers.",
    severity="warning",
    summary="{{ $labels.job }} does not keep up with {{ $labels.messaging_destination_name }}.",
    description="Messages are processed late: "
    + first_value(
        f'sum({MESSAGING_CONSUMER_LAG}{{{SERVICE}, messaging_destination_name="%s"}})',
        *_DESTINATION,
        template=COUNT,
    )
    + " wait, and "
    + first_value(
        f"sum(rate({conventions.MESSAGING_CLIENT_CONSUMED_MESSAGES}_total"
        f'{{{SERVICE}, messaging_destination_name="%s"}}[{RATE_WINDOW}]))',
        *_DESTINATION,
        template=PER_SECOND,
        default="none",
    )
    + " are consumed per second. If none are, the consumer is down or stuck at one message. Else "
    "look for slow or failing processing first, then for more producers.",
    dashboard="dependencies",
)

OUTBOX: Final = Alert(
    name="OutboxStuck",
    signal=f"max {by()} ({service_metrics.OUTBOX_OLDEST_AGE_SECONDS})",
    threshold=Threshold(operator=">", value=60),
    hold="5m",
    keep="5m",
    why="A relay sends a message within a second of its commit. A message that is older for "
    "minutes was not taken by the broker, or by no relay; restarts and short outages pass.",
    severity="warning",
    summary="A message of {{ $labels.job }} has waited in the outbox for "
    "{{ $value | humanizeDuration }}.",
    description="Other services do not learn of changes, although no request fails: "
    + first_value(
        f"sum({service_metrics.OUTBOX_PENDING_MESSAGES}{{{SERVICE}}})", *IDENTITY, template=COUNT
    )
    + " messages wait in the database. Check first whether the broker answers, then the log of "
    "the relay.",
    dashboard="dependencies",
)

DEPENDENCIES: Final = Group(
    name="dependencies.alerts",
    rules=(ERRORS, LATENCY, BREAKER, LIMITER, LIMITER_FALLBACK, RETRIES, LAG, OUTBOX),
)
