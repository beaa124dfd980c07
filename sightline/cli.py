"""Command line."""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Final

from sightline import artifacts, display, tools
from sightline.config import Config
from sightline.docker import Docker, DockerUnusable
from sightline.errors import ConfigurationError, RoleFailed, SightlineError
from sightline.invocation import command as shell
from sightline.local import roles
from sightline.local.folder import Folder
from sightline.local.stack import Stack

Command = Callable[[argparse.Namespace, Config], int]

INTERRUPTED: Final = 130
"""Exit status after Ctrl-C: 128 plus SIGINT, as in shells."""

CLOSED_PIPE: Final = 141
"""Exit status for a closed pipe, as in ``sightline lint | head``: 128 plus SIGPIPE."""

OWN_FILES: Final = (str(artifacts.GRAFANA), str(artifacts.PROMETHEUS))
"""Default paths of `lint`."""

PLUGINS: Final = {
    "slo": ("sightline.slo", "build, explain and simulate objectives"),
    "check": ("sightline.viewer.check", "check every panel of the dashboards on live data"),
    "export": ("sightline.export", "write rules and dashboards for an existing installation"),
    "new": ("sightline.new_alert", "create the files of a new alert, in a checkout"),
}
"""Commands with their own argument parser: module with a ``main``, and help text."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in *arguments* and return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    display.accept_any_text()
    try:
        status = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        display.silence_stdout()
        return CLOSED_PIPE
    except SightlineError as error:
        display.error(str(error))
        return error.status
    except OSError as error:
        display.error(f"{error.filename or 'system error'}: {error.strerror or error}")
        return 1
    except KeyboardInterrupt:
        display.error("stopped")
        return INTERRUPTED
    return status


def _run(words: list[str]) -> int:
    if words and words[0] in PLUGINS and _installed(words[0]):
        return _dispatch(words[0], words[1:])
    if words and words[0] in tools.TOOLS:
        tools.run(words[0], words[1:], Config.from_env(os.environ))
    chosen = parser().parse_args(words)
    command: Command = chosen.command
    return command(chosen, Config.from_env(os.environ))


def up(chosen: argparse.Namespace, config: Config) -> int:
    """Start missing roles; exit status 1 if a role did not become healthy."""
    stack = _stack(config)
    docker = _docker(chosen, config)
    if docker:
        return _up_on_docker(docker, chosen, config)
    failed = False
    try:
        try:
            _start(stack, config, chosen.roles)
        except RoleFailed as error:
            if not chosen.foreground:
                raise
            failed = True
            display.error(str(error))
        if chosen.foreground:
            display.note("press Ctrl-C to stop everything")
            stack.wait()
        else:
            statuses = stack.status().statuses.items()
            display.next_step({name: status.role.url for name, status in statuses})
    except KeyboardInterrupt:
        if chosen.foreground:
            stack.down()
        raise
    return int(failed)


def down(_: argparse.Namespace, config: Config) -> int:
    """Stop every role."""
    stack = _stack(config)
    docker = Docker(config)
    if docker.running:
        docker.down()
        return 0
    stopped = stack.down()
    display.note(f"stopped {', '.join(stopped)}" if stopped else "nothing is running")
    return 0


def status(_: argparse.Namespace, config: Config) -> int:
    """Show every role; exit status 1 unless all are healthy."""
    stack = _stack(config)
    docker = Docker(config)
    if docker.running:
        return docker.status()
    current = stack.status()
    if current.statuses or current.problems:
        display.table(current)
    else:
        display.note(f"nothing is running from {config.state}; {shell('up')}")
    return 0 if current.healthy else 1


def examine(_: argparse.Namespace, config: Config) -> int:
    """Check the machine; exit status 1 if the stack cannot run."""
    from sightline import doctor

    findings = doctor.examine(config)
    display.findings(findings)
    return int(any(finding.verdict == "bad" for finding in findings))


def lint(chosen: argparse.Namespace, _: Config) -> int:
    """Check dashboards and rules; exit status 1 with findings, 2 if something was not read."""
    from sightline.lint import report

    try:
        return report.main(chosen.paths)
    except ConfigurationError as error:
        display.error(str(error))
        return report.NOT_READ


def _start(stack: Stack, config: Config, names: Sequence[str]) -> None:
    with stack.folder.start_lock() as first:
        if not first:
            display.note("waited for another start of this stack")
        wanted = roles.roles(config, names, display.note)
        started = stack.up(wanted, display.Progress())
    if not started:
        display.note("already running")
    display.table(stack.status())


def _up_on_docker(docker: Docker, chosen: argparse.Namespace, config: Config) -> int:
    status = docker.up(chosen.roles, foreground=chosen.foreground)
    if not chosen.foreground:
        ports = config.ports
        pages = {"grafana": ports.grafana, "control": ports.control}
        display.next_step({name: f"http://localhost:{port}" for name, port in pages.items()})
    return status


def _docker(chosen: argparse.Namespace, config: Config) -> Docker | None:
    """Return the Docker driver if requested or usable; None for local processes."""
    docker, local = Docker(config), Folder(config.state).in_use
    if (local and chosen.docker) or (docker.running and chosen.local):
        raise ConfigurationError(
            f"this stack runs in the other mode; stop it first with {shell('down')}"
        )
    if docker.running:
        return docker
    if local or chosen.local:
        return None
    try:
        docker.require(display.note)
    except DockerUnusable as reason:
        if chosen.docker:
            raise
        display.note(f"starting without Docker: {reason}")
        return None
    return docker


def _stack(config: Config) -> Stack:
    """Return the stack of the configured state directory, after its permissions were verified."""
    folder = Folder(config.state)
    folder.verify()
    return Stack(
        folder=folder,
        healthy_within_seconds=config.healthy_within_seconds,
        stop_within_seconds=config.stop_within_seconds,
    )


def _installed(name: str) -> bool:
    """Return true if the module of the command *name* is installed."""
    try:
        return importlib.util.find_spec(PLUGINS[name][0]) is not None
    except ModuleNotFoundError:
        return False


def _dispatch(name: str, arguments: list[str]) -> int:
    module = importlib.import_module(PLUGINS[name][0])
    return int(module.main(arguments))


def parser() -> argparse.ArgumentParser:
    """Return the argument parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="sightline",
        description="Traces, metrics, dashboards and alerts for Python services.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    starting = commands.add_parser("up", help="start the stack, return when it is healthy")
    starting.add_argument("roles", nargs="*", metavar="ROLE", help="roles to start (default: all)")
    way = starting.add_mutually_exclusive_group()
    way.add_argument(
        "--docker", action="store_true", help="run in Docker; fail if it is unavailable"
    )
    way.add_argument(
        "--local", action="store_true", help="run as processes, even if Docker is available"
    )
    starting.add_argument(
        "--foreground", action="store_true", help="run until Ctrl-C, then stop everything"
    )
    starting.set_defaults(command=up)
    stopping = commands.add_parser("down", help="stop everything")
    stopping.set_defaults(command=down)
    showing = commands.add_parser("status", help="show roles, states and addresses")
    showing.set_defaults(command=status)
    examining = commands.add_parser("doctor", help="check whether this machine can run the stack")
    examining.set_defaults(command=examine)
    linting = commands.add_parser("lint", help="check dashboards and rule files")
    linting.add_argument(
        "paths", nargs="*", metavar="PATH", default=OWN_FILES, help="files or folders"
    )
    linting.set_defaults(command=lint)
    for name in filter(_installed, PLUGINS):
        commands.add_parser(name, help=PLUGINS[name][1], add_help=False)
    for name, purpose in tools.TOOLS.items():
        commands.add_parser(name, help=purpose, add_help=False)
    return parser


class _Version(argparse.Action):
    """``--version``: reads the installed metadata on demand."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Show the version and exit."""
        display.note(f"sightline {metadata.version('sightline-stack')}")
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
