"""Lowest package: failures, forks, patches, redaction, HTTP connections."""
