"""Objectives from YAML: our own short form, and Sloth's `prometheus/v1` as it is."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import yaml

from instrumentation.conventions import METRICS
from sightline.mixin.queries import SERVER, both, selected
from sightline.mixin.slo.objective import WINDOW, Objective, SloError

ROOT: Final = Path(__file__).resolve().parents[3]
OURS: Final = ROOT / "prometheus" / "slos.yaml"

_SLOTH: Final = "prometheus/v1"
_PERIOD: Final = "30d"
_MIN_ERRORS: Final = 10


def read(path: Path) -> tuple[Objective, ...]:
    """Every objective in *path*.

    Raises:
        SloError: Names the file, the objective and what was expected.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        objectives = tuple(_objectives(document))
    except (SloError, OSError, yaml.YAMLError) as error:
        raise SloError(f"{path}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise SloError(f"{path}: {error!r}: expected the form of prometheus/slos.yaml") from error
    _refuse_twins(path, objectives)
    return objectives


def _objectives(document: Mapping[str, Any]) -> Iterator[Objective]:
    if document.get("version") == _SLOTH:
        return (_of_sloth(document["service"], slo) for slo in document["slos"])
    return (_of_ours(slo) for slo in document["slos"])


def _of_ours(slo: Mapping[str, Any]) -> Objective:
    errors, events = _indicator(slo["service"], slo["sli"])
    return Objective(
        service=slo["service"],
        name=slo["name"],
        objective=_ratio(slo["objective"]),
        period=slo.get("period", _PERIOD),
        errors=errors,
        events=events,
        min_errors=slo.get("min_errors", _MIN_ERRORS),
    )


def _of_sloth(service: str, slo: Mapping[str, Any]) -> Objective:
    match slo["sli"]:
        case {"events": {"error_query": errors, "total_query": events}}:
            min_errors = _MIN_ERRORS
        case {"raw": {"error_ratio_query": ratio}}:
            errors, events, min_errors = ratio, _one_event(ratio), 0
        case other:
            raise SloError(f"{service}/{slo['name']}: sli {other!r}: expected events or raw")
    return Objective(
        service=service,
        name=slo["name"],
        objective=_ratio(slo["objective"]),
        period=_PERIOD,
        errors=errors.strip(),
        events=events.strip(),
        min_errors=min_errors,
    )


def _indicator(service: str, sli: Mapping[str, Any]) -> tuple[str, str]:
    """Queries of bad events and of all events a second."""
    match sli:
        case {"http": {"errors": str(status), **more}}:
            where = _where(service, more)
            return (
                _rate(f"{SERVER}_count", both(where, f'http_response_status_code=~"{status}"')),
                _rate(f"{SERVER}_count", where),
            )
        case {"http": {"slower_than": float() | int() as threshold, **more}}:
            where = _where(service, more)
            fast = both(where, f'le="{_bound(threshold)!r}"')
            every = _rate(f"{SERVER}_count", where)
            return f"{every}\n- {_rate(f'{SERVER}_bucket', fast)}", every
        case {"events": {"errors": str(errors), "total": str(total)}}:
            return errors.strip(), total.strip()
        case other:
            raise SloError(
                f"{service}: sli {dict(other)!r}: expected http with errors or slower_than, "
                "or events with errors and total"
            )


def _where(service: str, more: Mapping[Any, Any]) -> str:
    routes = "|".join(more.get("exclude_routes", ()))
    return both(f'job="{service}"', f'http_route!~"{routes}"' if routes else "")


def _rate(series: str, where: str) -> str:
    return f"sum(rate({selected(series, where)}[{WINDOW}]))"


def _bound(threshold_seconds: float) -> float:
    bounds = METRICS[SERVER].buckets
    if threshold_seconds not in bounds:
        raise SloError(
            f"slower_than {threshold_seconds}: expected a bucket bound of {SERVER}, "
            f"one of {', '.join(map(str, bounds))}"
        )
    return float(threshold_seconds)


def _one_event(ratio: str) -> str:
    """One event a second wherever *ratio* exists: a ratio alone cannot be weighed by requests."""
    return f"({ratio.strip()}) * 0 + 1"


def _ratio(percent: object) -> Fraction:
    try:
        return Fraction(str(percent)) / 100
    except ValueError as error:
        raise SloError(f"objective {percent!r}: expected a percentage, like 99.9") from error


def _refuse_twins(path: Path, objectives: tuple[Objective, ...]) -> None:
    names = [(each.service, each.name) for each in objectives]
    twins = sorted({f"{job}/{name}" for job, name in names if names.count((job, name)) > 1})
    if twins:
        raise SloError(f"{path}: {', '.join(twins)} stands twice: expected one of each name")
