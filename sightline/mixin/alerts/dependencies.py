"""What a service calls fails, is slow, or is protected from it."""

from typing import Final

from sightline.mixin.config import FEWEST_FOR_P99, FEWEST_REQUESTS
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.queries import increase, or_zero, rate, share
from sightline.mixin.rules import dependencies as rules
from sightline.mixin.text import COUNT, PER_SECOND, listed, single

_PEER: Final = "{{ $labels.server_address }}:{{ $labels.server_port }}"
_ON_PEER: Final = "and on (job, server_address, server_port)"
_OF_PEER: Final = ("job", "server_address", "server_port")
_CHOSEN: Final = 'job="%s", server_address="%s", server_port="%s"'

ERRORS: Final = Alert(
    name="DependencyErrorRatioHigh",
    signal=rules.FAILURE_RATIO,
    threshold=Threshold(operator=">", value=0.05),
    gate=f"{_ON_PEER} {rules.CALL_COUNT} >= {FEWEST_REQUESTS}",
    hold="5m",
    keep="5m",
    why="Seen from the caller, so it holds for what we do not run as well. No answer or 5xx: a 4xx "
    "is the caller's own. At least 20 calls.",
    severity="warning",
    summary="{{ $labels.job }} gets {{ $value | humanizePercentage }} errors from "
    f"{_PEER}.",
    description="By kind: "
    + listed(
        "topk(3, sum by (error_type) (rate(http_client_request_duration_seconds_count"
        f'{{{_CHOSEN}, error_type!~"(4..)?"}}[5m])) > 0)',
        *_OF_PEER,
        item='{{ .Labels.error_type }} ({{ .Value | printf "%.2f" }}/s)',
        otherwise="none at this moment",
    )
    + ".",
    dashboard="dependencies",
)

LATENCY: Final = Alert(
    name="DependencyLatencyHigh",
    signal=f'{rules.DURATION}{{quantile="0.99"}}',
    threshold=Threshold(operator=">", value=1.0),
    gate=f"{_ON_PEER} {rules.CALL_COUNT} >= {FEWEST_FOR_P99}",
    hold="10m",
    keep="5m",
    why="Whatever calls it cannot be faster. At least 100 calls, as for HttpServerLatencyHigh.",
    severity="warning",
    summary=f"{_PEER} needs {{{{ $value | humanizeDuration }}}} for the slowest 1 % of calls by "
    "{{ $labels.job }}.",
    description="Half of its calls take "
    + single(f'{rules.DURATION}{{{_CHOSEN}, quantile="0.5"}}', *_OF_PEER, spelt="humanizeDuration")
    + ". If the dependency itself reports less, the time is spent in network and queues.",
    dashboard="dependencies",
)

BREAKER: Final = Alert(
    name="CircuitBreakerOpen",
    signal='max by (job, name) (max_over_time(circuit_breaker_state{state="open"}[1m]))',
    threshold=Threshold(operator="==", value=1),
    hold="1m",
    keep="5m",
    why="The state flaps between scrapes while the breaker probes, so its highest value of a "
    "minute counts; a single trip is what breakers are for.",
    severity="warning",
    summary="The circuit breaker {{ $labels.name }} of {{ $labels.job }} is open.",
    description="Calls are answered without trying. Rejected now: "
    + single(
        'sum(rate(circuit_breaker_calls_total{job="%s", name="%s", outcome="rejected"}[5m]))',
        "job",
        "name",
        spelt=PER_SECOND,
    )
    + "/s. Mend the dependency; the breaker closes by itself.",
    dashboard="dependencies",
)

_DECISIONS: Final = ("job", "policy")

LIMITER: Final = Alert(
    name="RateLimiterRejecting",
    signal=share(
        rate("rate_limiter_requests_total", by=_DECISIONS, where='result="rejected"'),
        rate("rate_limiter_requests_total", by=_DECISIONS),
    ),
    threshold=Threshold(operator=">", value=0.1),
    gate="and on (job, policy) "
    + increase("rate_limiter_requests_total", by=_DECISIONS)
    + f" >= {FEWEST_REQUESTS}",
    hold="5m",
    keep="5m",
    why="One client in a burst is the limiter at work; a tenth of all requests for five minutes is "
    "a limit that is too low or an abuse. At least 20 decisions.",
    severity="warning",
    summary="{{ $labels.job }} rejects {{ $value | humanizePercentage }} of requests under "
    "{{ $labels.policy }}.",
    description="Refused: "
    + single(
        'sum(rate(rate_limiter_requests_total{job="%s", policy="%s", result="rejected"}[5m]))',
        *_DECISIONS,
        spelt=PER_SECOND,
    )
    + "/s. Who: search traces of this service with status 429.",
    dashboard="dependencies",
)

_RESENDS: Final = rate("http_client_request_resends_total", by=_OF_PEER)

RETRIES: Final = Alert(
    name="RetryStorm",
    signal=share(or_zero(_RESENDS, rules.CALLS), rules.CALLS),
    threshold=Threshold(operator=">", value=0.2),
    gate=f"{_ON_PEER} {rules.CALL_COUNT} >= {FEWEST_REQUESTS}",
    hold="5m",
    keep="5m",
    why="Retries multiply the load on what already fails; past a fifth they are the outage.",
    severity="warning",
    summary="{{ $value | humanizePercentage }} of calls by {{ $labels.job }} to "
    f"{_PEER} are retries.",
    description="They keep a struggling dependency down. Its error ratio is "
    + single(f"{rules.FAILURE_RATIO}{{{_CHOSEN}}}", *_OF_PEER, spelt="humanizePercentage")
    + "; lower the retry budget before adding capacity.",
    dashboard="dependencies",
)

_QUEUE: Final = ("job", "messaging_destination_name")

LAG: Final = Alert(
    name="MessageConsumerLagging",
    signal="sum by (job, messaging_destination_name) (messaging_consumer_lag)\n/\n"
    + rate("messaging_client_consumed_messages_total", by=_QUEUE),
    threshold=Threshold(operator=">", value=60),
    hold="5m",
    keep="5m",
    why="Seconds of work that wait, whatever the volume; infinite when nothing is consumed while "
    "messages wait, and no number when neither happens.",
    severity="warning",
    summary="{{ $labels.job }} does not keep up with {{ $labels.messaging_destination_name }}.",
    description="Waiting: "
    + single(
        'sum(messaging_consumer_lag{job="%s", messaging_destination_name="%s"})',
        *_QUEUE,
        spelt=COUNT,
    )
    + " messages, {{ $value | humanizeDuration }} of work. Look for slow or failing "
    "processing, then for more producers.",
    dashboard="dependencies",
)

DEPENDENCIES: Final = Group(
    name="dependencies.alerts", rules=(ERRORS, LATENCY, BREAKER, LIMITER, RETRIES, LAG)
)
