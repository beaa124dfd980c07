"""Alertmanager's files with the labels, teams, environments and receivers of an organization."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from sightline import artifacts
from sightline.export.receivers import FILE_SUFFIX, Audience, Json, Receivers
from sightline.mixin.places import Places

_ENVIRONMENT: Final = "environment"
_TEAM: Final = "team"
_EXAMPLE: Final = 'team="payments"'
"""Matcher of the route of a team in the committed file."""

TEMPLATES: Final = "notifications.tmpl"
"""File of the texts of notifications."""

HEADER: Final = "# Written by sightline export. Change sightline.yaml and export again.\n"
_PLACE: Final = re.compile(
    r"\{\{- with \.CommonLabels\.(?P<label>\w+) \}\}(?P<text>.*?)\{\{ end -\}\}\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Labels by which alerts are routed, and times without notifications."""

    places: Places = field(default_factory=Places)
    environment: str = _ENVIRONMENT
    """Label of the environment."""
    production: tuple[str, ...] = ("prod", "production")
    """Environments in which a critical alert pages."""
    team: str = _TEAM
    times: Mapping[str, list[Json]] = field(default_factory=dict)
    """Time intervals by name, in place of those in the committed file."""
    receivers: Receivers | None = None
    """Receivers of the organization. None for the examples of the committed file."""

    def labels(self, labels: list[str]) -> list[str]:
        """Return the labels of the organization in place of the default ones.

        An empty list would mean that of the route above, so labels that all are absent stay.
        """
        renamed = {_ENVIRONMENT: self.environment, _TEAM: self.team}
        places = (name for label in labels for name in self.places.labels(label))
        return list(dict.fromkeys(renamed.get(name, name) for name in places)) or labels


def config(routing: Routing, *, templates: str) -> Json:
    """Return Alertmanager's configuration for *routing*, with the texts of the file *templates*."""
    path = artifacts.PROMETHEUS / "alertmanager.production.yml"
    found: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    found["templates"] = [templates]
    found["route"] = next(_routes(found["route"], routing))
    for interval in found["time_intervals"]:
        usual = interval["time_intervals"]
        interval["time_intervals"] = routing.times.get(interval["name"], usual)
    for rule in found["inhibit_rules"]:
        rule["equal"] = routing.labels(rule["equal"])
    if routing.receivers:
        found["receivers"] = list(_receivers(routing.receivers))
    return found


def files(routing: Routing) -> dict[str, str]:
    """Return the configuration and the templates as files beside each other."""
    return {
        "alertmanager.yml": render(config(routing, templates=f"templates/{TEMPLATES}")),
        f"templates/{TEMPLATES}": texts(routing),
    }


def render(config: Json) -> str:
    """Return *config* as YAML."""
    text: str = yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=100)
    return HEADER + text


def texts(routing: Routing) -> str:
    """Return the templates of notifications, with the labels of the organization in titles."""
    text = (artifacts.PROMETHEUS / "templates" / TEMPLATES).read_text(encoding="utf-8")
    return _PLACE.sub(lambda found: _place(found, routing), text)


def without_files(config: Any) -> Any:
    """Return *config* with a variable in place of each secret file, because Mimir reads none."""
    match config:
        case dict():
            return dict(_without_file(key, value) for key, value in config.items())
        case list():
            return [without_files(item) for item in config]
    return config


def _without_file(key: str, value: Any) -> tuple[str, Any]:
    if not key.endswith(FILE_SUFFIX):
        return key, without_files(value)
    name = re.sub(r"[^A-Z0-9]+", "_", value.rpartition("/secrets/")[2].upper()).strip("_")
    return key.removesuffix(FILE_SUFFIX), f"${{{name}}}"


def _place(found: re.Match[str], routing: Routing) -> str:
    label = found["label"]
    return "".join(
        found[0].replace(f".{label} ", f".{name} ").replace(f" {label} {{{{", f" {name} {{{{")
        for name in routing.labels([label])
    )


def _routes(route: Json, routing: Routing) -> Iterator[Json]:
    """Yield *route* with the labels of the organization, or the example of a team for each team."""
    matchers = route.get("matchers", [])
    if routing.receivers and _EXAMPLE in matchers:
        for name, audience in routing.receivers.teams.items():
            yield from _route_of_team(route, name, audience, routing)
        return
    adapted = dict(route)
    if "group_by" in route:
        adapted["group_by"] = routing.labels(route["group_by"])
    if matchers:
        adapted["matchers"] = [_matcher(matcher, routing) for matcher in matchers]
    below = [found for child in route.get("routes", ()) for found in _routes(child, routing)]
    if _is_environment(matchers):
        below = list(_routes_of_environments(routing))
    adapted.pop("routes", None)
    yield {**adapted, "routes": below} if below else adapted


def _route_of_team(route: Json, name: str, audience: Audience, routing: Routing) -> Iterator[Json]:
    kind = route["receiver"].partition("-")[0]
    if getattr(audience, kind):
        matcher = f'{routing.team}="{name}"'
        yield {**route, "matchers": [matcher], "receiver": f"{kind}-{name}"}


def _routes_of_environments(routing: Routing) -> Iterator[Json]:
    """Yield the routes of environments without pages, then those of teams in the others."""
    if not routing.receivers:
        return
    for label, audiences in (
        (routing.environment, routing.receivers.environments),
        (routing.team, routing.receivers.teams),
    ):
        for name, audience in audiences.items():
            if audience.tickets:
                yield {"matchers": [f'{label}="{name}"'], "receiver": f"tickets-{name}"}


def _is_environment(matchers: Sequence[str]) -> bool:
    return any(matcher.startswith(_ENVIRONMENT) for matcher in matchers)


def _matcher(matcher: str, routing: Routing) -> str:
    label, operator, value = re.split(r"(=~|!~|!=|=)", matcher, maxsplit=1)
    (name,) = routing.labels([label])
    if label == _ENVIRONMENT and operator == "!~":
        value = f'"{"|".join(map(re.escape, routing.production))}"'.replace("\\", "\\\\")
    return f"{name}{operator}{value}"


def _receivers(receivers: Receivers) -> Iterator[Json]:
    yield from _receivers_of(receivers.everyone, "")
    for name, audience in (*receivers.teams.items(), *receivers.environments.items()):
        yield from _receivers_of(audience, f"-{name}")
    yield {"name": "heartbeat", **(receivers.heartbeat or {})}
    yield {"name": "none"}


def _receivers_of(audience: Audience, suffix: str) -> Iterator[Json]:
    for kind in ("pages", "tickets"):
        integrations = getattr(audience, kind)
        if integrations:
            yield {"name": f"{kind}{suffix}", **integrations}
