"""The command line."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from sightline import display
from sightline.config import Config
from sightline.errors import SightlineError
from sightline.local import roles
from sightline.local.folder import Folder
from sightline.local.stack import Stack

Command = Callable[[argparse.Namespace, Config], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that *arguments* name, and return the exit status."""
    chosen = _parser().parse_args(arguments)
    command: Command = chosen.command
    try:
        return command(chosen, Config.from_env(os.environ))
    except SightlineError as error:
        display.error(str(error))
        return 1
    except KeyboardInterrupt:
        display.error("stopped")
        return 130


def up(chosen: argparse.Namespace, config: Config) -> int:
    """Start what does not run yet, and return when all of it is healthy."""
    stack = _stack(config)
    try:
        _start(stack, config, chosen.roles)
        if chosen.foreground:
            display.note("press Ctrl-C to stop it all")
            stack.wait()
        else:
            display.note("`sightline status` shows this again, `sightline down` stops it all")
    except KeyboardInterrupt:
        if chosen.foreground:
            stack.down()
        raise
    return 0


def _start(stack: Stack, config: Config, names: Sequence[str]) -> None:
    with stack.folder.starting() as first:
        if not first:
            display.note("waited for another `sightline up` of this stack")
        wanted = roles.roles(config, names, display.note)
        started = stack.up(wanted, display.Progress())
    if not started:
        display.note("already running, nothing to do")
    display.table(stack.look())


def down(_: argparse.Namespace, config: Config) -> int:
    """Stop every role."""
    stopped = _stack(config).down()
    display.note(f"stopped {', '.join(stopped)}" if stopped else "nothing is running")
    return 0


def status(_: argparse.Namespace, config: Config) -> int:
    """Show every role; exit status 1 unless all are well."""
    look = _stack(config).look()
    if not look.statuses:
        display.note(look.failure or f"nothing is running from {config.state}; `sightline up`")
        return 1
    display.table(look)
    return 0 if look.well else 1


def _stack(config: Config) -> Stack:
    return Stack(
        folder=Folder(config.state),
        healthy_within_seconds=config.healthy_within_seconds,
        stop_within_seconds=config.stop_within_seconds,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sightline",
        description="Traces, metrics, dashboards and alerts for Python services.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    starting = commands.add_parser("up", help="start the stack, return when it is healthy")
    starting.add_argument("roles", nargs="*", metavar="ROLE", help="only these (default: all)")
    starting.add_argument("--local", action="store_true", help="as processes, not containers")
    starting.add_argument(
        "--foreground", action="store_true", help="stay until Ctrl-C, then stop everything"
    )
    starting.set_defaults(command=up)
    stopping = commands.add_parser("down", help="stop everything")
    stopping.set_defaults(command=down)
    showing = commands.add_parser("status", help="what runs where")
    showing.set_defaults(command=status)
    return parser


if __name__ == "__main__":
    sys.exit(main())
