"""Layout of a service graph: callers left of the services they call."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sightline.viewer.values.colors import name_colors
from sightline.viewer.values.links import service_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A service and its position in pixels."""

    name: str
    x: float
    y: float
    calls: float
    """Number of received calls."""
    color: str

    @property
    def initials(self) -> str:
        """Text inside the circle."""
        return self.name[:2].upper()

    @property
    def url(self) -> str:
        """Dashboard of the service."""
        return service_url(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Calls between two services, as an SVG path."""

    caller: str
    callee: str
    calls: float
    path: str
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A graph with positions."""

    width: float
    height: float
    nodes: Sequence[Node] = field(default_factory=list)
    edges: Sequence[Edge] = field(default_factory=list)


COLUMN: Final = 210.0
LINE: Final = 120.0
MARGIN: Final = 90.0
RADIUS: Final = 30.0

Calls = Mapping[tuple[str, str], float]
"""Number of calls by caller and callee."""


def layout(calls: Calls) -> Layout:
    """Place the services of *calls*; cycles are broken."""
    names = sorted({name for pair in calls for name in pair})
    ranks = _ranks(names, calls)
    columns = [
        [name for name in names if ranks[name] == rank]
        for rank in range(max(ranks.values(), default=-1) + 1)
    ]
    for number in range(1, len(columns)):
        columns[number].sort(key=lambda name: _mean_place(name, columns, calls))
    shades = name_colors(names)
    tallest = max(map(len, columns), default=1)
    places = {
        name: (MARGIN + COLUMN * rank, MARGIN + LINE * (line + (tallest - len(column)) / 2))
        for rank, column in enumerate(columns)
        for line, name in enumerate(column)
    }
    return Layout(
        width=2 * MARGIN + COLUMN * max(len(columns) - 1, 0),
        height=2 * MARGIN + LINE * (tallest - 1),
        nodes=[
            Node(name=name, x=x, y=y, calls=_received_calls(name, calls), color=shades[name])
            for name, (x, y) in places.items()
        ],
        edges=[_edge(pair, count, places) for pair, count in sorted(calls.items())],
    )


def _received_calls(name: str, calls: Calls) -> float:
    return sum(count for (_, callee), count in calls.items() if callee == name)


def _ranks(names: Iterable[str], calls: Calls) -> dict[str, int]:
    """Rank services by the longest path from a root; cyclic edges are ignored."""
    callers: dict[str, set[str]] = {name: set() for name in names}
    for caller, callee in calls:
        if caller != callee:
            callers[callee].add(caller)
    ranks: dict[str, int] = {}

    def rank(name: str, above: frozenset[str]) -> int:
        if name not in ranks:
            earlier = [
                rank(one, above | {name})
                for one in sorted(callers[name])
                if one not in above | {name}
            ]
            ranks[name] = 1 + max(earlier, default=-1)
        return ranks[name]

    for name in callers:
        rank(name, frozenset())
    return ranks


def _mean_place(name: str, columns: Sequence[Sequence[str]], calls: Calls) -> tuple[float, str]:
    """Return the mean position of the callers of *name*; ordering by it avoids crossing edges."""
    above = [
        line / max(len(column), 1)
        for column in columns
        for line, other in enumerate(column)
        if (other, name) in calls
    ]
    return (sum(above) / len(above) if above else 0.0), name


def _edge(pair: tuple[str, str], calls: float, places: Mapping[str, tuple[float, float]]) -> Edge:
    (x0, y0), (x1, y1) = places[pair[0]], places[pair[1]]
    if x1 <= x0:
        start, end, bow = (x0, y0 + RADIUS), (x1, y1 + _TIP), _BELOW
    elif y0 == y1 and x1 - x0 > COLUMN:
        slant = math.sqrt(0.5)
        start = x0 + RADIUS * slant, y0 - RADIUS * slant
        end, bow = (x1 - _TIP * slant, y1 - _TIP * slant), -LINE * 0.55
    else:
        start, end, bow = (x0 + RADIUS, y0), (x1 - _TIP, y1), 0.0
    bend = (end[0] - start[0]) / (3 if bow else 2) if x1 > x0 else COLUMN / 3
    curve = (
        f"M{start[0]:.1f} {start[1]:.1f} "
        f"C{start[0] + bend:.1f} {start[1] + bow:.1f} {end[0] - bend:.1f} {end[1] + bow:.1f} "
        f"{end[0]:.1f} {end[1]:.1f}"
    )
    return Edge(
        caller=pair[0],
        callee=pair[1],
        calls=calls,
        path=curve,
        label_x=(start[0] + end[0]) / 2,
        label_y=(start[1] + end[1]) / 2 + 0.75 * bow - 8,
    )


_TIP: Final = RADIUS + 7
"""Distance from the center of a circle to the tip of an arrow."""
_BELOW: Final = LINE * 0.7
"""Distance of a backward edge below its services."""
