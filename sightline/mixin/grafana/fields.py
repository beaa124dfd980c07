"""Field configuration: thresholds, overrides, data links, value mappings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sightline.mixin.grafana.schema import Color, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Threshold: values of at least *value* have this *color*."""

    value: float
    color: Color


LOWEST: Final = -1e9
"""Threshold below every value of a panel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Colors by threshold, lowest threshold first."""

    below: Color
    """Color below the first threshold."""
    steps: tuple[Step, ...] = ()

    def json(self, *, absent: Color | None = None) -> Json:
        """Return Grafana's ``thresholds``.

        Args:
            absent: Color of a missing value, which has the color below all thresholds otherwise.
        """
        steps = ((LOWEST, self.below), *((step.value, step.color) for step in self.steps))
        first: Json = {"color": absent or self.below, "value": None}
        rest = steps if absent and absent != self.below else steps[1:]
        return {
            "mode": "absolute",
            "steps": [first, *({"color": color, "value": value} for value, color in rest)],
        }


NEUTRAL_SCALE = Scale(below=Color.NEUTRAL)
"""Scale of values that are neither good nor bad."""

BAR_SCALE = Scale(below=Color.INFORMATION)
"""The same for bars, because the text color is too bright for them."""


def rising_scale(*, warning: float | None = None, bad: float | None = None) -> Scale:
    """Return a scale for values that are bad when high, as for an alert with ``>``."""
    pairs = ((warning, Color.WARNING), (bad, Color.BAD))
    return Scale(below=Color.GOOD, steps=_steps(pairs))


def falling_scale(*, warning: float | None = None, bad: float) -> Scale:
    """Return a scale for values that are bad when low, as for an alert with ``<``."""
    if warning is None:
        return Scale(below=Color.BAD, steps=_steps([(bad, Color.GOOD)]))
    return Scale(below=Color.BAD, steps=_steps([(bad, Color.WARNING), (warning, Color.GOOD)]))


def _steps(pairs: Iterable[tuple[float | None, Color]]) -> tuple[Step, ...]:
    return tuple(Step(value=value, color=color) for value, color in pairs if value is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Data link of a value. The URL may contain Grafana's ``${…}`` variables."""

    title: str
    url: str
    new_tab: bool = False

    def json(self) -> Json:
        """Return Grafana's ``DataLink``."""
        return {"title": self.title, "url": self.url, "targetBlank": self.new_tab}


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Properties of the fields that a matcher selects."""

    matcher: str
    """``byName`` or ``byRegexp``."""
    pattern: str
    properties: Mapping[str, object]

    def json(self) -> Json:
        """Return one element of Grafana's ``overrides``."""
        return {
            "matcher": {"id": self.matcher, "options": self.pattern},
            "properties": [{"id": key, "value": value} for key, value in self.properties.items()],
        }


def fixed_color(name: str, color: str) -> Override:
    """Return an override that gives the series *name* a fixed color."""
    return Override(
        matcher="byName",
        pattern=name,
        properties={"color": {"mode": "fixed", "fixedColor": color}},
    )


def reference_line(name: str, color: Color) -> Override:
    """Return an override that draws the series *name*, a limit or objective, as a dashed line."""
    return Override(
        matcher="byName",
        pattern=name,
        properties={
            "color": {"mode": "fixed", "fixedColor": color},
            "custom.lineStyle": {"fill": "dash", "dash": [8, 6]},
            "custom.fillOpacity": 0,
            "custom.lineWidth": 1,
        },
    )


def value_mappings(texts: Mapping[str, tuple[str, Color]]) -> list[Json]:
    """Return mappings from a value to a text and a color."""
    options = {
        value: {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(texts.items())
    }
    return [{"type": "value", "options": options}]
