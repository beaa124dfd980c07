"""Field configuration applied, and values turned into what the reader sees."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sightline.grafana import units
from sightline.grafana.dashboard import Override, Panel
from sightline.grafana.fieldconfig import FieldConfig, ValueMapping
from sightline.grafana.frame import Field, Frame
from sightline.grafana.matchers import matcher, pattern
from sightline.viewer.values import colors


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A value as the reader sees it."""

    text: str
    suffix: str = ""
    color: str = ""
    """CSS colour by threshold or mapping."""
    mapped: bool = False
    """Whether a mapping gave the text."""
    empty: bool = False

    def __str__(self) -> str:
        """As one string."""
        return self.text + self.suffix


def configured(panel: Panel, frames: Sequence[Frame]) -> list[Frame]:
    """*frames* with each field's configuration: defaults, then every override that matches."""
    rules = [(matcher(one), one) for one in panel.overrides]
    return [
        frame.with_fields(
            replace(
                field,
                config=FieldConfig.from_json(
                    _merged(
                        {**panel.defaults, **field.own},
                        [rule for match, rule in rules if match(frame, field)],
                    )
                ),
            )
            for field in frame.fields
        )
        for frame in frames
    ]


def shown(value: Any, field: Field) -> Shown:  # noqa: ANN401  a cell holds anything
    """*value* with its mapping, unit and colour."""
    config = field.config
    found = next((one for one in config.mappings if _maps(one, value)), None)
    base = _written(value, field)
    if found is None:
        return base
    return Shown(
        text=base.text if found.text is None else found.text,
        suffix=base.suffix if found.text is None else "",
        color=colors.color(found.color) if found.color else base.color,
        mapped=found.text is not None,
    )


def _written(value: Any, field: Field) -> Shown:  # noqa: ANN401  a cell holds anything
    config = field.config
    if value is None or value == "":
        return Shown(text=config.no_value, color=colors.color("text"), empty=True)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Shown(text=str(value), color=colors.of_value(None, config))
    unit = "dateTimeAsIso" if _unwritten_time(field) else config.unit
    text = units.write(value, unit, config.decimals)
    color = colors.of_value(value, config)
    return Shown(text=text.prefix + text.number, suffix=text.suffix, color=color)


def _unwritten_time(field: Field) -> bool:
    """Whether it is a time whose unit says nothing about how to write one; then Grafana does."""
    return field.type == "time" and not field.config.unit.startswith("dateTime")


def _maps(rule: ValueMapping, value: Any) -> bool:  # noqa: ANN401  a cell holds anything
    match rule.kind:
        case "value":
            return rule.match in (str(value), _whole(value))
        case "range":
            return isinstance(value, int | float) and _within(rule, float(value))
        case "regex":
            return isinstance(value, str) and pattern(rule.match).search(value) is not None
        case "special":
            return _special(rule.match, value)
    return False


def _whole(value: Any) -> str:  # noqa: ANN401  a cell holds anything
    return f"{value:g}" if isinstance(value, float) else str(value)


def _within(rule: ValueMapping, value: float) -> bool:
    return (rule.low is None or value >= rule.low) and (rule.high is None or value <= rule.high)


def _special(word: str, value: Any) -> bool:  # noqa: ANN401  a cell holds anything
    tests = {
        "null": value is None,
        "nan": value is None,
        "null+nan": value is None,
        "empty": isinstance(value, str) and not value,
        "true": value is True,
        "false": value is False,
    }
    return tests.get(word, False)


def _merged(defaults: Mapping[str, Any], overrides: Sequence[Override]) -> Mapping[str, Any]:
    if not overrides:
        return defaults
    merged = copy.deepcopy(dict(defaults))
    for override in overrides:
        for path, value in override.properties.items():
            _put(merged, path.split("."), value)
    return merged


def _put(place: dict[str, Any], path: Sequence[str], value: Any) -> None:  # noqa: ANN401
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value
