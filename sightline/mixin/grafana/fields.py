"""Field configuration: thresholds, overrides, links, value mappings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sightline.mixin.grafana.vocabulary import Color, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Threshold: values from *value* on have this *color*."""

    value: float
    color: Color


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Colors by thresholds, lowest first."""

    below: Color
    """Color below the first threshold."""
    steps: tuple[Step, ...] = ()

    def json(self) -> Json:
        """Return Grafana's ``thresholds``."""
        first: Json = {"color": self.below, "value": None}
        rest: list[Json] = [{"color": step.color, "value": step.value} for step in self.steps]
        return {"mode": "absolute", "steps": [first, *rest]}


PLAIN = Scale(below=Color.NEUTRAL)
"""A value that is neither good nor bad."""

AMOUNT = Scale(below=Color.INFORMATION)
"""The same for a bar, for which the color of text is too bright."""


def rising_scale(*, warning: float | None = None, bad: float | None = None) -> Scale:
    """Return a scale that is good below and worse above, as for an alert with ``>``."""
    pairs = ((warning, Color.WARNING), (bad, Color.BAD))
    return Scale(below=Color.GOOD, steps=_steps(pairs))


def falling_scale(*, warning: float | None = None, bad: float) -> Scale:
    """Return a scale that is bad below and good above, as for an alert with ``<``."""
    if warning is None:
        return Scale(below=Color.BAD, steps=_steps([(bad, Color.GOOD)]))
    return Scale(below=Color.BAD, steps=_steps([(bad, Color.WARNING), (warning, Color.GOOD)]))


def _steps(pairs: Iterable[tuple[float | None, Color]]) -> tuple[Step, ...]:
    return tuple(Step(value=value, color=color) for value, color in pairs if value is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Link of a value; the URL may contain Grafana's ``${…}``."""

    title: str
    url: str
    new_tab: bool = False

    def json(self) -> Json:
        """Return Grafana's ``DataLink``."""
        return {"title": self.title, "url": self.url, "targetBlank": self.new_tab}


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Properties set for the fields that a matcher selects."""

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


def fixed_color(name: str, color: Color) -> Override:
    """Give the series *name* a fixed color."""
    return Override(
        matcher="byName",
        pattern=name,
        properties={"color": {"mode": "fixed", "fixedColor": color}},
    )


def reference_line(name: str, color: Color) -> Override:
    """Draw the series *name* as a dashed line without an area, for an objective or a limit."""
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
    """Return value mappings from a value to its text and color."""
    options = {
        value: {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(texts.items())
    }
    return [{"type": "value", "options": options}]
