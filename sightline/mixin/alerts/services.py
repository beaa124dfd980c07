"""A service does not answer, answers wrongly, or late."""

from typing import Final

from sightline.mixin.config import FEWEST_FOR_P99, FEWEST_REQUESTS
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.rules import services as rules
from sightline.mixin.text import COUNT, PER_SECOND, listed, single

_INSTANCES: Final = listed(
    'up{job="%s"}', "job", item="{{ .Labels.instance }}", otherwise="none known"
)
_WORST_ROUTES: Final = listed(
    f'topk(3, {rules.ROUTE_ERRORS}{{job="%s"}} > 0)',
    "job",
    item='{{ or .Labels.http_route "no route" }} ({{ .Value | printf "%.2f" }}/s)',
    otherwise="none at this moment",
)
_SLOWEST_ROUTES: Final = listed(
    f'topk(3, {rules.ROUTE_DURATION}{{job="%s", quantile="0.99"}} > 0)',
    "job",
    item='{{ or .Labels.http_route "no route" }} ({{ .Value | humanizeDuration }})',
    otherwise="none at this moment",
)
_CALLERS: Final = listed(
    "topk(3, job_server_address_server_port:http_client_errors:ratio > 0.01)",
    item="{{ .Labels.job }} to {{ .Labels.server_address }}:{{ .Labels.server_port }} "
    "({{ .Value | humanizePercentage }})",
    otherwise="nobody",
)

DOWN: Final = Alert(
    name="ServiceDown",
    signal="sum by (job) (up)",
    threshold=Threshold(operator="==", value=0),
    hold="1m",
    keep="0s",
    why="A minute rides out one lost scrape and a restart; nothing is kept, for one instance that "
    "answers ends the outage.",
    severity="critical",
    summary="{{ $labels.job }} is down: no instance answers.",
    description=f"Prometheus cannot scrape any instance of {{{{ $labels.job }}}}: {_INSTANCES}. "
    f"Calls failing now: {_CALLERS}.",
    dashboard="service",
)

TARGET_DOWN: Final = Alert(
    name="TargetDown",
    signal="up",
    threshold=Threshold(operator="==", value=0),
    gate="and on (job) sum by (job) (up) > 0",
    hold="2m",
    keep="0s",
    why="Only while another instance answers: with none left it is ServiceDown. Longer than a "
    "rolling restart of one instance.",
    severity="warning",
    summary="One instance of {{ $labels.job }} is down: {{ $labels.instance }}.",
    description="The others carry its load: "
    + single('sum(up{job="%s"})', "job", spelt=COUNT)
    + " of "
    + single('count(up{job="%s"})', "job", spelt=COUNT)
    + " instances answer.",
    dashboard="service",
    variables=("job", "instance"),
)

ABSENT: Final = Alert(
    name="ServiceAbsent",
    signal="group by (job) (slo:objective:ratio)",
    threshold=None,
    gate="unless on (job) up",
    hold="5m",
    keep="0s",
    why="A service with an objective that Prometheus does not even know cannot be down for it; "
    "five minutes let discovery catch up.",
    severity="critical",
    summary="{{ $labels.job }} has an objective but no scrape target.",
    description="No target carries the label job={{ $labels.job }}, so none of its alerts can "
    "fire. Known jobs: "
    + listed("group by (job) (up)", item="{{ .Labels.job }}", otherwise="none")
    + ".",
    dashboard="service",
)

RESTARTING: Final = Alert(
    name="ServiceRestarting",
    signal="changes(process_start_time_seconds[15m])",
    threshold=Threshold(operator=">", value=2),
    hold="0s",
    keep="5m",
    why="A deploy restarts once, a rollback twice. It counts past events, so there is nothing to "
    "wait for.",
    severity="warning",
    summary="{{ $labels.job }} keeps restarting.",
    description="{{ $labels.instance }} restarted {{ $value }} times within the window of this "
    "alert; look at the last lines of its log and at its memory limit.",
    dashboard="python-runtime",
    variables=("job", "instance"),
)

ERRORS: Final = Alert(
    name="HttpServerErrorRatioHigh",
    signal=rules.ERROR_RATIO,
    threshold=Threshold(operator=">", value=0.05),
    gate=f"and on (job) {rules.REQUEST_COUNT} >= {FEWEST_REQUESTS}",
    hold="5m",
    keep="5m",
    why="The backstop for services without an objective. At least 20 requests, so that one failure "
    "in the night is not 100 %; kept, for the ratio swings about its threshold.",
    severity="warning",
    summary="{{ $labels.job }} answers {{ $value | humanizePercentage }} of requests with 5xx.",
    description=f"Routes with most errors: {_WORST_ROUTES}.",
    dashboard="service",
)

LATENCY: Final = Alert(
    name="HttpServerLatencyHigh",
    signal=f'{rules.DURATION}{{quantile="0.99"}}',
    threshold=Threshold(operator=">", value=1.0),
    gate=f"and on (job) {rules.REQUEST_COUNT} >= {FEWEST_FOR_P99}",
    hold="10m",
    keep="5m",
    why="The backstop for services without an objective. At least 100 requests: of fewer, p99 is "
    "the one slowest. Ten minutes, for slow is not down.",
    severity="warning",
    summary="{{ $labels.job }} needs {{ $value | humanizeDuration }} for its slowest 1 % of "
    "requests.",
    description=f"Slowest routes by p99: {_SLOWEST_ROUTES}.",
    dashboard="service",
)

TRAFFIC: Final = Alert(
    name="HttpServerTrafficDropped",
    signal=f"{rules.REQUESTS} / avg_over_time({rules.REQUESTS}[1h] offset 10m)",
    threshold=Threshold(operator="<", value=0.1),
    gate=f"and on (job) avg_over_time({rules.REQUESTS}[1h] offset 10m) > 0.5",
    hold="10m",
    keep="0s",
    why="Requests that never arrive leave no error. Against the hour before, so that a daily wave "
    "does not alert, and only where that hour had 0.5 requests a second.",
    severity="warning",
    summary="{{ $labels.job }} lost nine tenths of its traffic.",
    description="Left: "
    + single(f'{rules.REQUESTS}{{job="%s"}}', "job", spelt=PER_SECOND)
    + " requests/s. Look one hop up: load balancer, name resolution, callers.",
    dashboard="service",
)

STUCK: Final = Alert(
    name="HttpServerRequestsStuck",
    signal="sum by (job) (http_server_active_requests)",
    threshold=Threshold(operator=">", value=0),
    gate=f"and on (job) {rules.REQUESTS} == 0\n"
    f"and on (job) max_over_time({rules.REQUESTS}[1h]) > 0.1",
    hold="2m",
    keep="0s",
    why="A hung service finishes nothing, so it shows no error and no duration. Only after traffic "
    "within the hour: an idle service may hold one long stream open.",
    severity="critical",
    summary="{{ $labels.job }} has {{ $value }} requests in flight and completes none.",
    description="Its workers wait for something: a lock, a pool, a dependency without a timeout. "
    "Calls failing now: " + _CALLERS + ".",
    dashboard="service",
)

DEGRADED: Final = Alert(
    name="ResponsesDegraded",
    signal="sum by (job, dependency) (rate(degraded_responses_total[5m]))\n"
    f"/ on (job) group_left ()\n({rules.REQUESTS} > 0)",
    threshold=Threshold(operator=">", value=0.05),
    gate=f"and on (job) {rules.REQUEST_COUNT} >= {FEWEST_REQUESTS}",
    hold="5m",
    keep="5m",
    why="A fallback answers 200, so the error ratio stays silent while a dependency is away.",
    severity="warning",
    summary="{{ $labels.job }} answers {{ $value | humanizePercentage }} of requests without "
    "{{ $labels.dependency }}.",
    description="Users get a reduced answer instead of an error. "
    "Calls failing now: " + _CALLERS + ".",
    dashboard="dependencies",
)

SERVICES: Final = Group(
    name="services.alerts",
    rules=(
        *(DOWN, TARGET_DOWN, ABSENT, RESTARTING),
        *(ERRORS, LATENCY, TRAFFIC, STUCK, DEGRADED),
    ),
)
