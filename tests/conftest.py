"""Settings of every test run."""

import os
import signal

import hypothesis
import pytest


def pytest_configure() -> None:
    """Restore SIGINT, which background jobs of a shell ignore and some tests send.

    No example of Hypothesis has a deadline, because a busy machine is no failure.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    hypothesis.settings.register_profile("sightline", deadline=None)
    hypothesis.settings.load_profile("sightline")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail the run in CI if a test was skipped, because of a missing tool for example."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or os.environ.get("CI") != "true":
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped and exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} tests were skipped, which CI does not allow")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
