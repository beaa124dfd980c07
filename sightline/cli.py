"""The command line."""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Final

from sightline import artefacts, display, tools
from sightline.config import Config
from sightline.docker import Docker, DockerUnusable
from sightline.errors import ConfigurationError, RoleFailed, SightlineError
from sightline.invocation import command as shell
from sightline.local import roles
from sightline.local.folder import Folder
from sightline.local.stack import Stack

Command = Callable[[argparse.Namespace, Config], int]

INTERRUPTED: Final = 130
"""Exit status after Ctrl-C: 128 and the number of SIGINT, as shells have it."""

UNHEARD: Final = 141
"""Exit status when nobody reads on, as in ``sightline lint | head``: likewise, of SIGPIPE."""

OURS: Final = (str(artefacts.GRAFANA), str(artefacts.PROMETHEUS))
"""What is linted unless files are named."""

ROOMS: Final = {
    "slo": ("sightline.slo", "build, explain and try objectives"),
    "check": ("sightline.viewer.check", "prove every panel of the dashboards on live data"),
}
"""Commands of other rooms: the module whose ``main`` takes the arguments, and what it does."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that *arguments* name, and return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        display.close()
        return UNHEARD
    except SightlineError as error:
        display.error(str(error))
        return 1
    except OSError as error:
        display.error(f"{error.filename or 'system error'}: {error.strerror or error}")
        return 1
    except KeyboardInterrupt:
        display.error("stopped")
        return INTERRUPTED
    return status


def _run(words: list[str]) -> int:
    if words and words[0] in ROOMS and _there(words[0]):
        return _enter(words[0], words[1:])
    if words and words[0] in tools.TOOLS:
        tools.run(words[0], words[1:], Config.from_env(os.environ))
    chosen = parser().parse_args(words)
    command: Command = chosen.command
    return command(chosen, Config.from_env(os.environ))


def up(chosen: argparse.Namespace, config: Config) -> int:
    """Start what does not run yet; exit status 1 when a role did not become healthy."""
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
            display.note("press Ctrl-C to stop it all")
            stack.wait()
        else:
            statuses = stack.look().statuses.items()
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
    """Show every role; exit status 1 unless all are well."""
    stack = _stack(config)
    docker = Docker(config)
    if docker.running:
        return docker.status()
    look = stack.look()
    if look.statuses or look.troubles:
        display.table(look)
    else:
        display.note(f"nothing is running from {config.state}; {shell('up')}")
    return 0 if look.well else 1


def examine(_: argparse.Namespace, config: Config) -> int:
    """Show what the machine has and lacks; exit status 1 when the stack cannot run."""
    from sightline import doctor  # noqa: PLC0415  `up` has no time for what it imports

    findings = doctor.examine(config)
    display.findings(findings)
    return int(any(finding.verdict == "bad" for finding in findings))


def lint(chosen: argparse.Namespace, _: Config) -> int:
    """Report what is to mend in files; exit status 1 when there is something."""
    from sightline.lint import report  # noqa: PLC0415  as in `examine`

    return report.main(chosen.paths)


def _start(stack: Stack, config: Config, names: Sequence[str]) -> None:
    with stack.folder.starting() as first:
        if not first:
            display.note("waited for another start of this stack")
        wanted = roles.roles(config, names, display.note)
        started = stack.up(wanted, display.Progress())
    if not started:
        display.note("already running, nothing to do")
    display.table(stack.look())


def _up_on_docker(docker: Docker, chosen: argparse.Namespace, config: Config) -> int:
    status = docker.up(chosen.roles, foreground=chosen.foreground)
    if not chosen.foreground:
        ports = config.ports
        pages = {"grafana": ports.grafana, "control": ports.control}
        display.next_step({name: f"http://localhost:{port}" for name, port in pages.items()})
    return status


def _docker(chosen: argparse.Namespace, config: Config) -> Docker | None:
    """The Docker driver, when it is asked for or the machine has what it takes."""
    docker, local = Docker(config), Folder(config.state).used
    if (local and chosen.docker) or (docker.running and chosen.local):
        raise ConfigurationError(f"this stack runs the other way: {shell('down')} stops it first")
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
    """Return the stack of a state directory that only this user may change."""
    folder = Folder(config.state)
    folder.verify()
    return Stack(
        folder=folder,
        healthy_within_seconds=config.healthy_within_seconds,
        stop_within_seconds=config.stop_within_seconds,
    )


def _there(name: str) -> bool:
    """Whether the room that owns the command *name* is installed."""
    try:
        return importlib.util.find_spec(ROOMS[name][0]) is not None
    except ModuleNotFoundError:
        return False


def _enter(name: str, arguments: list[str]) -> int:
    room = importlib.import_module(ROOMS[name][0])
    return int(room.main(arguments))


def parser() -> argparse.ArgumentParser:
    """Return the parser of every command but those of other rooms and tools."""
    parser = argparse.ArgumentParser(
        prog="sightline",
        description="Traces, metrics, dashboards and alerts for Python services.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    starting = commands.add_parser("up", help="start the stack, return when it is healthy")
    starting.add_argument("roles", nargs="*", metavar="ROLE", help="only these (default: all)")
    way = starting.add_mutually_exclusive_group()
    way.add_argument("--docker", action="store_true", help="in containers, or not at all")
    way.add_argument("--local", action="store_true", help="as processes, even if there is Docker")
    starting.add_argument(
        "--foreground", action="store_true", help="stay until Ctrl-C, then stop everything"
    )
    starting.set_defaults(command=up)
    stopping = commands.add_parser("down", help="stop everything")
    stopping.set_defaults(command=down)
    showing = commands.add_parser("status", help="what runs where")
    showing.set_defaults(command=status)
    examining = commands.add_parser("doctor", help="what this machine has and lacks for a stack")
    examining.set_defaults(command=examine)
    linting = commands.add_parser("lint", help="find faults in dashboards and rule files")
    linting.add_argument("paths", nargs="*", metavar="PATH", default=OURS, help="files or folders")
    linting.set_defaults(command=lint)
    for name in filter(_there, ROOMS):
        commands.add_parser(name, help=ROOMS[name][1], add_help=False)
    for name, purpose in tools.TOOLS.items():
        commands.add_parser(name, help=purpose, add_help=False)
    return parser


class _Version(argparse.Action):
    """``--version``: reads the installed metadata only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Show the version and exit."""
        display.note(f"sightline {metadata.version('sightline-stack')}")
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
