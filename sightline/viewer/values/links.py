"""Links of values, panels and dashboards, with variables substituted and URLs checked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from sightline.grafana.dashboard import Dashboard
from sightline.grafana.fieldconfig import Link
from sightline.grafana.frame import Field, Frame
from sightline.grafana.interpolation import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Href:
    """A resolved link."""

    title: str
    url: str
    new_tab: bool = False


SERVICE_DASHBOARD: Final = "service"
"""Uid of the dashboard of one service, which the variable ``job`` selects."""


def service_url(service: str, **parameters: object) -> str:
    """Return the URL of the dashboard of *service*."""
    return f"/d/{SERVICE_DASHBOARD}?" + urlencode({"var-job": service, **parameters})


def value_links(  # noqa: PLR0913  a link may refer to each
    scope: Scope,
    field: Field,
    value: Any,
    text: str,
    *,
    row: int,
    frame: Frame | None,
) -> list[Href]:
    """Return the links of one value; ``${__value.raw}`` refers to it, ``${__data}`` to its row."""
    if not field.config.links:
        return []
    around = frame.fields if frame is not None else (field,)
    cells = {one.title: _cell(one, row) for one in around}
    data = {
        "__value": {"raw": _raw_value(value), "text": text, "numeric": _raw_value(value)},
        "__field": {"name": field.title, "labels": field.labels},
        "__series": {"name": field.title},
        "__data": {"fields": cells | {str(number): cell for number, cell in enumerate(cells)}},
    }
    return resolve(scope.with_data(data), field.config.links)


def resolve(scope: Scope, links: Iterable[Link]) -> list[Href]:
    """Substitute variables in links; links that are not web addresses are dropped."""
    made = (
        Href(
            title=scope.plain(one.title) or "Link",
            url=scope.url(one.url),
            new_tab=one.new_tab or _is_external(one.url),
        )
        for one in links
    )
    return [href for href in made if is_web_url(href.url)]


def dashboard_links(
    dashboard: Dashboard, others: Sequence[Dashboard], scope: Scope
) -> list[tuple[str, list[Href]]]:
    """Return the links of a dashboard by title; several links under one title are a menu."""
    made = []
    for raw in dashboard.links:
        query = _carried_parameters(raw, scope)
        if raw.get("type") == "dashboards":
            tags = set(raw.get("tags") or ())
            targets = [
                Href(title=one.title, url=f"/d/{one.uid}" + (f"?{query}" if query else ""))
                for one in others
                if tags <= set(one.tags) and one.uid != dashboard.uid
            ]
        else:
            separator = "&" if "?" in (raw.get("url") or "") else "?"
            url = scope.url(raw.get("url") or "") + (f"{separator}{query}" if query else "")
            blank = bool(raw.get("targetBlank"))
            targets = [Href(title=raw.get("title") or url, url=url, new_tab=blank)] * is_web_url(
                url
            )
        made.append((raw.get("title") or "Dashboards", targets))
    return [(title, targets) for title, targets in made if targets]


def is_web_url(url: str) -> bool:
    """Return true if *url* is a path of this server or an http address."""
    parts = urlsplit(url.strip())
    return bool(url) and parts.scheme in {"", "http", "https"} and not url.startswith("//")


def without_host(url: str) -> str:
    """Remove the host from *url* if it is a dashboard: alerts are written for one address."""
    parts = urlsplit(url)
    return urlunsplit(("", "", *parts[2:])) if parts.path.startswith("/d/") else url


def _carried_parameters(raw: Mapping[str, Any], scope: Scope) -> str:
    template = [
        *(["${__all_variables}"] if raw.get("includeVars") else []),
        *(["${__url_time_range}"] if raw.get("keepTime") else []),
    ]
    return scope.url("&".join(template))


def _is_external(url: str) -> bool:
    return bool(urlsplit(url).scheme)


def _cell(field: Field, row: int) -> str:
    return str(_raw_value(field.values[row])) if 0 <= row < len(field.values) else ""


def _raw_value(value: Any) -> Any:
    if value is None:
        return ""
    return int(value) if isinstance(value, float) and value.is_integer() else value
