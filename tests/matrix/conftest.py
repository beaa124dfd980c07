"""Collector of the integration tests."""

from tests.integration.instrumentation.conftest import collector

__all__ = ["collector"]
