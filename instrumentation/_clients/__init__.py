"""Outgoing HTTP calls: spans, samples and headers of the caller's context."""
