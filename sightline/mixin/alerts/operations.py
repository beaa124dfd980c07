"""Alerts on gRPC calls, database operations and processed messages that fail or are slow."""

from typing import Final

from sightline.mixin.config import MIN_REQUESTS_FOR_P99, RATE_WINDOW
from sightline.mixin.identity import matchers, on
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.queries import STREAM_SECONDS
from sightline.mixin.rules import significance
from sightline.mixin.rules.operations import DATABASE, FAILED, MESSAGES, RPC, Operation
from sightline.mixin.text import first_value, list_of


def _on(operation: Operation) -> str:
    return on(operation.label) if operation.label else on()


def _failing(name: str, operation: Operation, *, summary: str, effect: str) -> Alert:
    where = f"{matchers(*operation.labels)}, {FAILED}"
    return Alert(
        name=name,
        signal=significance.error_ratio(operation),
        threshold=Threshold(operator=">", value=0.05),
        hold="5m",
        keep="5m",
        why="As for HttpServerErrorRatioHigh: at least 20 in five minutes or, with 5 failures, in "
        "an hour, because one failure of ten means nothing.",
        severity="warning",
        summary=f"{{{{ $value | humanizePercentage }}}} of {summary} fail.",
        description=f"{effect} Errors by type: "
        + list_of(
            f"topk(3, sum by (error_type) (rate({operation.histogram}_count{{{where}}}"
            f"[{RATE_WINDOW}])) > 0)",
            *operation.labels,
            item='{{ .Labels.error_type }} ({{ .Value | printf "%.2f" }}/s)',
            default="none at this moment",
        )
        + ".",
        dashboard="service",
    )


def _slow(  # noqa: PLR0913  the fields of an alert
    name: str, operation: Operation, *, gate: str, why: str, summary: str, effect: str
) -> Alert:
    return Alert(
        name=name,
        signal=_quantile(operation, "0.99"),
        threshold=Threshold(operator=">", value=1.0),
        gate=f"and {_on(operation)} {operation.count} >= {MIN_REQUESTS_FOR_P99}\n{gate}",
        hold="10m",
        keep="5m",
        why=f"{why} At least 100 in five minutes, because p99 of fewer is the slowest one.",
        severity="warning",
        summary=f"The slowest 1 % of {summary} take {{{{ $value | humanizeDuration }}}} or longer.",
        description=f"{effect} Their median: "
        + first_value(
            f'{operation.duration}{{{matchers(*operation.labels)}, quantile="0.5"}}',
            *operation.labels,
            template="humanizeDuration",
        )
        + ".",
        dashboard="service",
    )


def _quantile(operation: Operation, quantile: str) -> str:
    return f'{operation.duration}{{quantile="{quantile}"}}'


def _not_streams(operation: Operation) -> str:
    return (
        f"unless {_on(operation)} (\n  {_quantile(operation, '0.99')} >= {STREAM_SECONDS:g}\n"
        f"  and {_on(operation)} {_quantile(operation, '0.95')} <= 1\n)"
    )


_DATABASE: Final = "operations of {{ $labels.job }} on {{ $labels.db_system_name }}"
_MESSAGES: Final = "messages of {{ $labels.messaging_destination_name }} in {{ $labels.job }}"

OPERATIONS: Final = Group(
    name="operations.alerts",
    rules=(
        _failing(
            "RpcServerErrorRatioHigh",
            RPC,
            summary="gRPC calls of {{ $labels.job }}",
            effect="Callers get errors. Look for the procedure that fails first.",
        ),
        _slow(
            "RpcServerLatencyHigh",
            RPC,
            gate=_not_streams(RPC),
            why="As for HttpServerLatencyHigh. Few calls longer than the last bucket among quick "
            "ones are streams.",
            summary="gRPC calls of {{ $labels.job }}",
            effect="Callers wait or give up. Look for the slow procedure first.",
        ),
        _failing(
            "DatabaseErrorRatioHigh",
            DATABASE,
            summary=_DATABASE,
            effect="Requests that need the database fail. Check whether it runs and accepts "
            "connections first.",
        ),
        _slow(
            "DatabaseLatencyHigh",
            DATABASE,
            gate=_not_streams(DATABASE),
            why="A request cannot be faster than its queries.",
            summary=_DATABASE,
            effect="Requests that need the database are slow. Look for the slow statement in a "
            "trace first.",
        ),
        _failing(
            "MessageProcessingFailing",
            MESSAGES,
            summary=_MESSAGES,
            effect="What depends on these messages does not happen, or they are tried again.",
        ),
        _slow(
            "MessageProcessingSlow",
            MESSAGES,
            gate=f"and {_on(MESSAGES)} {_quantile(MESSAGES, '0.99')} > "
            f"3 * ({_quantile(MESSAGES, '0.99')} offset 1d)",
            why="Jobs may take minutes by design, so that three times the duration of the day "
            "before counts.",
            summary=_MESSAGES,
            effect="The queue will grow if this continues. Open the trace of a slow message first.",
        ),
    ),
)
