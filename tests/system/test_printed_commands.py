"""Commands that `up` and the runbooks print work on a stack whose ports were moved."""

import re
import shlex
import subprocess

from tests.stacks import LocalStack
from tests.waiting import until


def test_a_command_that_up_prints_runs_as_printed(stack: LocalStack) -> None:
    said = stack.sightline("up", "--local").stdout

    status, _down = map(shlex.split, re.findall("`(.+?)`", said))
    ran = subprocess.run(
        status, env=dict(stack.environ), capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0
    assert ran.stdout.count("healthy") == 9


def test_up_says_where_alerts_arrive_and_how_a_service_joins(stack: LocalStack) -> None:
    said = stack.sightline("up", "--local").stdout

    assert f"alerts arrive at http://localhost:{stack.config.ports.control}\n" in said
    assert "read docs/how-to/adopt-a-service.md\n" in said


def test_amtool_finds_the_running_stack_from_a_shell_that_does_not_know_its_ports(
    stack: LocalStack,
) -> None:
    other_shell = {name: value for name, value in stack.environ.items() if "_PORT" not in name}

    asked = ("amtool", "alert", "query", "alertname=Watchdog")

    until(lambda: "Watchdog" in LocalStack(other_shell).sightline(*asked).stdout, within_seconds=60)
