"""Build rules from objectives, and show when their alerts fire."""

import argparse
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

from sightline import artifacts
from sightline.config import Config
from sightline.errors import InvalidFile
from sightline.grafana import durations
from sightline.mixin import catalogue, clock, rule_files
from sightline.mixin.config import BURN_WINDOWS, PROFILES, BurnWindow
from sightline.mixin.slo import reading
from sightline.mixin.slo.objective import Objective, SloError, percent
from sightline.slo import history
from sightline.slo.simulation import STEP_SECONDS, Firing, Rates, record, simulate_alerts

_ERROR_RATIOS: Final = ("100", "50", "20", "10", "5", "2", "1", "0.5", "0.2")
_EVENTS: Final = 100.0
"""Events per second in `explain`: enough that the minimum number of errors is always exceeded."""

_HISTORY_STEPS: Final = clock.seconds("3d") // STEP_SECONDS
"""Steps without errors before an outage: the longest window."""

_OBSERVED: Final = "1d"
"""Time after an outage in which alerts are still observed."""

_HOUR_SECONDS: Final = 3600


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand in *arguments* and return the exit status."""
    parsed = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], Iterable[str]] = parsed.command
    try:
        print("\n".join(command(parsed)))
    except SloError as error:
        raise InvalidFile(str(error)) from error
    return 0


def build(arguments: argparse.Namespace) -> Iterator[str]:
    """Print a rule file with the recording rules and alerts of the objectives."""
    profile = next(profile for profile in PROFILES if profile.name == arguments.profile)
    file = catalogue.objective_file(arguments.files, profile)
    yield rule_files.render(file, profile, writer="sightline slo build").rstrip()


def explain(arguments: argparse.Namespace) -> Iterator[str]:
    """Print how much each objective allows, and how soon its alerts fire."""
    for objective in reading.read(arguments.file):
        minutes = float(objective.budget) * objective.days * 24 * 60
        yield (
            f"{objective.service} / {objective.name}: {percent(objective.objective)} % over "
            f"{objective.period}. {percent(objective.budget)} % of events may be bad: as much as "
            f"{minutes:.0f} minutes of total outage."
        )
        for window in objective.alert_windows:
            if not objective.can_fire(window):
                yield (
                    f"The alert over {window.long} can never fire: {window.factor:g} times "
                    f"{percent(objective.budget)} % is more than all events."
                )
        yield _format_row("bad events", "page after", "ticket after", "budget lasts")
        yield from (_explain_ratio(objective, Fraction(ratio) / 100) for ratio in _ERROR_RATIOS)
        yield ""


def simulate(arguments: argparse.Namespace) -> Iterator[str]:
    """Print the alerts of an outage after three days without errors."""
    budget = 1 - arguments.objective
    duration = clock.seconds(arguments.lasting)
    outage = _Outage(ratio=arguments.errors, duration_seconds=duration, rate=arguments.rate)
    found = _simulate_outage(outage, budget, arguments.min_errors, BURN_WINDOWS)
    spent = arguments.errors * duration / (budget * 30 * 86400)
    yield (
        f"{percent(arguments.errors)} % errors for {arguments.lasting} at "
        f"{arguments.rate:g} events/s spend {percent(spent)[:5]} % of a 30-day budget of "
        f"{percent(budget)} %."
    )
    yield from (
        _describe_firing(firing, f"after {_format_duration(firing.from_seconds)}")
        for firing in found
    )
    if not found:
        yield "No alert fires."


def backtest(arguments: argparse.Namespace) -> Iterator[str]:
    """Print the alerts that would have fired on the samples in Prometheus."""
    end = int(time.time()) // STEP_SECONDS * STEP_SECONDS
    start = end - clock.seconds(arguments.since) // STEP_SECONDS * STEP_SECONDS
    for objective in reading.read(arguments.file):
        budgets = history.query_rates(arguments.prometheus, objective, start=start, end=end)
        for labels, rates in budgets.items():
            name = f"{objective.service} / {objective.name}" + (f" {{{labels}}}" if labels else "")
            yield from _backtest_budget(name, objective, rates, arguments.since, start)


def _backtest_budget(
    name: str, objective: Objective, rates: Rates, since: str, start: int
) -> Iterator[str]:
    """Yield the lines of one budget."""
    found = simulate_alerts(
        rates,
        budget=objective.budget,
        min_errors=objective.min_errors,
        min_events=objective.min_events,
        windows=objective.alert_windows,
    )
    events, errors = sum(rates.events), sum(rates.errors)
    ratio = errors / events if events else 0.0
    count = f"{events * STEP_SECONDS:.0f} events over {since}"
    yield f"{name}: {count}, {ratio:.3%} bad, {len(found)} alerts."
    yield from (
        _describe_firing(firing, f"at {_format_time(start + firing.from_seconds)}")
        for firing in found
    )


def _explain_ratio(objective: Objective, ratio: Fraction) -> str:
    outage = _Outage(ratio=ratio, duration_seconds=clock.seconds(_OBSERVED) * 3)
    found = _simulate_outage(
        outage, objective.budget, objective.min_errors, objective.alert_windows
    )
    lasts = float(objective.budget / ratio) * objective.days * 86400
    page, ticket = _format_first(found, "critical"), _format_first(found, "warning")
    return _format_row(f"{percent(ratio)} %", page, ticket, _format_duration(lasts))


def _format_row(*cells: str) -> str:
    return "".join(f"{cell:>14}" for cell in cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outage:
    """Time with bad events, after days without."""

    ratio: Fraction
    duration_seconds: int
    rate: float = _EVENTS


@cache
def _simulate_outage(
    outage: _Outage, budget: Fraction, min_errors: int, windows: tuple[BurnWindow, ...]
) -> tuple[Firing, ...]:
    """Return the alerts of an outage. Times count from its start."""
    bad = outage.duration_seconds // STEP_SECONDS
    after = clock.seconds(_OBSERVED) // STEP_SECONDS
    errors = [*[0.0] * _HISTORY_STEPS, *[outage.rate * float(outage.ratio)] * bad, *[0.0] * after]
    rates = record([outage.rate] * len(errors), errors)
    start = (_HISTORY_STEPS - 1) * STEP_SECONDS
    return tuple(
        Firing(
            window=firing.window,
            from_seconds=firing.from_seconds - start,
            until_seconds=firing.until_seconds and firing.until_seconds - start,
        )
        for firing in simulate_alerts(rates, budget=budget, min_errors=min_errors, windows=windows)
    )


def _format_first(found: Iterable[Firing], severity: str) -> str:
    of_severity = (firing for firing in found if firing.window.severity == severity)
    firing = next(of_severity, None)
    return _format_duration(firing.from_seconds) if firing else "never"


def _describe_firing(firing: Firing, moment: str) -> str:
    ended = (
        "and still fires"
        if firing.until_seconds is None
        else f"for {_format_duration(firing.until_seconds - firing.from_seconds)}"
    )
    return f"  {_describe_window(firing.window):>24}  {moment}, {ended}"


def _format_time(unix_seconds: int) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _describe_window(window: BurnWindow) -> str:
    return f"{window.severity} ({window.long}, {window.factor:g}x)"


def _format_duration(length_seconds: float) -> str:
    """Return a duration in its two largest units."""
    whole = round(length_seconds / STEP_SECONDS) * STEP_SECONDS
    days, rest = divmod(whole, 86400)
    if days:
        return durations.duration(days * 86400 + rest // 3600 * 3600)
    return durations.duration(whole if whole < _HOUR_SECONDS else whole // 60 * 60)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the subcommands."""
    parser = argparse.ArgumentParser(prog="sightline slo", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (build, explain, simulate, backtest):
        added = commands.add_parser(command.__name__, help=command.__doc__)
        added.set_defaults(command=command)
        _ARGUMENTS[command.__name__](added)
    return parser


_FORMS: Final = (
    "objectives: the form of slos.yaml, Sloth, OpenSLO 1.0 or Pyrra (default: prometheus/slos.yaml)"
)


def _file(parser: argparse.ArgumentParser) -> None:
    default = artifacts.PROMETHEUS / "slos.yaml"
    parser.add_argument("file", nargs="?", type=Path, default=default, help=_FORMS)


def _build(parser: argparse.ArgumentParser) -> None:
    default = [artifacts.PROMETHEUS / "slos.yaml"]
    parser.add_argument("files", nargs="*", type=Path, default=default, help=_FORMS)
    names = [profile.name for profile in PROFILES]
    parser.add_argument("--profile", choices=names, default="production")


def _simulate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--objective", type=_percent, required=True, help="percentage of good events, like 99.9"
    )
    parser.add_argument(
        "--errors", type=_percent, required=True, help="percentage of bad events, like 2"
    )
    parser.add_argument(
        "--for",
        dest="lasting",
        type=_duration,
        required=True,
        help="duration of the outage, like 30m",
    )
    parser.add_argument("--rate", type=float, default=_EVENTS, help="events per second")
    parser.add_argument(
        "--min-errors", type=int, default=10, help="number of errors below which no alert fires"
    )


def _backtest(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    port = Config.from_env(os.environ).ports.prometheus
    parser.add_argument(
        "--since", type=_duration, default="7d", help="start of the range, like 30d"
    )
    parser.add_argument(
        "--prometheus", default=f"http://localhost:{port}", help="URL of Prometheus"
    )


def _percent(text: str) -> Fraction:
    """Parse a percentage and return the ratio."""
    try:
        ratio = Fraction(text.rstrip("%")) / 100
    except ValueError:
        ratio = Fraction(0)
    if not 0 < ratio <= 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a percentage, like 99.9")
    return ratio


def _duration(text: str) -> str:
    """Check the form of a duration and return it unchanged."""
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
