"""Field configuration, and values as displayed."""

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
class DisplayValue:
    """Cell or stat as the reader sees it."""

    text: str
    suffix: str = ""
    color: str = ""
    """CSS color by threshold or mapping."""
    empty: bool = False

    def __str__(self) -> str:
        """Join the parts."""
        return self.text + self.suffix


def with_config(panel: Panel, frames: Sequence[Frame]) -> list[Frame]:
    """Set the configuration of each field: defaults, then every matching override."""
    rules = [(matcher(one), one) for one in panel.overrides]
    return [
        frame.with_fields(
            replace(
                field,
                config=FieldConfig.from_json(
                    _merge(
                        {**panel.defaults, **field.own},
                        [rule for match, rule in rules if match(field)],
                    )
                ),
            )
            for field in frame.fields
        )
        for frame in frames
    ]


def display(value: Any, field: Field) -> DisplayValue:
    """Format *value* with its mapping, unit and color."""
    config = field.config
    found = next((one for one in config.mappings if _mapping_applies(one, value)), None)
    base = _format(value, field)
    if found is None:
        return base
    return DisplayValue(
        text=base.text if found.text is None else found.text,
        suffix=base.suffix if found.text is None else "",
        color=colors.css_color(found.color) if found.color else base.color,
    )


def _format(value: Any, field: Field) -> DisplayValue:
    config = field.config
    if value is None or value == "":
        return DisplayValue(text=config.no_value, color=colors.css_color("text"), empty=True)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return DisplayValue(text=str(value), color=colors.value_color(None, config))
    unit = "dateTimeAsIso" if _needs_date(field) else config.unit
    text = units.write(value, unit, config.decimals)
    color = colors.value_color(value, config)
    return DisplayValue(text=text.number, suffix=text.suffix, color=color)


def _needs_date(field: Field) -> bool:
    """Return true if *field* is a time without a unit for times; Grafana then writes a date."""
    return field.type == "time" and not field.config.unit.startswith("dateTime")


def _mapping_applies(rule: ValueMapping, value: Any) -> bool:
    match rule.kind:
        case "value":
            return rule.match in (str(value), _without_zeros(value))
        case "range":
            return isinstance(value, int | float) and _is_within(rule, float(value))
        case "regex":
            return isinstance(value, str) and pattern(rule.match).search(value) is not None
        case "special":
            return _special(rule.match, value)
    return False


def _without_zeros(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _is_within(rule: ValueMapping, value: float) -> bool:
    return (rule.low is None or value >= rule.low) and (rule.high is None or value <= rule.high)


def _special(word: str, value: Any) -> bool:
    tests = {
        "null": value is None,
        "nan": value is None,
        "null+nan": value is None,
        "empty": isinstance(value, str) and not value,
        "true": value is True,
        "false": value is False,
    }
    return tests.get(word, False)


def _merge(defaults: Mapping[str, Any], overrides: Sequence[Override]) -> Mapping[str, Any]:
    if not overrides:
        return defaults
    merged = copy.deepcopy(dict(defaults))
    for override in overrides:
        for path, value in override.properties.items():
            _put(merged, path.split("."), value)
    return merged


def _put(place: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value
