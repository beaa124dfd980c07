"""The subcommands of `sightline slo` and their answers."""

import argparse
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

from sightline import artefacts
from sightline.config import Config
from sightline.errors import ConfigurationError
from sightline.grafana import durations
from sightline.mixin import clock, rule_files
from sightline.mixin.alerts.budgets import budgets
from sightline.mixin.config import PROFILES, BurnWindow
from sightline.mixin.model import RuleFile
from sightline.mixin.slo import reading, records
from sightline.mixin.slo.objective import Objective, SloError, percent
from sightline.slo import history
from sightline.slo.burning import STEP_SECONDS, Firing, firings, recorded

_ERROR_RATIOS: Final = ("100", "50", "20", "10", "5", "2", "1", "0.5", "0.2")
_EVENTS: Final = 100.0
"""Events a second in `explain`: many, so that the least number of errors does not matter."""

_HISTORY_STEPS: Final = clock.seconds("3d") // STEP_SECONDS
"""Clean steps before the errors begin: the longest window."""

_WATCHED: Final = "1d"


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand that *arguments* name, and return the exit status."""
    chosen = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], Iterable[str]] = chosen.command
    print("\n".join(command(chosen)))  # noqa: T201  the command's answer
    return 0


def build(chosen: argparse.Namespace) -> Iterator[str]:
    """Recording rules and alerts of the objectives, as a rule file."""
    profile = next(profile for profile in PROFILES if profile.name == chosen.profile)
    groups = (*records.groups(_objectives(chosen.file), profile), budgets(profile))
    file = RuleFile(name="slo", subject=f"Objectives of {chosen.file.name}.", groups=groups)
    yield rule_files.render(file, profile).rstrip()


def explain(chosen: argparse.Namespace) -> Iterator[str]:
    """What each objective allows, and how soon its alerts notice."""
    for objective in _objectives(chosen.file):
        minutes = float(objective.budget) * objective.days * 24 * 60
        yield (
            f"{objective.service} / {objective.name}: {percent(objective.objective)} % over "
            f"{objective.period}. {percent(objective.budget)} % of events may be bad: as much as "
            f"{minutes:.0f} minutes of total outage."
        )
        yield _row("bad events", "page after", "ticket after", "budget lasts")
        yield from (_explained(objective, Fraction(ratio) / 100) for ratio in _ERROR_RATIOS)
        yield ""


def simulate(chosen: argparse.Namespace) -> Iterator[str]:
    """Which alerts an outage would raise after three clean days."""
    budget = 1 - chosen.objective
    duration = clock.seconds(chosen.lasting)
    found = _simulated(chosen.errors, duration, budget, chosen.rate, chosen.min_errors)
    spent = chosen.errors * duration / (budget * 30 * 86400)
    yield (
        f"{percent(chosen.errors)} % errors for {chosen.lasting} at {chosen.rate:g} events/s "
        f"spend {percent(spent)[:5]} % of a 30-day budget of {percent(budget)} %."
    )
    yield from (_told(firing, f"after {_rounded(firing.from_seconds)}") for firing in found)
    if not found:
        yield "No alert fires."


def backtest(chosen: argparse.Namespace) -> Iterator[str]:
    """Which alerts would have fired on what Prometheus recorded."""
    end = int(time.time()) // STEP_SECONDS * STEP_SECONDS
    start = end - clock.seconds(chosen.since) // STEP_SECONDS * STEP_SECONDS
    for objective in _objectives(chosen.file):
        course = history.course(chosen.prometheus, objective, start=start, end=end)
        found = firings(course, budget=objective.budget, min_errors=objective.min_errors)
        events, errors = sum(course.events), sum(course.errors)
        ratio = errors / events if events else 0.0
        yield (
            f"{objective.service} / {objective.name}: {events * STEP_SECONDS:.0f} events over "
            f"{chosen.since}, {ratio:.3%} bad, {len(found)} alerts."
        )
        yield from (_told(firing, f"at {_dated(start + firing.from_seconds)}") for firing in found)


def _objectives(path: Path) -> tuple[Objective, ...]:
    try:
        return reading.read(path)
    except SloError as error:
        raise ConfigurationError(str(error)) from error


def _explained(objective: Objective, ratio: Fraction) -> str:
    watched = clock.seconds(_WATCHED) * 3
    found = _simulated(ratio, watched, objective.budget, _EVENTS, objective.min_errors)
    lasts = float(objective.budget / ratio) * objective.days * 86400
    page, ticket = _first(found, "critical"), _first(found, "warning")
    return _row(f"{percent(ratio)} %", page, ticket, _rounded(lasts))


def _row(*cells: str) -> str:
    return "".join(f"{cell:>14}" for cell in cells)


@cache
def _simulated(
    ratio: Fraction, duration_seconds: int, budget: Fraction, rate: float, min_errors: int
) -> tuple[Firing, ...]:
    """Alerts of an outage, counted from its beginning."""
    bad = duration_seconds // STEP_SECONDS
    after = clock.seconds(_WATCHED) // STEP_SECONDS
    errors = [*[0.0] * _HISTORY_STEPS, *[rate * float(ratio)] * bad, *[0.0] * after]
    course = recorded([rate] * len(errors), errors)
    start = (_HISTORY_STEPS - 1) * STEP_SECONDS
    return tuple(
        Firing(
            window=firing.window,
            from_seconds=firing.from_seconds - start,
            until_seconds=firing.until_seconds and firing.until_seconds - start,
        )
        for firing in firings(course, budget=budget, min_errors=min_errors)
    )


def _first(found: Iterable[Firing], severity: str) -> str:
    of_severity = (firing for firing in found if firing.window.severity == severity)
    firing = next(of_severity, None)
    return _rounded(firing.from_seconds) if firing else "never"


def _told(firing: Firing, moment: str) -> str:
    ended = (
        "and still fires"
        if firing.until_seconds is None
        else f"for {_rounded(firing.until_seconds - firing.from_seconds)}"
    )
    return f"  {_kind(firing.window):>24}  {moment}, {ended}"


def _dated(unix_seconds: int) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _kind(window: BurnWindow) -> str:
    return f"{window.severity} ({window.long}, {window.factor:g}x)"


def _rounded(length_seconds: float) -> str:
    """A duration in its two largest units."""
    whole = round(length_seconds / STEP_SECONDS) * STEP_SECONDS
    days, rest = divmod(whole, 86400)
    if days:
        return durations.duration(days * 86400 + rest // 3600 * 3600)
    return durations.duration(whole if whole < 3600 else whole // 60 * 60)  # noqa: PLR2004  an hour


def parser() -> argparse.ArgumentParser:
    """Return the parser of the subcommands."""
    parser = argparse.ArgumentParser(prog="sightline slo", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (build, explain, simulate, backtest):
        added = commands.add_parser(command.__name__, help=command.__doc__)
        added.set_defaults(command=command)
        _ARGUMENTS[command.__name__](added)
    return parser


def _file(parser: argparse.ArgumentParser) -> None:
    default = artefacts.PROMETHEUS / "slos.yaml"
    text = "objectives, in our form or Sloth's prometheus/v1 (default: %(default)s)"
    parser.add_argument("file", nargs="?", type=Path, default=default, help=text)


def _build(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    names = [profile.name for profile in PROFILES]
    parser.add_argument("--profile", choices=names, default="production")


def _simulate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--objective", type=_percent, required=True, help="like 99.9")
    parser.add_argument("--errors", type=_percent, required=True, help="bad events, like 2")
    parser.add_argument("--for", dest="lasting", type=_duration, required=True, help="like 30m")
    parser.add_argument("--rate", type=float, default=_EVENTS, help="events a second")
    parser.add_argument("--min-errors", type=int, default=10, help="below which nothing alerts")


def _backtest(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    port = Config.from_env(os.environ).ports.prometheus
    parser.add_argument("--since", type=_duration, default="7d", help="how far back, like 30d")
    parser.add_argument("--prometheus", default=f"http://localhost:{port}", help="its address")


def _percent(text: str) -> Fraction:
    """A percentage as a ratio."""
    try:
        ratio = Fraction(text.rstrip("%")) / 100
    except ValueError:
        ratio = Fraction(0)
    if not 0 < ratio <= 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a percentage, like 99.9")
    return ratio


def _duration(text: str) -> str:
    """A duration, as it was written."""
    try:
        clock.seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


_ARGUMENTS: Final = {
    "build": _build,
    "explain": _file,
    "simulate": _simulate,
    "backtest": _backtest,
}
