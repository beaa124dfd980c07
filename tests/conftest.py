"""What holds for every test."""

import os
import signal

import pytest


def pytest_configure() -> None:
    """Ctrl-C is among what is tested; a shell's background job would inherit it as ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a skipped test is a failed run: a missing tool must not look like success."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or os.environ.get("CI") != "true":
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped and exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} tests were skipped, which CI does not allow")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
