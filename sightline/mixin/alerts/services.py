"""Alerts on services that are down, fail, or are slow."""

from typing import Final

from instrumentation import service_metrics
from sightline.mixin.alerts import latency
from sightline.mixin.config import MIN_REQUESTS
from sightline.mixin.identity import IDENTITY, SERVICE, by, on
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.queries import (
    INSTANCE,
    PYTHON,
    START_TIME,
    in_flight,
    larger,
    or_zero,
    rate,
    single,
)
from sightline.mixin.rules import services as rules
from sightline.mixin.rules.dependencies import FAILURE_RATIO
from sightline.mixin.text import COUNT, PER_SECOND, first_value, list_of

_INSTANCES: Final = list_of(
    f"topk(5, up{{{SERVICE}}})", "job", item="{{ .Labels.instance }}", default="unknown ones"
)
_WORST_ROUTES: Final = list_of(
    f"topk(3, {rules.ROUTE_ERRORS}{{{SERVICE}}} > 0)",
    "job",
    item='{{ or .Labels.http_route "no route" }} ({{ .Value | printf "%.2f" }}/s)',
    default="none at this moment",
)
_CALLERS: Final = list_of(
    f"topk(3, {FAILURE_RATIO} > 0.01)",
    item="{{ .Labels.job }} to {{ .Labels.server_address }}:{{ .Labels.server_port }} "
    "({{ .Value | humanizePercentage }})",
    default="none",
)

DOWN: Final = Alert(
    name="ServiceDown",
    signal=f"sum {by()} (up)",
    threshold=Threshold(operator="==", value=0),
    gate=f"and {on()} {rules.KNOWN}",
    hold="1m",
    keep="0s",
    why="Only services that were instrumented within a day. One minute covers a lost scrape and a "
    "restart. No keep_firing_for: the outage ends as soon as one instance answers.",
    severity="critical",
    summary="{{ $labels.job }} is down: no instance answers.",
    description=f"Prometheus cannot scrape any instance, such as {_INSTANCES}. Requests to "
    "{{ $labels.job }} fail or hang. Look at the state of its processes and at the end of their "
    f"logs first. Calls that fail now, in any service: {_CALLERS}.",
    dashboard="service",
)

TARGET_DOWN: Final = Alert(
    name="TargetDown",
    signal="avg_over_time(up[10m])",
    threshold=Threshold(operator="<", value=0.75),
    gate=f"and {on('instance')} up\nand {on()} max {by()} (max_over_time(up[5m])) > 0\n"
    f"and {on()} {rules.KNOWN}",
    hold="3m",
    keep="0s",
    why="Fires only while another instance answers; without one it is ServiceDown. A quarter of "
    "ten minutes is longer than a restart in a rolling deploy, and finds an instance that answers "
    "only now and then.",
    severity="warning",
    summary="One instance of {{ $labels.job }} is down: {{ $labels.instance }}.",
    description="Prometheus cannot scrape it, or only now and then. "
    + first_value(f"sum(up{{{SERVICE}}})", "job", template=COUNT)
    + " of "
    + first_value(f"count(up{{{SERVICE}}})", "job", template=COUNT)
    + " instances answer and carry its load. Check that the load balancer no longer sends "
    "requests to it, then read its log.",
    dashboard="service",
    variables=("job", "instance"),
)

ABSENT: Final = Alert(
    name="ServiceAbsent",
    signal=rules.LAST_REQUESTS,
    threshold=Threshold(operator=">", value=0.5),
    gate=f"unless {on()} {rules.PRESENT}\nunless {on()} up",
    hold="5m",
    keep="0s",
    why="ServiceDown needs a target, so a service without one would never alert. At least 0.5 "
    "requests/s when it was last seen, because a service that had none may be scaled to zero. "
    "Five minutes give service discovery time to catch up.",
    severity="critical",
    summary="{{ $labels.job }} disappeared while it served requests.",
    description='It served {{ $value | printf "%.2f" }} requests/s when it was last seen. No '
    "target has its labels, so no other alert of it can fire, even if users get errors. Check "
    "whether the service runs, then its target or its name in service discovery.",
    dashboard="service",
)

_VERSIONS: Final = (
    f"count {by('instance')} (count {by('instance', 'service_version')} "
    f"(last_over_time({PYTHON}[12h])))"
)
_SLOW_RESTARTS: Final = (
    f"(\n  changes({START_TIME}[12h]) - {on('instance')} group_left () ({_VERSIONS} - 1)\n"
    f"  or\n  changes({START_TIME}[12h])\n) / 2"
)
_RECYCLED: Final = (
    f"  max_over_time({rules.INSTANCE_TOTAL}[5m]) > 0\n"
    f"  and {on('instance')} 4 * resets({rules.INSTANCE_TOTAL}[3h])\n"
    f"    <= {on('instance')} {single(f'changes({START_TIME}[3h])')}"
)


def _restarts(window: str) -> str:
    return first_value(
        f'changes({START_TIME}{{{SERVICE}, instance="%s"}}[{window}])',
        "job",
        "instance",
        template=COUNT,
    )


RESTARTING: Final = Alert(
    name="ServiceRestarting",
    signal=larger(f"changes({START_TIME}[1h])", _SLOW_RESTARTS),
    threshold=Threshold(operator=">", value=2),
    gate=f"and changes({START_TIME}[3h]) > 0\nunless resets({START_TIME}[1h]) > 0\n"
    f"unless {on('instance')} (\n{_RECYCLED}\n)\nand {on()} {rules.KNOWN}",
    hold="0s",
    keep="5m",
    why="The value is the number of restarts in an hour, or half of those in twelve hours, which "
    "finds a process that is killed every two hours. A deploy restarts once, a rollback twice; "
    "each new version explains one restart of the twelve hours. A start time that falls belongs to "
    "two processes at one address. A start time that rises while requests are counted on belongs "
    "to recycled workers.",
    severity="warning",
    summary="{{ $labels.job }} keeps restarting.",
    description=f"{{{{ $labels.instance }}}} restarted {_restarts('1h')} times within an hour and "
    f"{_restarts('12h')} times within twelve. Requests in flight are lost at each crash. Read the "
    "last lines of its log before a restart and compare its memory with its limit.",
    dashboard="python-runtime",
    variables=("job", "instance"),
)

ERRORS: Final = Alert(
    name="HttpServerErrorRatioHigh",
    signal=rules.SIGNIFICANT_RATIO,
    threshold=Threshold(operator=">", value=0.05),
    hold="5m",
    keep="5m",
    why="Backstop, because an objective may cover some requests only. The ratio is over the "
    "shortest of 5 minutes, 1 hour and 6 hours that has 20 requests, so that one failure "
    "at night is not 100 % and a service with few requests is not forgotten. keep_firing_for, "
    "because the ratio oscillates around its threshold.",
    severity="warning",
    summary="{{ $labels.job }} answers {{ $value | humanizePercentage }} of requests with 5xx.",
    description="Users get errors. If it began with a deploy, roll back first. "
    f"Routes with most errors: {_WORST_ROUTES}.",
    dashboard="service",
)

_PARTS: Final = (
    rules.ROUTE_SIGNIFICANT_RATIO,
    rules.INSTANCE_SIGNIFICANT_RATIO,
    rules.VERSION_SIGNIFICANT_RATIO,
)
_PART: Final = (
    "{{ with $labels.http_route }}route {{ . }}{{ else }}"
    "{{ with $labels.instance }}instance {{ . }}{{ else }}"
    "{{ with $labels.service_version }}version {{ . }}{{ else }}requests without a route"
    "{{ end }}{{ end }}{{ end }}"
)

CONCENTRATED: Final = Alert(
    name="HttpServerErrorsConcentrated",
    signal=f"({' or '.join(_PARTS)})",
    threshold=Threshold(operator=">", value=0.1),
    gate=f"unless {on()} {latency.active(ERRORS)}",
    hold="10m",
    keep="5m",
    why="One route, instance or version can fail completely while the service as a whole stays "
    "below the threshold of HttpServerErrorRatioHigh, which may be another one for each service. "
    "Ten minutes, because most users are served.",
    severity="warning",
    summary=f"{{{{ $labels.job }}}} answers {{{{ $value | humanizePercentage }}}} with 5xx on "
    f"{_PART}.",
    description="The service as a whole is below its threshold, so most users notice nothing. "
    "Everyone whose requests meet this part gets errors. Restart or remove a bad instance, roll "
    "back a bad version, and read a failed trace of a bad route.",
    dashboard="service",
    parts=("http_route", "instance", "service_version"),
)


def _usually_low(before: str) -> str:
    """Return the clause that excludes services with as little traffic *before*."""
    return (
        f"unless {on()} {rules.REQUESTS} offset {before} < {rules.DROPPED} * {rules.USUAL_REQUESTS}"
    )


TRAFFIC: Final = Alert(
    name="HttpServerTrafficDropped",
    signal=f"{or_zero(rules.REQUESTS, rules.USUAL_REQUESTS)} / {rules.USUAL_REQUESTS}",
    threshold=Threshold(operator="<", value=rules.DROPPED),
    gate=f"and {on()} {rules.USUAL_REQUESTS} > 0.5\n{_usually_low('1d')}\n{_usually_low('7d')}",
    hold="10m",
    keep="0s",
    why="Requests that never arrive produce no errors. The usual traffic is the lowest of the six "
    "hours before, so that pauses of a batch are usual, and it does not follow a drop for a day. "
    "Traffic that was as low a day or a week before ends at this hour as a rule. A minimum of 0.5 "
    "requests/s excludes idle services.",
    severity="warning",
    summary="{{ $labels.job }} receives less than a tenth of its usual traffic.",
    description="It receives "
    + first_value(f"{rules.REQUESTS}{{{SERVICE}}}", "job", template=PER_SECOND)
    + " requests/s. Users may get errors before their requests reach it. Check what is in front "
    "of it first: load balancer, name resolution, callers.",
    dashboard="service",
)

_IN_FLIGHT: Final = in_flight(by=INSTANCE)
_USUALLY_IN_FLIGHT: Final = (
    f"quantile_over_time(0.5, (avg {by()} (\n    {_IN_FLIGHT}\n"
    f"    and {on('instance')} {rules.INSTANCE_REQUESTS} > 0\n  ))[6h:5m])"
)

STUCK: Final = Alert(
    name="HttpServerRequestsStuck",
    signal=_IN_FLIGHT,
    threshold=Threshold(operator=">", value=2),
    gate=f"unless {on('instance')} {rules.INSTANCE_REQUESTS} > 0\n"
    f"and {on()} max_over_time({rules.REQUESTS}[6h:5m]) > 0.1\n"
    f"unless {on('instance')} (\n  {_IN_FLIGHT}\n"
    f"  <= {on()} group_left () 2 * {_USUALLY_IN_FLIGHT}\n)",
    hold="2m",
    keep="0s",
    why="A hung instance completes nothing, so it has neither errors nor durations. Requires "
    "traffic of the service within six hours and more than twice the number that is in flight as a "
    "rule on instances that complete requests, because an idle instance may hold streams open.",
    severity="critical",
    summary="{{ $labels.instance }} of {{ $labels.job }} has {{ $value }} requests in flight and "
    "completes none.",
    description="Users wait until they time out. The workers are blocked by a lock, a pool, or a "
    "dependency without a timeout. Save a stack dump of one process, then restart. Calls that "
    f"fail now, in any service: {_CALLERS}.",
    dashboard="service",
    variables=("job", "instance"),
)

DEGRADED: Final = Alert(
    name="ResponsesDegraded",
    signal=rate(f"{service_metrics.DEGRADED_RESPONSES}_total", by=(*IDENTITY, "dependency"))
    + f"\n/ {on()} group_left ()\n({rules.REQUESTS} > 0)",
    threshold=Threshold(operator=">", value=0.05),
    gate=f"and {on()} {rules.REQUEST_COUNT} >= {MIN_REQUESTS}",
    hold="5m",
    keep="5m",
    why="A fallback answers with 200, so the error ratio does not show that a dependency is "
    "unavailable.",
    severity="warning",
    summary="{{ $labels.job }} answers {{ $value | humanizePercentage }} of requests without "
    "{{ $labels.dependency }}.",
    description="Users get a reduced answer instead of an error. Look at {{ $labels.dependency }} "
    f"first; {{{{ $labels.job }}}} recovers with it. Calls that fail now, in any service: "
    f"{_CALLERS}.",
    dashboard="dependencies",
)

SERVICES: Final = Group(
    name="services.alerts",
    rules=(
        *(DOWN, TARGET_DOWN, ABSENT, RESTARTING),
        *(ERRORS, CONCENTRATED, latency.LATENCY, latency.ROUTE_LATENCY),
        *(TRAFFIC, STUCK, DEGRADED),
    ),
)
