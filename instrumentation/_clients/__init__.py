"""Outgoing HTTP calls: CLIENT spans, duration samples and propagation headers."""
