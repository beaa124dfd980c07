"""Short constructors of dashboards, frames and panel data for tests of the viewer."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sightline.grafana.dashboard import Dashboard, Panel
from sightline.grafana.frame import Field, Frame
from sightline.grafana.interpolation import Scope, Value
from sightline.grafana.timerange import TimeRange
from sightline.viewer.model.series import Exemplar, Series
from sightline.viewer.model.trace import Trace
from sightline.viewer.panels.kinds import draw
from sightline.viewer.panels.view import View
from sightline.viewer.sources.panel_data import Event, PanelData
from sightline.viewer.values.fields import with_config

NOON = 1_795_608_000.0
"""2026-11-25 12:00:00 UTC, in seconds."""

LAST_HOUR = TimeRange.parse("now-1h", "now", now=NOON)


def scope(interval_seconds: float = 10.0, **variables: str | Sequence[str]) -> Scope:
    """Return the scope of the hour before noon; a list makes a variable with several values."""
    values = {
        name: Value(values=(one,))
        if isinstance(one, str)
        else Value(values=tuple(one), several=True)
        for name, one in variables.items()
    }
    return Scope(time=LAST_HOUR, variables=values, interval_seconds=interval_seconds)


def dashboard(*panels: Mapping[str, Any], **more: Any) -> Dashboard:  # noqa: ANN401  as in the file
    """Return a dashboard `test` with these panels; ``variables`` are as in the file."""
    listed = {"templating": {"list": list(more.pop("variables", ()))}}
    return Dashboard.from_json(
        {"uid": "test", "title": "Test", "panels": list(panels)} | listed | more
    )


def panel(
    type_: str,
    *,
    defaults: Mapping[str, Any] | None = None,
    **more: Any,  # noqa: ANN401  as in the file
) -> Panel:
    """Return a panel with these field defaults; other arguments are as in the file."""
    fields = {"defaults": defaults or {}, "overrides": more.pop("overrides", [])}
    raw = {"id": 1, "type": type_, "title": "Panel", "fieldConfig": fields, **more}
    found = dashboard(raw).panel(1)
    assert found is not None
    return found


def numbers(name: str, *values: float | None, every_seconds: float = 10.0, **labels: str) -> Frame:
    """Return a series of *values* that ends at noon."""
    first = NOON - every_seconds * (len(values) - 1)
    times = [1000 * (first + every_seconds * number) for number in range(len(values))]
    return Frame(
        ref_id="A",
        fields=(
            Field(name="Time", type="time", values=times),
            Field(name="Value", type="number", values=list(values), labels=labels, legend=name),
        ),
    )


def columns(*, ref_id: str = "A", **cells: Sequence[Any]) -> Frame:
    """Return a table; a column with text is a string column."""
    return Frame(
        ref_id=ref_id,
        fields=tuple(
            Field(
                name=name,
                type="string" if any(isinstance(one, str) for one in values) else "number",
                values=list(values),
            )
            for name, values in cells.items()
        ),
    )


def cells(frame: Frame) -> dict[str, list[Any]]:
    """Return the columns of a frame by title."""
    return {field.title: list(field.values) for field in frame.fields}


def series(*values: float, **labels: str) -> Series:
    """Return a series with samples ten seconds apart, the last at noon."""
    first = NOON - 10.0 * (len(values) - 1)
    samples = [(first + 10.0 * number, value) for number, value in enumerate(values)]
    return Series(labels=labels, samples=samples)


def view(
    shown: Panel,
    *frames: Frame,
    exemplars: Sequence[Exemplar] = (),
    events: Sequence[Event] = (),
    trace: Trace | None = None,
) -> View:
    """Draw *shown* with these frames in UTC."""
    data = PanelData(
        panel=shown,
        frames=with_config(shown, frames),
        scope=scope(),
        zone=ZoneInfo("UTC"),
        exemplars=exemplars,
        events=events,
        trace=trace,
    )
    return draw(data)


def span(
    id_: str, start: int, duration: int, *, parent: str = "", process: str = "p1", **tags: object
) -> dict[str, Any]:
    """Return a span as in Jaeger's v1 API; times are microseconds."""
    above = [{"refType": "CHILD_OF", "traceID": "t", "spanID": parent}] if parent else []
    return {
        "traceID": "t",
        "spanID": id_,
        "operationName": f"operation {id_}",
        "references": above,
        "startTime": start,
        "duration": duration,
        "processID": process,
        "tags": [{"key": key, "type": "string", "value": value} for key, value in tags.items()],
        "logs": [],
    }


def trace(*spans: Mapping[str, Any], services: Sequence[str] = ("gateway",)) -> dict[str, Any]:
    """Return a trace of these spans; process ``p1`` is the first service."""
    names = enumerate(services, start=1)
    processes = {f"p{number}": {"serviceName": name, "tags": []} for number, name in names}
    return {"traceID": "t", "spans": list(spans), "processes": processes}
