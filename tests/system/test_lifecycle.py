"""Stacks that come and go: beside each other, against obstacles, and without a trace."""

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from sightline import binaries
from sightline.binaries.version import version_text
from sightline.config import Config
from sightline.invocation import command
from sightline.local import ports, process
from tests.stacks import LocalStack, alive, running
from tests.waiting import until

MakeStack = Callable[..., LocalStack]

UP = ("up", "--local")
ENGINES = ("prometheus", "alertmanager")

INTERRUPTED = {130, -signal.SIGINT}
"""Exit status after Ctrl-C. CPython ends itself by SIGINT, which shells report as 130, if the
interrupt arrived in code that `exec` ran, like that of a dataclass."""


def taken(stack: LocalStack) -> list[int]:
    return [port for _, port in stack.config.ports if not ports.free(port)]


def test_two_stacks_run_side_by_side_and_down_leaves_no_process(
    stack: LocalStack, tmp_path: Path
) -> None:
    with running(tmp_path) as other:
        before = other.state
        both = [stack.sightline("status").returncode, other.sightline("status").returncode]

        stopped = other.sightline("down")

        assert both == [0, 0]
        assert stopped.returncode == 0
        assert alive(before) == []
        assert taken(other) == []
        assert stack.sightline("status").returncode == 0


def test_without_a_stack_status_fails_and_down_succeeds(beside: MakeStack) -> None:
    stack = beside()

    status, down = stack.sightline("status"), stack.sightline("down")

    assert (status.returncode, down.returncode) == (1, 0)
    assert status.stdout == f"nothing is running from {stack.config.state}; {command('up')}\n"
    assert down.stdout == "nothing is running\n"


def test_doctor_reports_no_error_on_a_machine_with_a_stack(stack: LocalStack) -> None:
    examined = stack.sightline("doctor")

    assert examined.returncode == 0
    assert "held by this stack" in examined.stdout


def test_help_lists_every_command(beside: MakeStack) -> None:
    shown = beside().sightline("--help").stdout

    assert {"up", "down", "status", "doctor", "lint", "check"} <= set(shown.split())


def test_a_second_up_changes_nothing(stack: LocalStack) -> None:
    before = stack.state

    again = stack.sightline(*UP)

    assert again.returncode == 0
    assert "already running" in again.stdout
    assert stack.state == before


def test_up_reports_a_port_in_use_before_it_starts_a_role(
    beside: MakeStack,
) -> None:
    stack = beside()
    with socket.create_server(("127.0.0.1", stack.config.ports.grafana)):
        refused = stack.sightline(*UP)

    assert refused.returncode == 1
    assert f"(GRAFANA_PORT): held by pid {os.getpid()}: " in refused.stderr
    assert stack.folder.read() is None


def test_up_lists_every_source_of_a_missing_program(beside: MakeStack, tmp_path: Path) -> None:
    stack = beside(
        XDG_CACHE_HOME=str(tmp_path / "cache"), SIGHTLINE_OFFLINE="true", PATH="/nowhere"
    )

    refused = stack.sightline(*UP)

    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        "sightline: prometheus not found. Tried:",
        "  PATH: no prometheus",
        f"  cache {tmp_path}/cache/sightline: not downloaded yet",
        "  network: SIGHTLINE_OFFLINE is set, so prometheus is not downloaded",
        "Put prometheus 2.42 or newer on PATH, or run the command again with a network.",
    ]


def test_up_reports_an_invalid_opentelemetry_variable(beside: MakeStack) -> None:
    stack = beside(OTEL_TRACES_SAMPLER="sometimes")

    refused = stack.sightline(*UP, "users")

    assert refused.returncode == 1
    assert "users exited with status" in refused.stderr
    assert "OTEL_TRACES_SAMPLER='sometimes'" in refused.stderr


def test_an_invalid_port_is_reported(beside: MakeStack) -> None:
    stack = beside(GATEWAY_PORT="high")

    refused = stack.sightline(*UP)

    assert refused.returncode == 1
    assert refused.stderr == "sightline: GATEWAY_PORT='high': expected a TCP port, like 8000\n"


def test_an_unknown_role_is_reported(beside: MakeStack) -> None:
    refused = beside().sightline(*UP, "kafka")

    assert refused.returncode == 1
    assert "kafka: not a role; expected one of prometheus, alertmanager, jaeger" in refused.stderr


def test_up_stops_the_roles_of_a_killed_supervisor(tmp_path: Path) -> None:
    with running(tmp_path, *ENGINES) as stack:
        orphan = stack.process("prometheus")
        os.kill(stack.state.supervisor.pid, signal.SIGKILL)
        until(lambda: not stack.folder.supervised, within_seconds=30)
        assert "the supervisor was killed" in stack.sightline("status").stdout

        stack.up(*ENGINES)

        assert not process.alive(orphan)
        assert stack.sightline("status").returncode == 0


def test_down_stops_the_roles_of_a_killed_supervisor(tmp_path: Path) -> None:
    with running(tmp_path, *ENGINES) as stack:
        before = stack.state
        os.kill(before.supervisor.pid, signal.SIGKILL)

        stack.down()

        assert alive(before) == []
        assert taken(stack) == []


def test_two_concurrent_ups_start_one_stack(beside: MakeStack) -> None:
    stack = beside()
    with stack.begin(*UP, *ENGINES) as one, stack.begin(*UP, *ENGINES) as other:
        codes = [one.wait(timeout=90), other.wait(timeout=90)]
        said = one.communicate()[0] + other.communicate()[0]

    stack.down()
    assert codes == [0, 0]
    assert said.count("already running") == 1


def test_ctrl_c_during_the_start_stops_every_role(beside: MakeStack) -> None:
    stack = beside()
    with stack.begin(*UP) as waiting:
        started = until(lambda: stack.state, within_seconds=30)
        waiting.send_signal(signal.SIGINT)
        code = waiting.wait(timeout=90)

    assert code in INTERRUPTED
    assert alive(started) == []
    assert taken(stack) == []


def test_foreground_runs_until_ctrl_c(beside: MakeStack) -> None:
    stack = beside()
    with stack.begin(*UP, "--foreground", *ENGINES) as staying:
        until(lambda: stack.state.phase == "running", within_seconds=30)
        running_stack = stack.state
        staying.send_signal(signal.SIGINT)
        printed = staying.communicate(timeout=90)

    assert staying.returncode in INTERRUPTED, printed
    assert alive(running_stack) == []


def test_the_oldest_prometheus_runs_the_same_files(tmp_path: Path) -> None:
    oldest = binaries.find("prometheus", Config.from_env(os.environ), major=2)
    (tmp_path / "prometheus").symlink_to(oldest.path)
    path = f"{tmp_path}:{os.environ['PATH']}"

    with running(tmp_path / "stack", *ENGINES, PATH=path) as stack:
        provider = stack.state.roles["prometheus"].role.provider
        assert provider == f"prometheus {version_text(oldest.version)} (PATH)"
        assert until(lambda: rule_health(stack) == {"ok"}, within_seconds=30)


def rule_health(stack: LocalStack) -> set[str]:
    groups = stack.ask("prometheus", "/api/v1/rules").json()["data"]["groups"]
    return {rule["health"] for group in groups for rule in group["rules"]}
