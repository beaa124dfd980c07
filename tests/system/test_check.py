"""`sightline check` on a running stack."""

from tests.stacks import LocalStack
from tests.waiting import until


def test_every_panel_of_a_healthy_stack_has_data_or_says_why_not(stack: LocalStack) -> None:
    def checked() -> str:
        done = stack.sightline("check", "--within", "5")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    said = until(checked, within_seconds=120, every_seconds=2)

    assert said.startswith("12 dashboards, ")


def test_a_source_that_is_gone_is_named_for_each_panel_that_needs_it(stack: LocalStack) -> None:
    without = LocalStack({**stack.environ, "JAEGER_URL": "http://127.0.0.1:1"})

    done = without.sightline("check", "--within", "5")

    assert done.returncode == 1
    assert "fleet: Service map (nodeGraph)" in done.stdout
    assert "Jaeger at http://127.0.0.1:1 does not answer" in done.stdout
